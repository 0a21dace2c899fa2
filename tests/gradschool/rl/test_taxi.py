"""Taxi: the model, the exact optimum, and many taxis at once beside Gymnasium's own."""

from __future__ import annotations

import itertools

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.rl.envs import taxi
from gradschool.rl.envs.vector_taxi import VectorTaxi


@pytest.fixture(scope="module")
def model():
    return taxi.taxi_model()


def test_exact_optimum_over_the_starts(model):
    returns = taxi.start_returns(model, taxi.greedy(taxi.value_iteration(model, 0.99)))
    assert returns.sum() == 2379
    assert (len(returns), returns.min(), returns.max()) == (300, 3, 15)
    assert returns.mean() == taxi.OPTIMAL_MEAN


def test_value_iteration_solves_bellmans_equation(model):
    Q = taxi.value_iteration(model, 0.9)
    for s, a in [(328, 1), (16, 5), (97, 5), (0, 0)]:
        onward = 0.0 if model.terminated[s, a] else 0.9 * Q[model.next_state[s, a]].max()
        assert Q[s, a] == pytest.approx(model.reward[s, a] + onward, abs=1e-10)


def test_a_discount_of_one_is_refused(model):
    with pytest.raises(ValueError, match="gamma"):
        taxi.value_iteration(model, 1.0)


def test_always_moving_earns_exactly_minus_200(model):
    assert set(taxi.start_returns(model, np.zeros(500, np.int64))) == {-200.0}


def test_404_states_are_reachable_and_four_of_them_are_goals(model):
    assert taxi.reachable(model).sum() == 404
    assert len(taxi.goal_states(model)) == 4
    assert taxi.reachable(model)[taxi.goal_states(model)].all()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_equal_to_gymnasium_step_for_step(model, seed):
    rng, n = np.random.default_rng(seed), 3
    envs = [taxi.make_env() for _ in range(n)]
    starts = [env.reset(seed=int(rng.integers(2**31)))[0] for env in envs]
    many = VectorTaxi(model, n, rng)
    many.reset(np.array(starts))
    best = taxi.greedy(taxi.value_iteration(model, 0.9))
    delivered = 0
    for _ in range(205):  # past the time limit
        clever = rng.random(n) < (0.0, 0.3, 0.6)  # the first never delivers, and meets the time limit
        action = np.where(clever, best[many.state], rng.integers(4, size=n))
        got = many.step(action)
        delivered += int(got[2].sum())
        assert many.deliveries == delivered
        for i, env in enumerate(envs):
            want = env.step(int(action[i]))[:4]
            assert tuple(column[i] for column in got) == want
            if want[2] or want[3]:
                assert many.state[i] in model.starts
                env.reset()
                env.unwrapped.s = int(many.state[i])
    assert delivered > 0


def test_every_start_is_drawn_alike(model):
    starts = VectorTaxi(model, 30_000, np.random.default_rng(0)).state
    count = np.bincount(starts, minlength=500)
    assert set(np.flatnonzero(count)) == set(model.starts)
    assert np.abs(count[model.starts] - 100).max() < 50  # five standard deviations


def test_both_flags_at_once(model):
    start = int(np.flatnonzero(model.terminated[:, 5])[0])
    many = VectorTaxi(model, 1, np.random.default_rng(0), time_limit=1)
    many.reset(np.array([start]))
    _, reward, terminated, truncated = many.step(np.array([5]))
    assert (reward[0], terminated[0], truncated[0]) == (20.0, True, True)


def test_start_returns_agree_with_driving_in_gymnasium(model):
    policy = np.random.default_rng(3).integers(6, size=500)
    returns, env = taxi.start_returns(model, policy), taxi.make_env()
    for i in range(0, 300, 37):
        state, total, over = int(model.starts[i]), 0.0, False
        env.reset()
        env.unwrapped.s = state
        while not over:
            state, reward, terminated, truncated, _ = env.step(int(policy[state]))
            total, over = total + reward, terminated or truncated
        assert returns[i] == total


def test_a_gymnasium_without_this_taxi_says_what_to_do(monkeypatch):
    registry = {k: v for k, v in gymnasium.registry.items() if k != taxi.TAXI_ID}
    monkeypatch.setattr(gymnasium, "registry", registry)
    with pytest.raises(taxi.TaxiMissing, match=r"has no Taxi-v4.*pip install"):
        taxi.make_env()


def test_a_random_taxi_has_no_such_model():
    with pytest.raises(ValueError, match="random"):
        taxi.taxi_model(gymnasium.make(taxi.TAXI_ID, is_rainy=True))


def test_animation_of_the_way_home(model):
    from gradschool.lessons.figures import taxi_animation
    from gradschool.lessons.figures.taxi_animation import drive

    animation = drive(taxi.greedy(taxi.value_iteration(model, 0.99)), 328)
    assert animation.frames.ndim == 4
    assert len(animation.frames) == 11  # ten steps: 20 - 9 = 11
    assert "return of 11" in animation.words
    assert all((one != two).any() for one, two in itertools.pairwise(animation.frames))
    assert animation.gif().startswith(b"GIF8")
    html = animation._repr_html_()
    assert 'alt="Taxi at row 3' in html
    assert html.startswith("<details open><summary"), "a film can be stopped"
    assert "return of 11" in html.partition("</details>")[2], "and what it shows is still said"
    band = animation.frames[:, -taxi_animation.BAND :]
    assert all((one != two).any() for one, two in itertools.pairwise(band)), "step and return are written on each frame"
