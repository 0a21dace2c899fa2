"""What chapter 2's prose claims, measured: its numbers, its predictions, its minutes, and hints that are no code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.rl.dqn.hidden_layer import HiddenNet, held_out
from gradschool.rl.envs import small_mdp, taxi
from tests.support.lesson_cells import cells_of, names_of

SOURCE = Path(__file__).parents[2] / "solutions" / "02-dqn-on-taxi" / "dqn_on_taxi.md"
TEXT = SOURCE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    return SimpleNamespace(**names_of(cells_of(SOURCE)))


def descend(gradient: Callable[..., Any], t: small_mdp.Transitions, n_states: int, step: float) -> np.ndarray:
    W, batch = np.zeros((n_states, 2)), (t.state, t.action, t.reward, t.next_state, t.terminated)
    for _ in range(1000):
        W = W - step * gradient(W, *batch, small_mdp.GAMMA)
    return W


# -- the numbers ------------------------------------------------------------------------------------------------


def test_the_wheel_s_fixed_points_are_those_in_the_text() -> None:
    semi, residual = (f(small_mdp.outcomes()) for f in (small_mdp.bellman_solution, small_mdp.residual_solution))
    assert (semi[0, 1], round(residual[0, 1], 3)) == (pytest.approx(0.18), 0.236)
    assert (round(residual[1, 0], 2), round(residual[2, 0], 2)) == (0.90, 0.10)
    assert "below 1 (0.90) and *lost* above 0 (0.10)" in TEXT
    assert TEXT.count("0.236") >= 2


def test_a_presplit_is_deterministic_in_a_table_and_the_wheel_in_a_shared_row(lesson: SimpleNamespace) -> None:
    split, wheel = small_mdp.separate_starts(), small_mdp.full_batch()
    outcomes = {(s, a): set() for s, a in zip(split.state, split.action, strict=True)}
    for s, a, s_next, over in zip(split.state, split.action, split.next_state, split.terminated, strict=True):
        outcomes[s, a].add((s_next, over))
    assert len(outcomes) == 14
    assert all(len(found) == 1 for found in outcomes.values())  # no randomness is left
    shared = small_mdp.with_one_row_for_the_starts(split)
    for field in ("state", "action", "reward", "next_state", "terminated", "weight"):
        assert np.array_equal(getattr(shared, field), getattr(wheel, field)), field  # "number for number"

    def semi(W: np.ndarray, *batch: Any) -> np.ndarray:
        return lesson.semi_gradient(W, W, *batch)

    for gradient, one_row in ((semi, 0.18), (lesson.residual_gradient, 0.2356)):
        assert descend(gradient, split, 7, 5.0)[:5, 1] == pytest.approx([0.9, 0, 0, 0, 0], abs=1e-9)
        assert descend(gradient, shared, 3, 1.0)[0, 1] == pytest.approx(one_row, abs=5e-5)


def test_double_sampling_repairs_the_wheel_and_not_a_presplit(lesson: SimpleNamespace) -> None:
    wheel, split = small_mdp.full_batch(), small_mdp.separate_starts()
    shared = small_mdp.with_one_row_for_the_starts(split)
    for t, drawn, end in ((wheel, wheel, 0.18), (shared, split, 0.2356)):
        pairs, W = small_mdp.independent_pairs(drawn), np.zeros((3, 2))
        assert pairs[2].sum() == pytest.approx(1.0)
        for _ in range(1000):
            W = W - small_mdp.double_sampled_gradient(W, t, pairs)
        assert W[0, 1] == pytest.approx(end, abs=5e-5)
    rows, weight = np.arange(len(wheel.state)), wheel.weight
    once = small_mdp.double_sampled_gradient(W, wheel, (rows, rows, weight))  # one draw used twice: the residual one
    batch = wheel.state, wheel.action, wheel.reward, wheel.next_state, wheel.terminated, small_mdp.GAMMA
    assert once == pytest.approx(lesson.residual_gradient(W, *batch), abs=1e-12)


def test_a_held_out_state_gets_the_average_row_and_nothing_of_its_own() -> None:
    model = taxi.taxi_model()
    left = np.setdiff1d(np.flatnonzero(taxi.reachable(model)), taxi.goal_states(model))
    assert len(left) == 400
    q_star = taxi.value_iteration(model, 0.99)
    assert taxi.start_returns(model, taxi.greedy(q_star)).sum() == 2379
    for seed in range(3):
        found = held_out(q_star, left, seed)
        assert found.fitted_rmse < 1e-3
        assert min(found.rmse, key=lambda name: found.rmse[name]) == "the average row"
        assert found.rmse["the network"] < found.rmse["zeros"]
        assert found.correlation == pytest.approx(0.955, abs=0.01)
        assert found.spread < 0.1 * found.true_spread
        assert (found.special_found, found.special > 0) == (0, True)


def test_mse_loss_is_a_third_of_the_stated_gradient(lesson: SimpleNamespace) -> None:
    q, Y = torch.randn(4, 6, dtype=torch.float64, requires_grad=True), torch.randn(4, 6, dtype=torch.float64)
    torch.nn.functional.mse_loss(q, Y).backward()
    assert q.grad is not None
    assert lesson.fit_gradient(q.detach().numpy(), Y.numpy()) == pytest.approx(3 * q.grad.numpy())


@pytest.mark.parametrize("warns", ["mse_loss", "smooth_l1_loss"])
def test_torch_warns_of_a_column_beside_a_row_in_its_losses_and_not_in_a_minus(warns: str) -> None:
    column, row = torch.zeros(3, 1), torch.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (column - row).shape == (3, 3)
    with pytest.warns(UserWarning, match="target size"):
        getattr(torch.nn.functional, warns)(column, row)


def test_targets_of_an_earlier_network_pull_untaken_outputs_back(lesson: SimpleNamespace) -> None:
    """The caveat beside the Keras recipe: zero error holds for the first step on the targets only."""
    net, s, a = HiddenNet(4, 3, 5, np.random.default_rng(0)), np.array([0, 1]), np.array([0, 2])
    Q, h = net.outputs()
    targets = Q.copy()
    targets[s] = lesson.fit_targets(Q[s], a, np.array([1.0, -1.0]))
    untaken = np.ones_like(Q, bool)
    untaken[s, a] = False
    assert np.all((Q - targets)[untaken] == 0)
    net.flat -= 0.5 * net.backward(h, (Q - targets) / 2)
    assert np.abs((net.outputs()[0] - targets)[s][:, 1]).max() > 1e-3


def test_only_the_mean_over_outputs_is_rescaled(lesson: SimpleNamespace) -> None:
    rng = np.random.default_rng(11)
    q, a, y = rng.normal(size=(5, 6)), rng.integers(6, size=5), rng.normal(size=5)
    right = lesson.output_gradient(q, a, y)

    def cosine(g: np.ndarray) -> float:
        return float(np.sum(g * right) / np.linalg.norm(g) / np.linalg.norm(right))

    assert cosine(lesson.fit_gradient(q, lesson.fit_targets(q, a, y)) / 6) == pytest.approx(1.0)
    assert cosine(lesson.output_gradient(q, a, np.full_like(y, y.mean()))) < 0.99
    assert cosine((q - np.where(np.arange(6) == a[:, None], y[:, None], 0.0)) / 5) < 0.99


# -- the form ---------------------------------------------------------------------------------------------------


def test_the_short_answer_is_three_sentences_before_anything_else() -> None:
    (answer,) = re.findall(r"> \*\*The answers first\.\*\* (.*)", TEXT)
    assert len(re.findall(r"[.!?](?: |$)", answer)) == 3
    assert TEXT.index("The answers first") < TEXT.index("**By the end")


def test_the_minutes_of_the_cards_are_the_minutes_of_the_chapter() -> None:
    (told,) = re.findall(r"about (\d+) minutes for the exercises", TEXT)
    cards = re.findall(r"^\*\*Exercise .*? · (\d+) minutes", TEXT, re.M)
    assert len(cards) == 17
    assert sum(map(int, cards)) == pytest.approx(int(told), abs=5)


def test_each_prediction_is_asked_once_and_measured_once_later() -> None:
    asked = list(re.finditer(r'^predict\(\s*"([^"]+)"', TEXT, re.M))
    measured = {m[1]: m.start() for m in re.finditer(r'^ *reconcile\("([^"]+)"', TEXT, re.M)}
    assert len({m[1] for m in asked}) == len(asked) == 15
    assert measured.keys() == {m[1] for m in asked}
    assert all(m.start() < measured[m[1]] < TEXT.index('calibration("dqn")') for m in asked)


def test_other_odds_or_other_states_would_be_found(lesson: SimpleNamespace) -> None:
    """The checks above bite: another chance of winning moves the fixed points, and so does one shared row too few."""
    assert small_mdp.bellman_solution(small_mdp.outcomes(win=0.3))[0, 1] != pytest.approx(0.18, abs=0.05)
    assert small_mdp.residual_solution(small_mdp.outcomes(win=0.3))[0, 1] != pytest.approx(0.2356, abs=5e-5)
    split = small_mdp.separate_starts()
    halves = np.where(split.state == 0, 0, np.where(split.state < 5, 1, split.state - 3))
    later = np.where(split.terminated, halves, split.next_state - 3)
    partly = replace(split, state=halves, next_state=later)  # the winning start keeps a row of its own
    assert descend(lesson.residual_gradient, partly, 4, 1.0)[0, 1] == pytest.approx(0.9, abs=1e-6)
