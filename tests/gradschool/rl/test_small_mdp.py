"""The wheel of fortune: both fixed points, by linear algebra and by descent."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.registry import find_entry
from gradschool.rl.envs import small_mdp


def test_the_fixed_points_differ_and_decide_differently():
    bellman = small_mdp.bellman_solution(small_mdp.outcomes())
    residual = small_mdp.residual_solution(small_mdp.outcomes())
    assert bellman == pytest.approx(np.array([[0.2, 0.18], [1.0, 0.0], [0.0, -1.0]]), abs=1e-12)
    assert small_mdp.CHOICES[0][bellman[0].argmax()] == "walk home"
    assert small_mdp.CHOICES[0][residual[0].argmax()] == "turn the wheel"


def test_without_chance_they_are_the_same():
    sure = small_mdp.outcomes(win=1.0)
    assert small_mdp.residual_solution(sure)[:2] == pytest.approx(small_mdp.bellman_solution(sure)[:2], abs=1e-9)


def test_a_full_batch_is_the_probabilities():
    outcomes, batch = small_mdp.outcomes(), small_mdp.full_batch()
    for s, a, n, w in zip(outcomes.state, outcomes.action, outcomes.next_state, outcomes.weight, strict=True):
        here = (batch.state == s) & (batch.action == a) & (batch.next_state == n)
        assert here.sum() / len(batch.state) == pytest.approx(w)


@pytest.mark.parametrize(
    ("exercise", "solution"),
    [
        ("dqn.semi_gradient", small_mdp.bellman_solution),
        ("dqn.residual_gradient", small_mdp.residual_solution),
    ],
)
def test_descent_reaches_its_fixed_point(exercise, solution):
    gradient, t, W = find_entry(exercise).reference, small_mdp.full_batch(), np.zeros((3, 2))
    batch = (t.state, t.action, t.reward, t.next_state, t.terminated, small_mdp.GAMMA)
    for _ in range(400):
        W = W - (gradient(W, W, *batch) if exercise == "dqn.semi_gradient" else gradient(W, *batch))
    assert pytest.approx(solution(small_mdp.outcomes()), abs=1e-10) == W
