"""The replay buffer of both chapters: what is kept, what belongs together, and who draws what."""

from __future__ import annotations

import numpy as np
import pytest

from gradschool.rl.ddpg.agent import Batch, Settings, new_replay_buffer, transition_dtype
from gradschool.rl.dqn import agent as dqn
from gradschool.rl.generators import Generators
from gradschool.rl.replay_buffer import ReplayBuffer


def pendulum_batch(rng: np.random.Generator, n: int, action_dim: int) -> Batch:
    flags = (rng.random((2, n)) < 0.3).astype(float)
    action = rng.normal(size=(n, action_dim))
    return Batch(rng.normal(size=(n, 3)), action, rng.normal(size=n), rng.normal(size=(n, 3)), *flags)


def test_the_last_transitions_are_kept_and_what_belongs_together() -> None:
    buffer, rng = ReplayBuffer(8, dqn.TRANSITION, dqn.Batch), np.random.default_rng(0)
    for k in range(0, 20, 4):
        ids = np.arange(k, k + 4)
        buffer.store(dqn.Batch(ids, ids + 100, ids + 0.5, ids + 200, ids % 2 == 0, ids % 4 == 0))
    s, a, r, s_next, terminated, truncated = buffer.sample(200, rng)
    assert set(s) == set(range(12, 20))
    assert np.array_equal(a, s + 100)
    assert np.array_equal(s_next, s + 200)
    assert np.array_equal(r, s + 0.5)
    assert np.array_equal(terminated, s % 2 == 0)
    assert np.array_equal(truncated, s % 4 == 0)


def test_a_block_that_wraps_around_the_end_replaces_the_oldest() -> None:
    buffer = ReplayBuffer(8, dqn.TRANSITION, dqn.Batch)
    for k in range(0, 15, 3):
        ids = np.arange(k, k + 3)
        buffer.store(dqn.Batch(ids, ids, ids + 0.0, ids, ids < 0, ids < 0))
        assert buffer.size == min(k + 3, 8)
    assert set(buffer.rows["state"][0]) == set(range(7, 15))


def test_replay_gives_back_what_was_stored_and_says_when_it_is_full() -> None:
    rng = np.random.default_rng(0)
    buffer, batch = ReplayBuffer(8, transition_dtype(3), Batch, overwrite=False), pendulum_batch(rng, 8, 3)
    buffer.store(batch)
    sample = buffer.sample(50, rng)
    for i in range(50):
        row = int(np.flatnonzero(batch.reward == sample.reward[i])[0])
        for mine, stored in zip(sample, batch, strict=True):
            np.testing.assert_array_equal(mine[i], stored[row])
    with pytest.raises(ValueError, match="full"):
        buffer.store(batch)


def test_agents_side_by_side_draw_what_each_would_draw_alone() -> None:
    settings, rng = Settings(env_steps=40, n_envs=5, action_dim=2), np.random.default_rng(0)
    together, alone = new_replay_buffer(settings, 3), [new_replay_buffer(settings) for _ in range(3)]
    for _ in range(4):
        parts = [pendulum_batch(rng, 5, 2) for _ in range(3)]
        together.store(Batch(*(np.concatenate(columns) for columns in zip(*parts, strict=True))))
        for buffer, part in zip(alone, parts, strict=True):
            buffer.store(part)
    drawn = together.sample(7, Generators([np.random.default_rng(k) for k in range(3)]))
    for k, buffer in enumerate(alone):
        for column, own in zip(drawn, buffer.sample(7, np.random.default_rng(k)), strict=True):
            np.testing.assert_array_equal(column[7 * k : 7 * k + 7], own)


def test_generators_draw_in_blocks() -> None:
    three = Generators([np.random.default_rng(k) for k in range(3)])
    drawn = three.normal(0.0, 1.0, size=(6, 2))
    for k in range(3):
        np.testing.assert_array_equal(drawn[2 * k : 2 * k + 2], np.random.default_rng(k).normal(0.0, 1.0, (2, 2)))
