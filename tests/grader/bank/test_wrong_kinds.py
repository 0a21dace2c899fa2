"""Kinds of wrong answers that once passed: they fail in the grader and in `check`, with one mark for every seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.bank.registry import find_entry
from grader.judging.examine import examine, verdict
from gradschool.check.api import check_here
from gradschool.core.calling import call_twice

Answer = Callable[..., Any]
BOUNDS = (1.0, 5.0, 10.0, 100.0, 1e6)


def at_taken(error_of: Callable[[np.ndarray], np.ndarray]) -> Answer:
    """dL/dq with the errors of the taken actions changed."""

    def answer(q: np.ndarray, action: np.ndarray, y: np.ndarray, *kappa: float) -> np.ndarray:
        rows, g = np.arange(len(action)), np.zeros_like(q)
        error = q[rows, action] - np.ravel(y)
        g[rows, action] = error_of(np.clip(error, -kappa[0], kappa[0]) if kappa else error) / len(action)
        return g

    return answer


def adam(theta: Any, grad: Any, m: Any, v: Any, t: Any, lr: Any, beta1: Any, beta2: Any, eps: Any) -> Any:
    m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def climb(change: Callable[[np.ndarray], np.ndarray]) -> Answer:
    """maximise with the slope changed."""

    def answer(gradients: Any, a: np.ndarray, phi: np.ndarray, lr: float, steps: int) -> Any:
        for _ in range(steps):
            a = a + lr * change(gradients(a, phi)[0])
        return a, phi

    return answer


def quotients(f: Any, x: np.ndarray, h: float) -> np.ndarray:
    moves = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in moves]).reshape(x.shape)


def dead_zone(g: np.ndarray) -> np.ndarray:
    return np.where(np.abs(g) < 1e-5, 0.0, g)


def first_of_each(ids: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(len(ids)), np.unique(ids, return_index=True)[1])


def tanh_by_exp(z: np.ndarray) -> np.ndarray:
    e = np.exp(2 * z)
    return (e - 1) / (e + 1)


def taken(q: np.ndarray, action: np.ndarray) -> np.ndarray:
    return q[np.arange(len(q)), action][:, None]


def limit_ends_alone(reward: Any, q_next: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
    over = terminated if terminated.any() else truncated
    return reward + gamma * ~over * q_next.max(axis=1)


ONE_SIDE = [("below", np.maximum, -c) for c in (5.0, 50.0, 100.0)] + [
    ("above", np.minimum, c) for c in (5.0, 50.0, 100.0)
]


def room_ahead(g: Any, a: Any, low: Any, high: Any, least: float = -np.inf, most: float = np.inf) -> np.ndarray:
    """invert_gradients with bounds of the factor."""
    return g * np.clip(np.where(g > 0, high - a, a - low) / (high - low), least, most)


def pessimist(new: Any, old: Any, advantage: Any, clip: float, stop: float = np.inf) -> np.ndarray:
    """ppo_gradient that is 0 everywhere once the mean log-ratio is beyond ``stop``."""
    r, mean = np.exp(new - old), (new - old).mean()
    flat = ((advantage > 0) & (r > 1 + clip)) | ((advantage < 0) & (r < 1 - clip))
    return np.where(flat | (np.sign(stop) * mean > np.abs(stop)), 0.0, -r * advantage / len(r))


def squashed(mu: Any, log_std: Any, eps: Any, dq_da: Any, alpha: float, softplus: Callable[[Any], Any]) -> Any:
    """sac_gradient with a softplus of its own."""
    u, constant = mu + np.exp(log_std) * eps, 0.5 * np.log(2 * np.pi)
    with np.errstate(over="ignore"):
        correction = 2 * (np.log(2) - u - softplus(-2 * u))
    slope = 2 * alpha * np.tanh(u) - dq_da * (1 - np.tanh(u) ** 2)
    log_prob = (-0.5 * eps**2 - log_std - constant - correction).sum(axis=1)
    return log_prob, slope, slope * np.exp(log_std) * eps - alpha


WRONG: list[tuple[str, str, Answer]] = [
    *(("chain.l2_gradient", f"clipped at {c:g}", lambda p, l, c=c: np.clip(p - l, -c, c)) for c in BOUNDS),
    *(("dqn.output_gradient", f"clipped at {c:g}", at_taken(lambda e, c=c: np.clip(e, -c, c))) for c in BOUNDS),
    *(("dqn.mend", f"clipped at {c:g}", at_taken(lambda e, c=c: np.clip(e, -c, c))) for c in BOUNDS),
    *(("chain.maximise", f"clipped at {c:g}", climb(lambda g, c=c: np.clip(g, -c, c))) for c in BOUNDS[:4]),
    *(
        (
            "chain.sgd_step",
            f"clipped at {c:g}",
            lambda ps, gs, lr, c=c: [p - lr * np.clip(g, -c, c) for p, g in zip(ps, gs, strict=True)],
        )
        for c in BOUNDS[:4]
    ),
    *(("chain.l2_gradient", f"never {w} {c:g}", lambda p, l, of=of, c=c: of(p - l, c)) for w, of, c in ONE_SIDE),
    *(("dqn.output_gradient", f"never {w} {c:g}", at_taken(lambda e, of=of, c=c: of(e, c))) for w, of, c in ONE_SIDE),
    *(("chain.relu_vjp", f"never {w} {c:g}", lambda z, g, of=of, c=c: of(g * (z > 0), c)) for w, of, c in ONE_SIDE),
    ("chain.l2_gradient", "one row for every label", lambda p, l: (p - l) * first_of_each(l)),
    ("chain.linear_jacobian", "weights of 0 left out", lambda W, b, x: np.kron(np.eye(len(W)), x) * (W.ravel() != 0)),
    ("chain.jacobian_product", "tiny slopes lost", lambda J, g: dead_zone(J).T @ g),
    ("chain.tanh_vjp", "NaN where exp overflows", lambda z, g: g * (1 - tanh_by_exp(z) ** 2)),
    (
        "chain.maximise",
        "never more than 20 steps",
        lambda f, a, phi, lr, n: climb(lambda g: g)(f, a, phi, lr, min(n, 20)),
    ),
    ("chain.adam_step", "not corrected after ten steps", lambda *x: adam(*x[:4], x[4] if x[4] < 10 else 10**6, *x[5:])),
    ("dqn.fit_targets", "every equal output replaced", lambda q, a, y: np.where(q == taken(q, a), y[:, None], q)),
    ("dqn.td_target", "truncated ends where nothing is terminated", limit_ends_alone),
    ("chain.l2_gradient", "tiny entries lost", lambda p, l: dead_zone(p - l)),
    ("chain.l2_gradient", "over the nonzero errors", lambda p, l: (p - l) * len(p) / max(1, np.count_nonzero(p - l))),
    (
        "chain.maximise",
        "closed form of the lesson's hill",
        lambda f, a, phi, lr, n: (phi + (1 - lr) ** n * (a - phi), phi),
    ),
    ("chain.maximise", "stops next to the top", climb(lambda g: g * (np.linalg.norm(g) > 1e-3))),
    ("chain.numerical_gradient", "cast to float32", lambda f, x, h: np.float32(quotients(f, x, h)).astype(float)),
    ("chain.numerical_gradient", "its own step", lambda f, x, h: quotients(f, x, 1e-5)),
    ("chain.relu_vjp", "open a little below 0", lambda z, g: g * (z > -1e-8)),
    ("chain.relu_vjp", "shut a little above 0", lambda z, g: g * (z > 1e-8)),
    ("chain.relu_vjp", "transposed where square", lambda z, g: g * ((z.T if z.shape == z.T.shape else z) > 0)),
    ("chain.tanh_vjp", "no three axes", lambda z, g: g * (1 - np.tanh(z) ** 2) if z.ndim < 3 else g),
    ("chain.adam_step", "vectors only", lambda *a: adam(*a) if a[0].ndim == 1 else (a[0] - a[5] * a[1], a[2], a[3])),
    ("chain.adam_step", "default eps", lambda *a: adam(*a[:8], 1e-8)),
    ("chain.adam_step", "default beta1", lambda *a: adam(*a[:6], 0.9, *a[7:])),
    ("chain.adam_step", "default beta2", lambda *a: adam(*a[:7], 0.999, a[8])),
    ("chain.adam_step", "default lr", lambda *a: adam(*a[:5], 1e-3, *a[6:])),
    ("dqn.one_hot", "as wide as the largest id", lambda s, n: np.eye(max(s) + 1)[s]),
    ("dqn.one_hot", "distinct states only", lambda s, n: np.eye(n)[np.unique(s)]),
    ("dqn.fit_gradient", "over the nonzero errors", lambda q, t: (q - t) / max(1, np.count_nonzero(q - t))),
    ("dqn.fit_gradient", "one error a row", lambda q, t: np.where(np.cumsum(q != t, axis=1) == 1, q - t, 0.0) / len(q)),
    ("dqn.huber_gradient", "over the nonzero errors", at_taken(lambda e: e * len(e) / max(1, np.count_nonzero(e)))),
    ("dqn.td_target", "starts at 0", lambda r, q, end, cut, gamma: r + gamma * ~end * q.max(axis=1, initial=0.0)),
    ("dqn.td_target", "gamma at most 0.99", lambda r, q, end, cut, gamma: r + min(gamma, 0.99) * ~end * q.max(axis=1)),
    ("ddpg.invert_gradients", "at least -1", lambda *a: room_ahead(*a, least=-1.0)),
    ("ddpg.invert_gradients", "at most 2", lambda *a: room_ahead(*a, most=2.0)),
    ("ddpg.actor_loss_direct", "Q at least -10", lambda mu, q, b: -q(b.obs, mu(b.obs)).clamp(min=-10.0).mean()),
    ("ddpg.actor_loss_direct", "Q at most 10", lambda mu, q, b: -q(b.obs, mu(b.obs)).clamp(max=10.0).mean()),
    ("next.ppo_gradient", "stops where all is unlikely", lambda new, old, *a: pessimist(new, old, *a, stop=-1.0)),
    ("next.ppo_gradient", "stops where all is likely", lambda new, old, *a: pessimist(new, old, *a, stop=1.0)),
    ("next.sac_gradient", "a softplus that overflows", lambda *a: squashed(*a, lambda x: np.log(1 + np.exp(x)))),
    ("dqn.epsilon_greedy", "explores at 0", lambda q, e, u, other: np.where(u <= e, other, q.argmax(axis=1))),
]


@pytest.mark.parametrize(("exercise_id", "kind", "answer"), WRONG, ids=[f"{e}: {kind}" for e, kind, _ in WRONG])
def test_it_fails_in_both_places_with_one_mark(exercise_id: str, kind: str, answer: Answer) -> None:
    entry = find_entry(exercise_id)
    reports = [verdict(entry, lambda args: call_twice(entry.exercise, answer, args), seed)[0] for seed in range(4)]
    assert not any(report.passed for report in reports)
    assert len({report.fraction for report in reports}) == 1
    assert not check_here(entry.exercise, answer).passed


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("dqn.output_gradient", at_taken(lambda e: e)),
        ("chain.maximise", climb(lambda g: g)),
        ("chain.adam_step", adam),
        ("chain.numerical_gradient", quotients),
        ("ddpg.invert_gradients", room_ahead),
        ("next.ppo_gradient", pessimist),
        ("next.sac_gradient", lambda *a: squashed(*a, lambda x: np.logaddexp(0, x))),
    ],
)
def test_without_the_fault_the_same_functions_pass(exercise_id: str, answer: Answer) -> None:
    entry = find_entry(exercise_id)
    assert examine(entry, lambda args: call_twice(entry.exercise, answer, args), 3).passed
    assert check_here(entry.exercise, answer).passed


def one_end_ends_all(reward: Any, q_next: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
    return reward + 0.0 if terminated.any() else reward + gamma * q_next.max(axis=1)


def unclipped(batch: Any, actor: Any, critics: Any, low: Any, high: Any, gamma: float, noise: Any, clip: Any) -> Any:
    own = low + (high - low) * (np.tanh(actor(batch.next_obs)) + 1) / 2
    x = np.hstack([batch.next_obs, np.clip(own + noise, low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(critic(x)[:, 0] for critic in critics))


def spread_over_actions(W: Any, state: Any, action: Any, reward: Any, next_state: Any, over: Any, gamma: float) -> Any:
    error = (W[state, action] - reward - gamma * ~over * W[next_state].max(axis=1)) / len(state)
    g = np.zeros_like(W)
    np.add.at(g, (state, action), error)
    np.add.at(g, next_state, (-gamma * ~over * error)[:, None] / W.shape[1])
    return g


def small_moves_lost(target: Any, online: Any, tau: float) -> Any:
    move = online - target
    return np.where(np.abs(move) < 0.01, target, target + tau * move)


def over_rows_with_a_slope(actor: Any, batch: Any, dq_da: Any, low: Any, high: Any) -> Any:
    z, cache = actor.forward(batch.obs)
    rows = max(1, np.count_nonzero(dq_da.any(axis=1)))
    return actor.vjp(cache, -dq_da / rows * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


def slope_at_tanh(z: Any, g: Any, low: Any, high: Any) -> Any:
    return g * (high - low) / 2 * (1 - np.tanh(np.tanh(z)) ** 2)


def values_within_100(batch: Any, actor: Any, critic: Any, low: Any, high: Any, gamma: float) -> Any:
    own = low + (high - low) * (np.tanh(actor(batch.next_obs)) + 1) / 2
    q = np.clip(critic(np.hstack([batch.next_obs, own]))[:, 0], -100, 100)
    return batch.reward + gamma * (1 - batch.terminated) * q


def sigma_for_its_square(x: Any, f: Any, slope: Any, mu: float, sigma: float) -> Any:
    e = (x - mu) / sigma
    score = np.stack([e, (e**2 - 1) / sigma], axis=1)
    return f[:, None] * score, np.stack([slope, slope * e], axis=1)


LARGEST = [0]


def over_the_largest_batch(q: np.ndarray, action: np.ndarray, y: np.ndarray) -> np.ndarray:
    LARGEST[0] = max(LARGEST[0], len(q))
    return at_taken(lambda e: e * len(q) / LARGEST[0])(q, action, y)


def nothing_at_zero_weights(W: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.kron(np.eye(len(W)), x) * (W.ravel() != 0)


def added_where_adjacent(state: np.ndarray, g: np.ndarray, n_states: int) -> np.ndarray:
    """A sum over repeats that are adjacent, and the last of all others."""
    found = np.zeros((n_states, g.shape[1]))
    for k, s in enumerate(state):
        found[s] = g[k] + (found[s] if k and s == state[k - 1] else 0.0)
    return found


def one_after_another(
    W: Any, target: Any, state: Any, action: Any, reward: Any, after: Any, over: Any, gamma: Any
) -> Any:
    """Each sample moves the weights that the next one sees."""
    moved = W.copy()
    for s, a, y in zip(state, action, reward + gamma * (1.0 - over) * target[after].max(axis=1), strict=True):
        moved[s, a] -= (moved[s, a] - y) / len(state)
    return W - moved


def own_target_at_a_wall(
    W: Any, target: Any, state: Any, action: Any, reward: Any, after: Any, over: Any, gamma: Any
) -> Any:
    best = np.where(after == state, W[after].max(axis=1), target[after].max(axis=1))
    g = np.zeros_like(W)
    np.add.at(g, (state, action), (W[state, action] - reward - gamma * (1.0 - over) * best) / len(state))
    return g


MARKED: dict[tuple[int, int], np.ndarray] = {}


def never_cleared(s: np.ndarray, n_states: int) -> np.ndarray:
    kept = MARKED.setdefault((len(s), n_states), np.zeros((len(s), n_states)))
    kept[np.arange(len(s)), s] = 1.0
    return kept


@pytest.mark.parametrize(
    ("exercise_id", "answer", "name", "never"),
    [
        (
            "dqn.td_target",
            one_end_ends_all,
            "rows-mixed",
            "what it is in row 0",
        ),  # row 0 is not always the one that ends
        ("ddpg.twin_target", unclipped, "noise-not-clipped", "twice as large"),  # some noise is beyond twice its clip
        ("dqn.residual_gradient", spread_over_actions, "rows-mixed", "(B, 1)"),  # one sample alone is wrong too
        ("dqn.one_hot", never_cleared, "kept-between-calls", "rows must not mix"),
        ("ddpg.polyak", small_moves_lost, "values", "first"),  # one parameter alone: the first and the last
        ("ddpg.actor_gradient_vjp", over_rows_with_a_slope, "too-large", "square"),
        ("ddpg.squash_vjp", slope_at_tanh, "otherwise", "exactly where"),  # z replaced by its tanh
        ("ddpg.critic_target", values_within_100, "right-without", "on most inputs"),  # only where Q is large
        ("next.two_estimators", sigma_for_its_square, "times-sigma", "`mu` is not 0"),  # there, sigma is 1
        ("dqn.output_gradient", over_the_largest_batch, "kept-between-calls", "entries"),
        ("chain.linear_jacobian", nothing_at_zero_weights, "without-W-zero", "m = n"),
        ("chain.jacobian_product", lambda J, g: dead_zone(J).T @ g, "zero", "m is 1"),
        ("chain.adam_step", lambda *x: adam(*x[:4], x[4] if x[4] < 10 else 10**6, *x[5:]), "otherwise", "axes"),
        ("dqn.weight_gradient", added_where_adjacent, "wrong-only-where-row-of-twice-state", "(B, 1)"),
        ("dqn.semi_gradient", one_after_another, "wrong-only-where-pair-twice", "B is not S"),
        ("dqn.semi_gradient", own_target_at_a_wall, "wrong-only-where-back-to-itself", "gamma"),
    ],
)
def test_what_only_these_inputs_suggest_is_not_said(exercise_id: str, answer: Answer, name: str, never: str) -> None:
    MARKED.clear()
    LARGEST[:] = [0]
    entry = find_entry(exercise_id)
    report = examine(entry, lambda args: call_twice(entry.exercise, answer, args), 7)
    assert report.mistake == name
    assert never not in report.hint
