"""The vectorized Pendulum against Gymnasium's own, step for step."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.rl.envs.pendulum import (
    EVALUATION_SEEDS,
    TIME_LIMIT,
    VectorPendulum,
    discounted_returns,
    evaluate,
    evaluate_in_gymnasium,
    gymnasium_starts,
    observe,
    pendulum_step,
)

ANGLES = st.floats(-20, 20, allow_nan=False)
SPEEDS = st.floats(-8, 8, allow_nan=False)
TORQUES = st.floats(-5, 5, allow_nan=False)


@pytest.fixture(scope="module")
def gym_env():
    env = gymnasium.make("Pendulum-v1").unwrapped
    env.reset(seed=0)
    yield env
    env.close()


@settings(max_examples=300, deadline=None)
@given(ANGLES, SPEEDS, TORQUES)
def test_one_step_is_gymnasiums(gym_env, angle, speed, torque):
    gym_env.state = np.array([angle, speed])
    obs, reward, terminated, truncated, _ = gym_env.step(np.array([torque]))
    theta, theta_dot, ours = pendulum_step(np.array([angle]), np.array([speed]), np.array([torque]))
    np.testing.assert_allclose([theta[0], theta_dot[0]], gym_env.state, rtol=1e-14, atol=1e-14)
    assert ours[0] == pytest.approx(reward, rel=1e-13, abs=1e-13)
    np.testing.assert_array_equal(observe(theta, theta_dot)[0].astype(np.float32), obs)
    assert not terminated
    assert not truncated


def test_whole_episodes_are_gymnasiums_and_only_truncate():
    rng = np.random.default_rng(1)
    actions = rng.uniform(-3, 3, size=(TIME_LIMIT, 8, 1))
    ours = VectorPendulum(8, rng)
    ours.reset(gymnasium_starts(range(8)))
    steps = [ours.step(a) for a in actions]
    env = gymnasium.make("Pendulum-v1")
    for i in range(8):
        env.reset(seed=i)
        for t in range(TIME_LIMIT):
            obs, reward, terminated, truncated, _ = env.step(actions[t, i])
            np.testing.assert_array_equal(steps[t][0][i].astype(np.float32), obs)
            assert steps[t][1][i] == pytest.approx(reward, rel=1e-12, abs=1e-12)
            assert (steps[t][2][i], steps[t][3][i]) == (terminated, truncated)
    env.close()


def test_evaluation_is_the_one_in_gymnasium():
    def policy(obs):
        return np.clip(-3 * obs[:, 1:2] - obs[:, 2:3], -2, 2)

    seeds = EVALUATION_SEEDS[:10]
    np.testing.assert_allclose(
        evaluate(policy, gymnasium_starts(seeds)), evaluate_in_gymnasium(policy, seeds), rtol=1e-10
    )


def test_three_motors_add_up_to_one():
    rng = np.random.default_rng(0)
    one, three = VectorPendulum(4, rng), VectorPendulum(4, rng, action_dim=3)
    starts = rng.normal(size=(4, 2))
    one.reset(starts)
    three.reset(starts)
    parts = rng.uniform(-2 / 3, 2 / 3, size=(4, 3))
    for a, b in zip(one.step(parts.sum(axis=1, keepdims=True)), three.step(parts), strict=True):
        np.testing.assert_array_equal(a, b)
    assert three.high.tolist() == [2 / 3] * 3


def test_time_limit_can_be_shorter_and_the_clock_starts_again():
    env = VectorPendulum(2, np.random.default_rng(0), time_limit=3)
    cut = [bool(env.step(np.zeros((2, 1)))[3].all()) for _ in range(3)]
    assert cut == [False, False, True]
    env.reset()
    assert not env.step(np.zeros((2, 1)))[3].any()


def test_discounted_return_of_a_rod_that_hangs_still():
    hanging = np.array([[-1.0, 0.0, 0.0]])
    found = discounted_returns(lambda obs: np.zeros((len(obs), 1)), hanging, gamma=0.9)
    assert found[0] == pytest.approx(-(np.pi**2) / (1 - 0.9), rel=1e-6)
