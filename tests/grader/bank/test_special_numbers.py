"""Wrong answers that show at special numbers alone: a 0 among the inputs, one sample twice, a step that leads back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.bank.entry import Variant
from grader.bank.registry import find_entry
from grader.judging.examine import verdict
from gradschool.check.api import check_here
from gradschool.core.calling import call_twice

Array = np.ndarray
Answer = Callable[..., Any]


def series_near_zero(z: Array, g: Array) -> Array:
    return np.where(np.abs(z) < 0.1, g * (1 - z**2), g / np.cosh(z) ** 2)


def zero_for_none(q: Array, action: Array, y: Array) -> Array:
    """Where a table of targets was never written to, it holds 0; so it does where the target is 0."""
    targets = np.zeros_like(q)
    targets[np.arange(len(q)), action] = y
    return np.where(targets == 0, q, targets)


def lazy(*given: Any) -> Any:
    """Adam that leaves alone what has no gradient now."""
    theta, grad, m, v, t, lr, beta1, beta2, eps = given
    on = grad != 0
    m, v = np.where(on, beta1 * m + (1 - beta1) * grad, m), np.where(on, beta2 * v + (1 - beta2) * grad**2, v)
    step = lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return np.where(on, theta - step, theta), m, v


def each_row_once(state: Array, g: Array, n_states: int) -> Array:
    out = np.zeros((n_states, g.shape[1]))
    rows = np.unique(np.column_stack([state, g]), axis=0)
    np.add.at(out, rows[:, 0].astype(int), rows[:, 1:])
    return out


def each_sample_once(W: Array, W_target: Array, *batch: Any) -> Array:
    *rows, gamma = batch
    known = {tuple(float(x[k]) for x in rows): k for k in range(len(rows[0]))}
    state, action, reward, after, over = (x[sorted(known.values())] for x in rows)
    y = reward + gamma * (1.0 - over) * W_target[after].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(rows[0]))
    return grad


def shrunk_before_it_is_read(
    Q: Array, state: int, action: int, reward: float, next_state: int, terminated: bool, alpha: float, gamma: float
) -> Array:
    new = Q.copy()
    new[state, action] *= 1 - alpha
    new[state, action] += alpha * (reward + gamma * (not terminated) * new[next_state].max())
    return new


SPECIAL: dict[str, tuple[str, Answer]] = {
    "no bias, no gradient": (
        "chain.linear_vjp",
        lambda W, b, x, g: (np.outer(g, x), np.where(b != 0, g, 0.0), W.T @ g),
    ),
    "no prediction, no error": ("chain.l2_gradient", lambda p, l: np.where(p == 0, 0.0, p - l)),
    "no label, no error": ("chain.batch_mean_gradient", lambda p, l: (p - l[:, None]) * (l[:, None] != 0) / len(l)),
    "a series near 0": ("chain.tanh_vjp", series_near_zero),
    "no gradient, no step": ("chain.adam_step", lazy),
    "a target of 0": ("dqn.fit_targets", zero_for_none),
    "no reward, no future": (
        "dqn.td_target",
        lambda r, q, over, cut, gamma: r + gamma * (1.0 - over) * (r != 0) * q.max(axis=1),
    ),
    "a repeated row once": ("dqn.weight_gradient", each_row_once),
    "a repeated sample once": ("dqn.semi_gradient", each_sample_once),
    "a best action that leads back": ("dqn.tabular_step", shrunk_before_it_is_read),
    "a parameter of 0 stays": (
        "ddpg.polyak",
        lambda target, online, tau: np.where(target == 0, target, target + tau * (online - target)),
    ),
}


def judged(exercise_id: str, answer: Answer, seed: int) -> tuple[float, bool]:
    """The share that an answer earns from the judge, and whether `check` passes it."""
    entry = find_entry(exercise_id)
    report, _, _ = verdict(entry, lambda args: call_twice(entry.exercise, answer, args), seed)
    return report.fraction, check_here(entry.exercise, answer).passed


@pytest.mark.parametrize("what", SPECIAL)
def test_what_is_wrong_at_special_numbers_alone_fails(what: str) -> None:
    marks = {judged(*SPECIAL[what], seed) for seed in range(3)}
    ((share, passed),) = marks  # the same for every seed
    assert 0 < share < 1
    assert not passed


ACTS = {
    "lab.taxi_dqn": (("return int(self.q_net(obs).argmax())", "return int(self.q_net(obs).argmin())"),),
    "lab.cartpole_dqn": (
        ("torch.rand(()) < epsilon", "torch.rand(()) >= epsilon"),
        ("torch.rand(()) < epsilon", "False"),
        ("torch.randint(len(q), ())", "torch.randint(len(q) + 1, ())"),
    ),
    "lab.pendulum_ddpg": ((".clamp(-2.0, 2.0)", ""), ("noise * torch", "0.1 * torch")),
}


@pytest.mark.parametrize(
    ("exercise_id", "old", "new"), [(name, *change) for name, changes in ACTS.items() for change in changes]
)
def test_an_agent_whose_act_was_spoiled_loses_what_leaving_things_alone_earns(
    exercise_id: str, old: str, new: str
) -> None:
    entry = find_entry(exercise_id)
    text = Variant("", entry.reference, "").source
    assert text.count(old) == 1
    spoiled = Variant("spoiled", text.replace(old, new), entry.reference.__name__).fresh()
    assert judged(exercise_id, spoiled, 3) == (0.9, False)
    hint = check_here(entry.exercise, spoiled).hint
    assert hint.startswith("`act` was right in the file and is not any more: ")


def test_an_agent_without_an_act_is_not_asked_for_one() -> None:
    entry = find_entry("lab.taxi_dqn")
    text = Variant("", entry.reference, "").source
    without = text.replace("def act(", "def choose(")
    assert judged("lab.taxi_dqn", Variant("", without, entry.reference.__name__).fresh(), 3) == (1.0, True)
