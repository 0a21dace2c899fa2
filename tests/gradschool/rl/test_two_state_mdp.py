"""The two-state problem with a continuous action: exact gradients against central differences and sampled episodes."""

from __future__ import annotations

import numpy as np
import pytest

from gradschool.lessons.figures.plots_two_state import on_own_states, on_replayed_states, stopping_point
from gradschool.rl.envs import two_state_mdp as mdp

THETAS = (-1.5, -0.3, 0.14, 0.5, 1.2)


def slope(f, theta: float, h: float = 1e-5) -> float:
    return float((f(theta + h) - f(theta - h)) / (2 * h))


@pytest.mark.parametrize("theta", THETAS)
def test_values_satisfy_the_bellman_equation_and_visits_are_those_of_episodes(theta: float) -> None:
    own = np.full(2, theta)
    np.testing.assert_allclose(mdp.q_values(theta, own), mdp.state_values(theta), rtol=1e-12)
    at, visits = mdp.START, np.zeros(2)
    for t in range(400):
        visits += mdp.GAMMA**t * at
        at = at @ mdp.transition_matrix(own)
    np.testing.assert_allclose(mdp.discounted_visits(theta), visits, rtol=1e-12)
    assert mdp.discounted_visits(theta).sum() == pytest.approx(1 / (1 - mdp.GAMMA))
    share = mdp.replay_distribution(theta)
    np.testing.assert_allclose(share @ mdp.transition_matrix(own), share, rtol=1e-12)


@pytest.mark.parametrize("theta", THETAS)
def test_the_deterministic_policy_gradient_is_the_gradient_of_the_return(theta: float) -> None:
    for start in (mdp.START, np.array([0.9, 0.1])):
        true = slope(lambda t, d=start: mdp.expected_return(t, d), theta)
        assert mdp.frozen_critic_gradient(theta, mdp.discounted_visits(theta, start)) == pytest.approx(true, rel=1e-7)


@pytest.mark.parametrize("theta", THETAS)
def test_on_replayed_states_a_term_is_missing_and_the_rest_is_the_gradient_of_a_surrogate(theta: float) -> None:
    d = mdp.replay_distribution()
    step, dropped = mdp.frozen_critic_gradient(theta, d), mdp.dropped_term(theta, d)
    surrogate = slope(lambda t: d @ mdp.q_values(theta, np.full(2, t)), theta)  # Q stays that of the policy at theta
    assert step == pytest.approx(surrogate, rel=1e-7)
    assert step + dropped == pytest.approx(slope(lambda t: mdp.expected_return(t, d), theta), rel=1e-7)
    assert abs(dropped) > 0.1  # so that leaving it out would be seen


def test_ascent_on_replayed_states_stops_elsewhere_and_earns_less() -> None:
    best, replayed = stopping_point(on_own_states), stopping_point(on_replayed_states)
    grid = np.linspace(-3, 3, 6001)
    assert best == pytest.approx(grid[np.argmax([mdp.expected_return(float(t)) for t in grid])], abs=1e-3)
    assert mdp.expected_return(replayed) < mdp.expected_return(best) - 3
    with pytest.raises(ValueError, match="positive at the low end"):
        stopping_point(lambda theta: theta)
