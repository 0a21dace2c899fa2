"""Slopes that must be held constant, squashes, soft updates and steps of other kinds: each is told by what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.rl.nets.mlp import MLP

Array = np.ndarray
NOT_HELD = "with dQ/da not held constant"


def said(exercise: str, answer: Any) -> str:
    """Return what `check` says of an answer."""
    return check_here(find(exercise), answer).hint


def with_its_slope(actor: Any, critic: Any, batch: Any, more: float = 1.0) -> Any:
    """The surrogate loss in which a share of dQ/da is differentiated as well."""
    action = actor(batch.obs)
    (slope,) = torch.autograd.grad(critic(batch.obs, action).sum(), action, create_graph=True)
    return -((more * slope + (1 - more) * slope.detach()) * action).sum(1).mean()


def surrogate(actor: Any, critic: Any, batch: Any) -> Any:
    for p in critic.parameters():
        p.requires_grad_(False)
    loss = with_its_slope(actor, critic, batch)
    for p in critic.parameters():
        p.requires_grad_(True)
    return loss


def grad_outputs(actor: Any, critic: Any, batch: Any) -> Any:
    return torch.autograd.grad(with_its_slope(actor, critic, batch), tuple(actor.parameters()))


def step(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
    optimizer.zero_grad()
    with_its_slope(actor, critic, batch).backward(inputs=list(actor.parameters()))
    optimizer.step()


def losses(actor: Any, critic_1: Any, critic_2: Any, batch: Any, y: Any) -> Any:
    of_critics = sum(((q(batch.obs, batch.action) - y) ** 2).mean() for q in (critic_1, critic_2))
    loss, value = with_its_slope(actor, critic_1, batch), critic_1(batch.obs, actor(batch.obs)).mean()
    return of_critics, loss - loss.detach() - value.detach()


class Pendulum:
    """The lab's agent, with a slope that is differentiated as well."""

    def __init__(self, actor: Any, critic: Any, optimizer: Any = torch.optim.Adam, lr: Any = 3e-3, gamma: Any = 0.97, tau: Any = 0.01) -> None:  # fmt: skip # noqa: E501
        self.actor, self.target_actor = actor(), actor()
        self.critic, self.target_critic = critic(), critic()
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.optimizers = [optimizer(net.parameters(), lr=lr) for net in (self.actor, self.critic)]
        self.gamma, self.tau = gamma, tau

    @torch.no_grad()
    def act(self, obs: Any, noise: float = 0.0) -> Any:
        action = self.actor(obs)
        return (action + noise * torch.randn_like(action)).clamp(-2.0, 2.0)

    def learn(self, batch: Any) -> None:
        self.learn_critic(*batch)
        self.learn_actor(*batch[:2])
        for name in ("actor", "critic"):
            nets = getattr(self, name), getattr(self, f"target_{name}")
            with torch.no_grad():
                for p, target in zip(*(net.parameters() for net in nets), strict=True):
                    target.lerp_(p, self.tau)

    def learn_critic(self, obs: Any, action: Any, reward: Any, next_obs: Any, done: Any) -> None:
        with torch.no_grad():
            y = reward + self.gamma * (1 - done) * self.target_critic(next_obs, self.target_actor(next_obs))
        self._step(1, 0.5 * (self.critic(obs, action) - y).pow(2).mean())

    def learn_actor(self, obs: Any, action: Any) -> None:
        own = self.actor(obs)
        (slope,) = torch.autograd.grad(self.critic(obs, own).mean(), own, create_graph=True)
        self._step(0, -(slope * own).sum())

    def _step(self, which: int, loss: Any) -> None:
        self.optimizers[which].zero_grad()
        loss.backward()
        self.optimizers[which].step()


SLOPES = {
    "ddpg.actor_loss_surrogate": surrogate,
    "ddpg.actor_grad_outputs": grad_outputs,
    "ddpg.actor_step": step,
    "next.td3_losses": losses,
    "lab.pendulum_ddpg": Pendulum,
}


@pytest.mark.parametrize("exercise", SLOPES)
def test_a_slope_that_is_differentiated_as_well_fails_and_is_told(exercise: str) -> None:
    assert NOT_HELD in said(exercise, SLOPES[exercise])


def test_where_q_is_curved_is_no_matter_of_sizes() -> None:
    def half(actor: Any, critic: Any, batch: Any) -> Any:
        return with_its_slope(actor, critic, batch, 0.3)

    found = said("ddpg.actor_loss_surrogate", half)
    assert "is right except where Q is curved in the action" in found
    assert "A is" not in found


def squashed(z: Array, low: Array, high: Array) -> Array:
    return (low + high) / 2 + (high - low) / 2 * np.tanh(z)


def target_at(of: Callable[..., Array]) -> Callable[..., Array]:
    """critic_target with another action at s'."""

    def answer(batch: Any, actor: MLP, critic: MLP, low: Array, high: Array, gamma: float) -> Array:
        x = np.hstack([batch.next_obs, of(actor(batch.next_obs), low, high)])
        return np.asarray(batch.reward + gamma * (1 - batch.terminated) * critic(x)[:, 0])

    return answer


def nearer(batch: Any, actor: MLP, critics: Any, low: Array, high: Array, gamma: float, noise: Any, most: Any) -> Any:
    action = np.clip(squashed(actor(batch.next_obs), low, high) + np.clip(noise, -most, most), low, high)
    one, two = (q(np.hstack([batch.next_obs, action]))[:, 0] for q in critics)
    return batch.reward + gamma * (1 - batch.terminated) * np.where(np.abs(one) < np.abs(two), one, two)


def climb_until(least: float) -> Callable[..., Any]:
    def answer(gradients: Any, a: Array, phi: Array, lr: float, steps: int) -> Any:
        for _ in range(steps):
            slope = gradients(a, phi)[0]
            a = a + lr * slope * (np.linalg.norm(slope) >= least)
        return a, phi

    return answer


def sac(small: float = 0.0, low: float = -np.inf, high: float = np.inf, twice: float = 0.0) -> Callable[..., Any]:
    """sac_gradient with a constant in the logarithm, bounds of log_std, or the Gaussian's slope by one path."""

    def answer(mu: Array, log_std: Array, eps: Array, dq_da: Array, alpha: float) -> Any:
        sigma = np.exp(np.clip(log_std, low, high))
        u = mu + sigma * eps
        exact = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
        squash = np.log(1 - np.tanh(u) ** 2 + small) if small else exact
        log_prob = (-0.5 * eps**2 - np.log(sigma) - 0.5 * np.log(2 * np.pi) - squash).sum(axis=1)
        at_u = alpha * (2 * np.tanh(u) + twice * eps / sigma) - dq_da * (1 - np.tanh(u) ** 2)
        return log_prob, at_u, at_u * sigma * eps - alpha

    return answer


def by_shape(params: Any, grads: Any, lr: float) -> Any:
    last = {g.shape: g for g in grads}
    return [p - lr * last[p.shape] for p in params]


def from_the_end(params: Any, grads: Any, lr: float) -> Any:
    back = list(grads)[::-1] if [g.shape for g in grads] == [g.shape for g in grads][::-1] else grads
    return [p - lr * g for p, g in zip(params, back, strict=True)]


def stepped(change: Callable[..., float]) -> Callable[..., Array]:
    """tabular_step with another new entry, from Q and the arguments."""

    def answer(Q: Array, s: int, a: int, r: float, s2: int, over: bool, alpha: float, gamma: float) -> Array:
        new = Q.copy()
        new[s, a] = change(Q, s, a, r, s2, gamma * (not over), alpha)
        return new

    return answer


def unclipped_below(q: Array, action: Array, y: Array, kappa: float) -> Array:
    g, rows = np.zeros_like(q), np.arange(len(q))
    g[rows, action] = np.minimum(q[rows, action] - y, kappa) / len(q)
    return g


def own_greedy_left_out(q: Array, action: Array, y: Array) -> Array:
    g, rows = np.zeros_like(q), np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / len(q) * (q.argmax(axis=1) != action)
    return g


def steps_back_left_out(W: Array, s: Array, a: Array, r: Array, s2: Array, over: Array, gamma: float) -> Array:
    best, left = W[s2].argmax(axis=1), gamma * (1 - over)
    error = (W[s, a] - r - left * W[s2, best]) / len(s)
    g = np.zeros_like(W)
    np.add.at(g, (s, a), error)
    np.add.at(g, (s2, best), -left * error * (s != s2))
    return g


def value_and_slope(through: Callable[..., Array]) -> Callable[..., Array]:
    """action_gradient with something else made of the slope in the critic's whole input."""

    def answer(actor: MLP, critic: MLP, batch: Any, low: Array, high: Array) -> Array:
        z = actor(batch.obs)
        q, cache = critic.forward(np.hstack([batch.obs, squashed(z, low, high)]))
        return through(critic.input_vjp(cache, np.ones_like(q)), z, low, high)

    return answer


TOLD: dict[str, tuple[str, Any, str]] = {
    "1 - a^2": (
        "ddpg.squash_vjp",
        lambda z, g, low, high: g * (high - low) / 2 * (1 - squashed(z, low, high) ** 2),
        "with 1 - a^2, where a is the action, instead of the slope of tanh",
    ),
    "the slope at the action": (
        "ddpg.squash_vjp",
        lambda z, g, low, high: g * (high - low) / 2 * (1 - np.tanh(squashed(z, low, high)) ** 2),
        "with the slope of the squash at the action, not at z",
    ),
    "the middle in the slope": (
        "ddpg.squash_vjp",
        lambda z, g, low, high: g * ((high - low) / 2 * (1 - np.tanh(z) ** 2) + (high + low) / 2),
        "with the middle of the range added to the slope",
    ),
    "cut off, not squashed": ("ddpg.critic_target", target_at(np.clip), "cut off at the range instead of squashed"),
    "not squashed": ("ddpg.critic_target", target_at(lambda z, low, high: z), "as it is, not squashed"),
    "squashed twice": (
        "ddpg.critic_target",
        target_at(lambda z, low, high: squashed(squashed(z, low, high), low, high)),
        "squash of an action that is squashed already",
    ),
    "the estimate closer to 0": ("ddpg.twin_target", nearer, "with the estimate that is closer to 0"),
    "tau in float32": ("ddpg.polyak", lambda t, o, tau: t + np.float32(tau) * (o - t), "`tau` were rounded to float32"),
    "the slope in s": (
        "ddpg.action_gradient",
        value_and_slope(lambda g, z, low, high: g[:, : z.shape[1]]),
        "first col",
    ),
    "through tanh": (
        "ddpg.action_gradient",
        value_and_slope(lambda g, z, low, high: g[:, -z.shape[1] :] * (1 - np.tanh(z) ** 2)),
        "sent back through tanh too",
    ),
    "Q at clipped actions": (
        "ddpg.actor_loss_direct",
        lambda actor, critic, batch: -critic(batch.obs, actor(batch.obs).clamp(-1, 1)).mean(),
        "at the actor's actions cut off at -1 and 1",
    ),
    "a climb to a slope of 0.1": ("chain.maximise", climb_until(0.1), "shorter than 0.1."),
    "a climb to a slope of 0.01": ("chain.maximise", climb_until(0.01), "shorter than 0.01."),
    "a climb to a slope of 0.001": ("chain.maximise", climb_until(1e-3), "shorter than 0.001."),
    "a constant in the logarithm": ("next.sac_gradient", sac(small=1e-6), "with log(1 - tanh(u)^2 + 1e-6)"),
    "a log_std within bounds": ("next.sac_gradient", sac(low=-5, high=2), "clipped to between -5 and 2"),
    "a log_std within wide bounds": ("next.sac_gradient", sac(low=-20, high=2), "clipped to between -20 and 2"),
    "the Gaussian's slope in u alone": ("next.sac_gradient", sac(twice=-1.0), "slope in u, -eps / sigma, were counted"),
    "the last gradient of a shape": ("chain.sgd_step", by_shape, "the last of all gradients of its shape"),
    "gradients from the end": ("chain.sgd_step", from_the_end, "in reverse order, where the shapes allow it"),
    "the same action next": (
        "dqn.tabular_step",
        stepped(lambda Q, s, a, r, s2, gamma, alpha: (1 - alpha) * Q[s, a] + alpha * (r + gamma * Q[s2, a])),
        "the Q of `next_state` and `action`",
    ),
    "Q not taken away": (
        "dqn.tabular_step",
        stepped(lambda Q, s, a, r, s2, gamma, alpha: Q[s, a] + alpha * (r + gamma * Q[s2].max())),
        "alpha times Q not taken away",
    ),
    "cut on one side": ("dqn.huber_gradient", unclipped_below, "if no error were cut"),
    "greedy actions left out": ("dqn.output_gradient", own_greedy_left_out, "`action` is the one with the largest `q`"),
    "steps back left out": ("dqn.residual_gradient", steps_back_left_out, "`next_state` that is the row's own `state`"),
}


@pytest.mark.parametrize("what", TOLD)
def test_what_it_would_be_is_told(what: str) -> None:
    exercise, answer, says = TOLD[what]
    assert says in said(exercise, answer)


def test_a_right_part_that_is_an_input_earns_nothing_in_check_either() -> None:
    """What a complex step measures differs from the input in its last digit."""

    def of_the_output(W: Array, b: Array, x: Array, g: Array) -> Any:
        p = W @ x + b
        return np.outer(p, x), g.copy(), W.T @ p

    report = check_here(find("chain.linear_vjp"), of_the_output)
    assert report.fraction == pytest.approx(2 / 30, abs=1e-5)
