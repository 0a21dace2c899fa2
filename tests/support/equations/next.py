"""Checks of the equations of chapter 5."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.testing import assert_allclose

from gradschool.core.numerics import central_differences as slope
from tests.support.equations.registry import NEAR, SAME, equation, reference

# Gauss and Hermite's nodes: the mean over a Gaussian of any polynomial up to degree 79, exact but for rounding.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def f(x: Any) -> Any:
    return -((x - 2) ** 2) + 0.1 * x**3


def df(x: Any) -> Any:
    return -2 * (x - 2) + 0.3 * x**2


def mean_over(values: np.ndarray) -> np.ndarray:
    return np.tensordot(WEIGHTS, values, axes=1)


def gaussian(rng: np.random.Generator) -> tuple[float, float]:
    return rng.normal(), rng.uniform(0.5, 1.5)


def log_normal(x: Any, mu: Any, sigma: Any) -> Any:
    x, mu, sigma = (torch.as_tensor(one, dtype=torch.float64) for one in (x, mu, sigma))
    return torch.distributions.Normal(mu, sigma).log_prob(x).numpy()


@equation(r"J(\theta) = \mathbb E_{x\sim p_\theta}\big[f(x)\big] .")
def _(rng):
    # the text: for f = -(x - 2)^2, J = -(mu - 2)^2 - sigma^2, whose gradient at (0, 1) is (4, -2)
    mu, sigma = gaussian(rng)
    assert_allclose(mean_over(-((mu + sigma * NODES - 2) ** 2)), -((mu - 2) ** 2) - sigma**2, **SAME)
    assert_allclose(slope(lambda p: -((p[0] - 2) ** 2) - p[1] ** 2, np.array([0.0, 1.0])), [4, -2], **NEAR)
    x = NODES
    score, path = reference("next.two_estimators")(x, -((x - 2) ** 2), -2 * (x - 2), 0.0, 1.0)
    for estimates, variance in ((score, 87), (path, 4)):  # the text's variances in mu
        assert_allclose(mean_over(estimates), [4, -2], **SAME)
        assert_allclose(mean_over(estimates[:, 0] ** 2) - 16, variance, **SAME)


def slope_of_the_mean(mu: float, sigma: float) -> np.ndarray:
    return slope(lambda p: float(mean_over(f(p[0] + p[1] * NODES))), np.array([mu, sigma]))


@equation(
    r"\nabla_\theta\, \mathbb E_{x\sim p_\theta}\big[f(x)\big] = "
    r"\mathbb E_{x\sim p_\theta}\big[f(x)\,\nabla_\theta\log p_\theta(x)\big] ."
)
def _(rng):
    mu, sigma = gaussian(rng)
    x = mu + sigma * NODES
    score = slope(lambda p: log_normal(x, p[0], p[1]), np.array([mu, sigma]))
    assert_allclose(mean_over(f(x)[:, None] * score), slope_of_the_mean(mu, sigma), rtol=1e-5, atol=1e-6)
    graded = reference("next.two_estimators")(x, f(x), df(x), mu, sigma)[0]
    assert_allclose(mean_over(graded), slope_of_the_mean(mu, sigma), rtol=1e-5, atol=1e-6)


@equation(
    r"\nabla_\theta\, \mathbb E_{\varepsilon}\big[f(\mu+\sigma\varepsilon)\big] = "
    r"\mathbb E_{\varepsilon}\big[f'(x)\,\nabla_\theta\,(\mu+\sigma\varepsilon)\big], \qquad \theta = (\mu, \sigma) ."
)
def _(rng):
    mu, sigma = gaussian(rng)
    x = mu + sigma * NODES
    moved = slope(lambda p: p[0] + p[1] * NODES, np.array([mu, sigma]))
    assert_allclose(mean_over(df(x)[:, None] * moved), slope_of_the_mean(mu, sigma), rtol=1e-5, atol=1e-6)
    graded = reference("next.two_estimators")(x, f(x), df(x), mu, sigma)[1]
    assert_allclose(mean_over(graded), slope_of_the_mean(mu, sigma), rtol=1e-5, atol=1e-6)


@equation(r"\log\mathcal N(x;\mu,\sigma) = -\frac{(x-\mu)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi .")
def _(rng):
    (mu, sigma), x = gaussian(rng), rng.normal(size=5)
    written = -((x - mu) ** 2) / (2 * sigma**2) - np.log(sigma) - 0.5 * np.log(2 * np.pi)
    assert_allclose(written, log_normal(x, mu, sigma), **SAME)


def policy(rng: np.random.Generator) -> dict[str, Any]:
    names = ("mu", "log_std", "eps", "dq_da")
    return {**dict(zip(names, rng.uniform(-1, 1, size=(4, 3, 2)), strict=True)), "alpha": 0.3}


def squashed(p: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The action, and its log-probability by torch's own squashed Gaussian."""
    base = torch.distributions.Normal(torch.tensor(p["mu"]), torch.tensor(np.exp(p["log_std"])))
    tanh = torch.distributions.TransformedDistribution(base, [torch.distributions.TanhTransform(cache_size=1)])
    a = np.tanh(p["mu"] + np.exp(p["log_std"]) * p["eps"])
    return a, tanh.log_prob(torch.tensor(a)).sum(dim=1).numpy()


@equation(r"J_\pi = \mathbb E\big[\alpha\log\pi(a|s) - Q(s,a)\big], \qquad a = \tanh(\mu+\sigma\varepsilon) .")
def _(rng):
    p = policy(rng)

    def loss(**moved: np.ndarray) -> float:
        a, log_prob = squashed({**p, **moved})
        return float(p["alpha"] * log_prob.sum() - (p["dq_da"] * a).sum())

    _, grad_mu, grad_log_std = reference("next.sac_gradient")(**p)
    assert_allclose(slope(lambda mu: loss(mu=mu), p["mu"]), grad_mu, rtol=1e-5, atol=1e-6)
    assert_allclose(slope(lambda s: loss(log_std=s), p["log_std"]), grad_log_std, rtol=1e-5, atol=1e-6)


@equation(r"\log\pi(a|s) = \sum_i \Big[\log\mathcal N(u_i;\mu_i,\sigma_i) - \log\big(1-\tanh^2 u_i\big)\Big] .")
def _(rng):
    p = policy(rng)
    sigma = np.exp(p["log_std"])
    u = p["mu"] + sigma * p["eps"]
    written = (log_normal(u, p["mu"], sigma) - np.log(1 - np.tanh(u) ** 2)).sum(axis=1)
    assert_allclose(squashed(p)[1], written, rtol=1e-9)
    assert_allclose(reference("next.sac_gradient")(**p)[0], written, rtol=1e-9)


@equation(
    r"\log\big(1-\tanh^2 u\big) = 2\big(\log 2 - u - \operatorname{softplus}(-2u)\big), "
    r"\qquad \operatorname{softplus}(x) = \log(1+e^x) ."
)
def _(rng):
    u = np.append(rng.normal(size=5), [4.0, -4.0])
    assert_allclose(2 * (np.log(2) - u - np.log(1 + np.exp(-2 * u))), np.log(1 - np.tanh(u) ** 2), rtol=1e-9)
    # the text: at 20 minus infinity, about -38.6 and, with the constant, -13.8
    assert 1 - np.tanh(20.0) ** 2 == 0
    assert_allclose(2 * (np.log(2) - 20 - np.log1p(np.exp(-40))), -38.6, atol=0.05)
    assert_allclose(np.log(1e-6), -13.8, atol=0.05)


@equation(
    r"L = -\frac1B\sum_i \min\big(r_i A_i,\ \operatorname{clip}(r_i, 1-c, 1+c)\,A_i\big), \qquad "
    r"r_i = \exp\big(\log\pi(a_i|s_i) - \log\pi_{\text{old}}(a_i|s_i)\big) ."
)
def _(rng):
    r, A, c = np.exp(rng.uniform(-0.8, 0.8, 12)), rng.normal(size=12), 0.2
    old = rng.normal(size=12)

    def loss(new: np.ndarray) -> float:
        ratio = np.exp(new - old)
        rows = [min(r * a, min(max(r, 1 - c), 1 + c) * a) for r, a in zip(ratio, A, strict=True)]
        return -sum(rows) / len(rows)

    new = old + np.log(r)
    graded = reference("next.ppo_gradient")(new, old, A, c)
    assert_allclose(slope(loss, new), graded, rtol=1e-5, atol=1e-6)
    assert 0 < np.sum(graded == 0) < 12
    assert_allclose(reference("next.ppo_gradient")(old, old, A, c), -A / 12, **SAME)  # the text: the first step


@equation(
    r"L_{\text{critic}} = \frac1B\sum_i \big(Q_1(s_i,a_i)-y_i\big)^2 + \frac1B\sum_i \big(Q_2(s_i,a_i)-y_i\big)^2, "
    r"\qquad L_{\text{actor}} = -\frac1B\sum_i Q_1\big(s_i,\mu(s_i)\big) ."
)
def _(rng):
    from gradschool.lessons.figures.flow_next import td3_nets

    nets, batch, y = td3_nets(int(rng.integers(1000)))
    critic_loss, actor_loss = reference("next.td3_losses")(*nets.values(), batch, y)
    rows = range(len(y))

    def q(name: str, i: int, action: Any) -> float:
        return nets[name](batch.obs[i : i + 1], action).item()

    errors = [q(name, i, batch.action[i : i + 1]) - float(y[i]) for name in ("critic_1", "critic_2") for i in rows]
    assert_allclose(critic_loss.item(), sum(e * e for e in errors) / len(y), **SAME)
    own = [q("critic_1", i, nets["actor"](batch.obs[i : i + 1])) for i in rows]
    assert_allclose(actor_loss.item(), -sum(own) / len(y), **SAME)
