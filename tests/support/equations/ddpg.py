"""Checks of the equations of chapter 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from gradschool.core.numerics import central_differences as slope
from gradschool.exercises.ddpg._setups import random_setup
from gradschool.exercises.ddpg.adapters import batch_of, net_of
from gradschool.rl.envs import two_state_mdp as two_state
from tests.support.equations.registry import NEAR, SAME, equation, reference


def cast(rng: np.random.Generator, A: int = 3) -> tuple[Any, ...]:
    """An actor, a critic, a batch, and the action's limits, none of them of size 1."""
    parts = random_setup(rng, 4, A)
    return (net_of(parts["actor"]), net_of(parts["critic"]), batch_of(parts["batch"]), parts["low"], parts["high"])


def squashed(z: Any, low: Any, high: Any) -> Any:
    return (low + high) / 2 + (high - low) / 2 * np.tanh(z)


def q_of(critic: Any, obs: Any, action: Any) -> Any:
    return critic(np.concatenate([obs, action], axis=1))[:, 0]


@equation(r"\arg\max_a Q(s,a) = \arg\min_a \big(-Q(s,a)\big).")
def _(rng):
    _, critic, batch, low, high = cast(rng, A=1)
    grid = np.linspace(low, high, 101)
    q = q_of(critic, np.tile(batch.obs[:1], (101, 1)), grid)
    assert np.argmax(q) == np.argmin(-q)


@equation(
    r"L(\theta) = -\frac1B\sum_{i=1}^{B} Q\big(s_i, \mu(s_i;\theta)\big),\qquad \nabla_\theta L = -\frac1B\sum_i "
    r"\underbrace{\frac{\partial \mu(s_i)}{\partial\theta}^{\!\top}}_{\text{the actor}}\;"
    r"\underbrace{\nabla_a Q(s_i,a)\big|_{a=\mu(s_i)}}_{\text{the upstream gradient}} ."
)
def _(rng):
    actor, critic, batch, low, high = cast(rng)
    B = len(batch.obs)

    def mu(theta: Any) -> Any:
        twin = actor.copy()
        twin.flat[:] = theta
        return squashed(twin(batch.obs), low, high)

    def J(theta: Any) -> float:
        return -float(np.sum(q_of(critic, batch.obs, mu(theta)))) / B

    theta = actor.flat.copy()
    dmu = slope(mu, theta)  # (B, A, n_theta)
    dq = slope(lambda a: np.sum(q_of(critic, batch.obs, a)), mu(theta))  # (B, A)
    product = -sum(dmu[i].T @ dq[i] for i in range(B)) / B
    assert_allclose(slope(J, theta), product, **NEAR)
    assert_allclose(reference("ddpg.action_gradient")(actor, critic, batch, low, high), dq, **NEAR)
    assert_allclose(reference("ddpg.actor_gradient_jacobian")(actor, batch, dq, low, high), product, **NEAR)
    assert_allclose(reference("ddpg.actor_gradient_vjp")(actor, batch, dq, low, high), product, **NEAR)


@equation(
    r"a = \frac{\text{low}+\text{high}}2 + \frac{\text{high}-\text{low}}2\tanh z,\qquad "
    r"\frac{\partial a}{\partial z} = \frac{\text{high}-\text{low}}2\,(1-\tanh^2 z)."
)
def _(rng):
    z, low, high = rng.normal(size=3), np.array([-2.0, 1.0, 0.0]), np.array([2.0, 3.0, 0.5])
    a, slopes = squashed(z, low, high), (high - low) / 2 * (1 - np.tanh(z) ** 2)
    assert_allclose(np.diag(slope(lambda z: squashed(z, low, high), z)), slopes, **NEAR)
    assert_allclose(reference("ddpg.squash")(z[None], low, high)[0], a, **SAME)
    assert_allclose(reference("ddpg.squash_vjp")(z[None], np.ones((1, 3)), low, high)[0], slopes, **SAME)


@equation(
    r"y = r + \gamma\,(1-\text{terminated})\;Q'\big(s', \mu'(s')\big),\qquad "
    r"L(\phi) = \frac1{2B}\sum_i\big(Q(s_i,a_i;\phi) - y_i\big)^2 ."
)
def _(rng):
    actor, critic, batch, low, high = cast(rng)
    own = squashed(actor(batch.next_obs), low, high)
    future = [
        0 if ended else 0.9 * q for ended, q in zip(batch.terminated, q_of(critic, batch.next_obs, own), strict=True)
    ]
    y = batch.reward + np.array(future)
    assert_allclose(reference("ddpg.critic_target")(batch, actor, critic, low, high, 0.9), y, **SAME)
    y = y / max(1.0, float(np.abs(y).max()))  # large targets would leave few digits to a difference quotient of L

    def L(phi: Any) -> float:
        twin = critic.copy()
        twin.flat[:] = phi
        return float(np.sum((q_of(twin, batch.obs, batch.action) - y) ** 2)) / (2 * len(y))

    assert_allclose(reference("ddpg.critic_gradient")(critic, batch, y), slope(L, critic.flat.copy()), **NEAR)


@equation(
    r"\nabla_p \leftarrow \nabla_p\cdot\begin{cases}(p_{\max}-p)/(p_{\max}-p_{\min}) & \text{if } \nabla_p "
    r"\text{ suggests to increase } p,\\ (p-p_{\min})/(p_{\max}-p_{\min}) & \text{otherwise.}\end{cases}"
)
def _(rng):
    low, high = np.array([-1.0, 0.0]), np.array([1.0, 4.0])
    p, grad = rng.uniform(low, high, size=(5, 2)), rng.normal(size=(5, 2))
    written = np.empty((5, 2))
    for i, k in np.ndindex(5, 2):
        room = (high[k] - p[i, k]) if grad[i, k] > 0 else (p[i, k] - low[k])
        written[i, k] = grad[i, k] * room / (high[k] - low[k])
    assert_allclose(reference("ddpg.invert_gradients")(grad, p, low, high), written, **SAME)


@equation(
    r"\nabla_\theta J = \sum_s \rho^\mu(s)\,\frac{\partial \mu(s)}{\partial\theta}^{\!\top}\nabla_a "
    r"Q^\mu(s,a)\big|_{a=\mu(s)} ."
)
def _(rng):
    theta, start = float(rng.uniform(-2, 2)), rng.dirichlet(np.ones(2))
    dq = slope(lambda a: float(np.sum(two_state.q_values(theta, a))), np.full(2, theta))  # Q(s, a_s) has its own a_s
    dmu = slope(lambda t: np.full(2, t[0]), np.array([theta]))[:, 0]
    summed = two_state.discounted_visits(theta, start) @ (dmu * dq)
    assert_allclose(return_slope(theta, start), summed, **NEAR)
    assert_allclose(two_state.frozen_critic_gradient(theta, two_state.discounted_visits(theta, start)), summed, **NEAR)


@equation(
    r"\nabla_\theta \sum_s d(s)\,V^\mu(s) = \sum_s d(s)\,\Big[\frac{\partial \mu(s)}{\partial\theta}^{\!\top}\nabla_a "
    r"Q^\mu(s,a)\big|_{a=\mu(s)} + \nabla_\theta\, Q^\mu(s,a)\big|_{a=\mu(s)}\Big] ,"
)
def _(rng):
    theta, d = float(rng.uniform(-2, 2)), rng.dirichlet(np.ones(2))
    own = np.full(2, theta)
    first = d @ slope(lambda a: float(np.sum(two_state.q_values(theta, a))), own)
    second = d @ slope(lambda t: two_state.q_values(float(t[0]), own), np.array([theta]))[:, 0]
    assert_allclose(return_slope(theta, d), first + second, **NEAR)
    assert_allclose(two_state.frozen_critic_gradient(theta, d), first, **NEAR)
    assert_allclose(two_state.dropped_term(theta, d), second, **NEAR)
    assert abs(second) > 0.01


def return_slope(theta: float, start: Any) -> float:
    return float(slope(lambda t: two_state.expected_return(float(t[0]), start), np.array([theta]))[0])
