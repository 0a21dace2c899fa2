"""What a whole update did is read from its weights, and said where one sentence is true of every update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.exercises._formulas import Rows
from gradschool.exercises._told import told_of_label, told_of_share, told_of_slope
from gradschool.exercises.dqn import agent

RIGHT = "y = r + gamma * (max of the target network unless terminated)"
DDPG_RIGHT = "y = r + gamma * (target networks at s' unless terminated)"


def dqn_with(**parts: Any) -> Any:
    """Return an update of DQN with some of its parts replaced."""

    def label(q: Any, target_q: Any, batch: Any, gamma: float) -> Any:
        return batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(1).values

    def loss(taken: Any, y: Any) -> Any:
        return (taken - y).square().mean()

    def copy(q: Any, target_q: Any) -> None:
        target_q.load_state_dict(q.state_dict())

    use = {
        "label": label,
        "loss": loss,
        "copy": copy,
        "clip": lambda q: None,
        "clear": lambda o: o.zero_grad(),
        **parts,
    }

    def update(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = use["label"](q, target_q, batch, gamma)
        use["clear"](optimizer)
        use["loss"](q(batch.obs).gather(1, batch.action[:, None])[:, 0], y).backward()
        use["clip"](q)
        optimizer.step()
        if copy_target:
            use["copy"](q, target_q)

    return update


def follow(q: Any, target_q: Any) -> None:
    with torch.no_grad():
        for t, p in zip(target_q.parameters(), q.parameters(), strict=True):
            t.lerp_(p, 0.005)


def future(target_q: Any, batch: Any) -> Any:
    return target_q(batch.next_obs).max(1).values


UPDATES = {
    "the rewards clipped": (
        {"label": lambda q, t, b, gamma: b.reward.clamp(-1, 1) + gamma * (1 - b.terminated) * future(t, b)},
        f"in `first_step` the label is y = (r clipped to [-1, 1]) + {RIGHT[8:]}, not {RIGHT}.",
    ),
    "all discounted": (
        {"label": lambda q, t, b, gamma: gamma * (b.reward + (1 - b.terminated) * future(t, b))},
        f"in `first_step` the label is y = gamma * r + {RIGHT[8:]}, not {RIGHT}.",
    ),
    "two faults at once": (
        {"label": lambda q, t, b, gamma: 0.1 * b.reward + gamma * (1 - b.truncated) * future(q, b)},
        f"the label is y = 0.1 * r + gamma * (max of the online network unless truncated), not {RIGHT}.",
    ),
    "a column of rewards": (
        {
            "label": lambda q, t, b, gamma: b.reward[:, None] + gamma * (1 - b.terminated) * future(t, b),
            "loss": lambda taken, y: (taken - y).square().mean(),
        },
        "the label is y = gamma * (max of the target network unless terminated) + the mean reward of the batch, not",
    ),
    "a norm that is clipped": (
        {"clip": lambda q: torch.nn.utils.clip_grad_norm_(q.parameters(), 0.5)},
        "in `first_step` the step is another multiple of Q - y in each batch, as where the norm of a gradient is",
    ),
    "scaled by 3": (
        {"loss": lambda taken, y: 3 * (taken - y).square().mean()},
        "in `first_step` the step is 6/B times Q - y, a factor that no mean or sum of squares has",
    ),
    "half a label, learned twice": (
        {"loss": lambda taken, y: (2 * taken - y).square().mean()},
        "in `first_step` the label is y = 0.5 * r + 0.5 gamma * (max of the target network unless terminated), not y",
    ),
    "climbing": (
        {"loss": lambda taken, y: -(taken - y).square().mean()},
        "in `first_step` the step is that of y - Q, which climbs the loss.",
    ),
    "never cleared": (
        {"clear": lambda optimizer: None},
        "`second_step` applies the first call's gradient once more: `.grad` is not cleared in time.",
    ),
    "a soft update": (
        {"copy": follow},
        "with `copy_target` True `target_q` moves 0.005 of the way to `q`, and should become `q` as the step leaves",
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_a_wrong_update_is_told_as_it_is_read(name: str) -> None:
    parts, sentence = UPDATES[name]
    report = check_here(find("dqn.agent"), dqn_with(**parts))
    assert report.mistake == "read"
    assert sentence in report.hint


def test_of_a_right_step_nothing_is_told_that_is_wrong_of_the_right_label() -> None:
    assert check_here(find("dqn.agent"), dqn_with()).passed
    for case in agent.cases(np.random.default_rng(0)):
        rows = agent.rows_of(case.args, "first")
        says = told_of_label(rows.asked / len(rows.q), rows, "first_step") or ()
        assert not any(f"the label is {RIGHT}" in s or "the step is" in s for s in says)


def test_a_second_call_with_another_step_size_is_not_told_to_have_a_wrong_factor() -> None:
    def halved(q: Any, target_q: Any, optimizer: Any, *rest: Any) -> None:
        dqn_with()(q, target_q, optimizer, *rest)
        for group in optimizer.param_groups:
            group["lr"] /= 2

    report = check_here(find("dqn.agent"), halved)
    assert not report.passed
    assert "no mean or sum" not in report.hint
    assert "another multiple" not in report.hint


def rows_without_ends(rng: np.random.Generator, B: int = 9) -> Rows:
    values = {"one": rng.normal(size=B), "two": rng.normal(size=B)}
    return Rows(np.eye(B), rng.normal(size=B), rng.normal(size=B), np.zeros(B), np.zeros(B), 0.8, values)


def test_what_a_batch_does_not_show_is_left_open() -> None:
    """Where no episode ends every mask may have been there, and where one row is all there is, every label."""
    rng = np.random.default_rng(1)
    rows = rows_without_ends(rng)
    says = told_of_label((rows.q - rows.reward - 0.8 * rows.values["two"]) / 9, rows, "p")
    assert says is not None
    assert all(any(f"(two {mask})" in s for s in says) for mask in ("unless terminated", "in every row"))
    assert not any("(one " in s.split(", not")[0] for s in says)
    assert told_of_label(np.ones(1), rows_without_ends(rng, 1), "p") is None


def test_a_share_and_a_slope_are_told_in_every_way_that_fits() -> None:
    assert told_of_share(0.19, 0.1) == ("moves tau of the way twice", "moves 0.19 of the way, not tau")
    assert told_of_share(1.0, 1.0)[:2] == ("becomes a copy of its network", "moves tau of the way twice")
    assert told_of_share(None, 0.1) == ()
    x = np.random.default_rng(2).normal(size=(6, 2))
    says = told_of_slope(x / 12, [("the slope", x), ("another", x**2)], 2, 6, "actor_step")
    assert says is not None
    assert says[0] == "`actor_step` follows 1/A of the slope, not the slope"
    assert told_of_slope(x / 6, [("the slope", x)], 2, 6, "a") is not None
    assert not any(s.startswith("`a` follows the slope") for s in told_of_slope(x / 6, [("the slope", x)], 2, 6, "a"))


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (lambda taken, y: (taken - y).mean() ** 2, "Each row has the same gradient, as where errors are averaged"),
        (lambda taken, y: (taken - y).abs().mean(), "Each row's gradient has one size, and only signs differ"),
        (lambda taken, y: (taken - y).pow(4).mean(), "and the two networks."),
    ],
)
def test_what_is_odd_about_a_gradient_of_no_known_formula_is_said(loss: Any, says: str) -> None:
    report = check_here(find("dqn.agent"), dqn_with(loss=loss))
    assert report.mistake == "unusable"
    assert says in report.hint
