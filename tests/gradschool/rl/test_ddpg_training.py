"""Training: both implementations give the same gradients, every switch does what it says, and agents do learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grader.bank.registry import find_entry
from gradschool.core.numerics import central_differences
from gradschool.lessons.ddpg_experiments import train_seeds, without_squash
from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.ddpg.batched import BatchedMLP, is_batchable, train_batched
from gradschool.rl.ddpg.fused import FusedAgent
from gradschool.rl.ddpg.training import evaluation_is_due, step_size_factor, train
from gradschool.rl.envs.pendulum import evaluate_in_gymnasium
from gradschool.rl.nets.mlp import MLP

NAMES = ("squash", "critic_target", "critic_gradient", "action_gradient", "actor_gradient_vjp", "polyak", "twin_target")


@pytest.fixture(scope="module")
def functions() -> StudentFunctions:
    return StudentFunctions(**{name: find_entry(f"ddpg.{name}").reference for name in NAMES})


def a_batch(rng: np.random.Generator, n: int, action_dim: int) -> Batch:
    action = rng.uniform(-2 / action_dim, 2 / action_dim, (n, action_dim))
    flags = (rng.random((2, n)) < 0.3).astype(float)
    return Batch(rng.normal(size=(n, 3)), action, rng.normal(size=n), rng.normal(size=(n, 3)), *flags)


@pytest.mark.parametrize("action_dim", [1, 3])
def test_both_implementations_give_the_same_gradients_update_after_update(functions, action_dim):
    settings = Settings(action_dim=action_dim, hidden=(20, 30), batch=16)
    fused = FusedAgent(settings, np.random.default_rng(1))
    reference = ReferenceAgent(functions, settings, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    for _ in range(6):
        batch = a_batch(rng, 16, action_dim)
        fused.compute_gradients(batch)
        (critic_gradient,), actor_gradient = reference.gradients(batch, rng)
        assert np.abs(actor_gradient).max() > 1e-4
        np.testing.assert_allclose(fused.critic_gradient, critic_gradient, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(fused.actor_gradient, actor_gradient, rtol=1e-9, atol=1e-14)
        fused.update(batch, rng)
        reference.update(batch, rng)
        np.testing.assert_allclose(fused.target_actor.flat, reference.target_actor.flat, rtol=1e-9)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("make", "seeds"), [("fused", 1), pytest.param("fused", 3, marks=SLOW), pytest.param("reference", 3, marks=SLOW)]
)
def test_every_seed_learns_to_swing_up(functions, make, seeds):
    def agent(settings, rng):
        return FusedAgent(settings, rng) if make == "fused" else ReferenceAgent(functions, settings, rng)

    for seed in range(seeds):
        run = train(agent, Settings(evaluate_every=0), seed)
        assert run.env_steps == [10_000]
        assert run.mean_return[-1] >= -200
        assert evaluate_in_gymnasium(run.agent.act, range(10_000, 10_100)).mean() == pytest.approx(run.mean_return[-1])


def test_a_run_is_the_same_twice_and_evaluating_does_not_change_it():
    short = Settings(env_steps=1600, evaluate_every=0)
    one = train(FusedAgent, short, 5)
    two = train(FusedAgent, replace(short, evaluate_every=200, probe_q=True), 5)
    np.testing.assert_array_equal(one.agent.actor.flat, two.agent.actor.flat)
    assert len(two.mean_return) == len(two.q_true) == 8


def test_wrong_sign_in_the_actor_does_not_learn(functions):
    def downhill(*args):
        return -functions.actor_gradient_vjp(*args)

    broken = replace(functions, actor_gradient_vjp=downhill)
    run = train(lambda s, rng: ReferenceAgent(broken, s, rng), Settings(env_steps=6000, evaluate_every=0), 0)
    assert run.mean_return[-1] < -800


class Watcher(FusedAgent):
    """Keeps every batch that it learns from."""

    def update(self, batch, rng):
        self.seen = [*getattr(self, "seen", []), batch]


@pytest.mark.parametrize("mistaken", [False, True])
def test_the_time_limit_is_terminal_only_when_asked(mistaken):
    settings = Settings(env_steps=2000, time_limit=20, time_limit_is_terminal=mistaken, evaluate_every=0)
    seen = train(Watcher, settings, 0).agent.seen
    terminated, truncated = (np.concatenate([getattr(b, name) for b in seen]) for name in ("terminated", "truncated"))
    assert 0.02 < truncated.mean() < 0.09  # one row in 20
    np.testing.assert_array_equal(terminated, truncated if mistaken else np.zeros_like(truncated))


def test_noise_is_in_what_is_done_and_the_first_actions_are_random():
    settings = Settings(env_steps=2000, learning_starts=800, evaluate_every=0)

    def share_of_own_actions(noise: float) -> float:
        agent = train(Watcher, replace(settings, noise=noise), 0).agent  # it never learns, so its actions stay the same
        obs, action = (np.concatenate([getattr(b, name) for b in agent.seen[-30:]]) for name in ("obs", "action"))
        assert np.abs(action).max() <= 2.0
        return float(np.isclose(action, agent.act(obs)).mean())

    assert share_of_own_actions(0.0) == pytest.approx(1200 / 2000, abs=0.05)
    assert share_of_own_actions(0.4) < 0.01


def test_twin_delay_and_smoothing(functions):
    settings = Settings(twin=True, delay=2, smoothing=0.2, batch=8)
    agent = ReferenceAgent(functions, settings, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    moved = []
    for _ in range(4):
        before = agent.actor.flat.copy(), agent.target_actor.flat.copy(), agent.critics[1].flat.copy()
        agent.update(a_batch(rng, 8, 1), rng)
        after = agent.actor.flat, agent.target_actor.flat, agent.critics[1].flat
        moved.append([bool((a != b).any()) for a, b in zip(before, after, strict=True)])
    assert moved == [[False, False, True], [True, True, True]] * 2
    assert (agent.critics[0].flat != agent.critics[1].flat).any()


def test_the_fused_implementation_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="ReferenceAgent"):
        FusedAgent(Settings(twin=True), np.random.default_rng(0))


def test_two_critics_need_a_twin_target(functions):
    with pytest.raises(ValueError, match="twin_target"):
        ReferenceAgent(replace(functions, twin_target=None), Settings(twin=True), np.random.default_rng(0))


@pytest.mark.parametrize("action_dim", [1, 3])
def test_without_squash_is_the_gradient_of_minus_mean_q_along_a_straight_line(functions, action_dim):
    bare = without_squash(functions)
    agent = ReferenceAgent(bare, Settings(action_dim=action_dim, hidden=(6, 5)), np.random.default_rng(0))
    agent.actor.flat *= 8  # far beyond the bounds
    batch = a_batch(np.random.default_rng(1), 8, action_dim)

    def loss(flat):
        action = 2.0 / action_dim * MLP(agent.actor.sizes, flat=flat)(batch.obs)
        return -float(agent.critic(np.concatenate([batch.obs, action], axis=1)).mean())

    _, gradient = agent.gradients(batch, np.random.default_rng(2))
    np.testing.assert_allclose(gradient, central_differences(loss, agent.actor.flat), rtol=1e-5, atol=1e-8)
    assert (
        np.abs(2.0 / action_dim * agent.actor(batch.obs)).max() > 2.0 / action_dim >= np.abs(agent.act(batch.obs)).max()
    )


def test_without_squash_hands_the_slope_to_the_shape_at_the_actors_own_action(functions):
    calls = []

    def observe(dq_da, action, low, high):
        calls.append((dq_da.copy(), action.copy(), low, high))
        return 0.0 * dq_da

    agent = ReferenceAgent(without_squash(functions, observe), Settings(batch=8), np.random.default_rng(0))
    batch = a_batch(np.random.default_rng(1), 8, 1)
    _, gradient = agent.gradients(batch, np.random.default_rng(2))
    (slope, action, low, high) = calls[0]
    np.testing.assert_allclose(action, 2.0 * agent.actor(batch.obs))
    assert slope.any()
    assert (low[0], high[0]) == (-2.0, 2.0)
    assert not gradient.any()


def test_step_sizes_fall_only_towards_the_end():
    settings = Settings(env_steps=1000, lr_decay_from=0.6)
    factors = [step_size_factor(n, settings) for n in (0, 600, 800, 1000)]
    assert factors == pytest.approx([1.0, 1.0, 0.5, 0.0])
    assert step_size_factor(1000, replace(settings, lr_decay_from=1.0)) == 1.0


def test_evaluations_come_at_every_mark_and_at_the_end():
    settings = Settings(env_steps=100, n_envs=16, evaluate_every=40)
    due = [n for n in range(16, 101, 16) if evaluation_is_due(n, settings)]
    assert due == [48, 80, 96]


# -- many seeds side by side ----------------------------------------------------------------------------------


def test_batched_networks_are_each_network_on_its_own_rows():
    rng = np.random.default_rng(0)
    nets = [MLP((4, 7, 5, 2), rng) for _ in range(3)]
    batched, x, up = BatchedMLP(nets), rng.normal(size=(3, 6, 4)), rng.normal(size=(3, 6, 2))
    y, cache = batched.forward(x.reshape(18, 4))
    gradient, dx = batched.vjp(cache, up.reshape(18, 2) / 18)  # the caller's mean is over everybody's rows
    dx_alone = batched.input_vjp(cache, up.reshape(18, 2) / 18)
    for k, net in enumerate(nets):
        rows = slice(6 * k, 6 * k + 6)
        own, own_cache = net.forward(x[k])
        own_gradient, own_dx = net.vjp(own_cache, up[k] / 6)
        np.testing.assert_allclose(y[rows], own)
        np.testing.assert_allclose(gradient.reshape(3, -1)[k], own_gradient)
        np.testing.assert_allclose(dx[rows], own_dx / 3)
        np.testing.assert_allclose(dx_alone[rows], own_dx / 3)


@pytest.mark.parametrize(
    "change", [{}, {"twin": True, "delay": 2, "smoothing": 0.2}, {"time_limit": 20, "action_dim": 3}]
)
def test_side_by_side_each_seed_learns_what_it_learns_alone(functions, change):
    settings = Settings(env_steps=1_600, evaluate_every=800, probe_q=True, **change)
    together = train_batched(functions, settings, [3, 7], np.float64)
    for run in together:
        alone = train(lambda s, rng: ReferenceAgent(functions, s, rng), settings, run.seed)
        assert run.env_steps == alone.env_steps
        np.testing.assert_allclose(run.agent.actor.flat, alone.agent.actor.flat, atol=1e-6)
        for name in ("mean_return", "q_estimated", "q_true"):
            np.testing.assert_allclose(getattr(run, name), getattr(alone, name), rtol=1e-4)
    assert not np.allclose(together[0].agent.actor.flat, together[1].agent.actor.flat)


@SLOW
def test_twenty_seeds_side_by_side_end_at_or_above_minus_200(functions):
    runs = train_seeds(functions, Settings(evaluate_every=0))
    assert [run.seed for run in runs] == list(range(20))
    assert min(run.mean_return[-1] for run in runs) >= -200


def test_functions_that_do_not_fit_side_by_side_are_trained_one_by_one(functions):
    def row_by_row(actor, batch, dq_da, low, high):
        rows = [Batch(*(x[i : i + 1] for x in batch)) for i in range(len(dq_da))]
        each = [functions.actor_gradient_vjp(actor, r, dq_da[i : i + 1], low, high) for i, r in enumerate(rows)]
        return np.mean(each, axis=0)

    def collapses(critic, batch, y):
        return functions.critic_gradient(critic, batch, y - y.mean())  # the mean of everybody's rows is not one's own

    settings = Settings(env_steps=1_000, batch=8, evaluate_every=0)
    assert is_batchable(functions, settings)
    for change in ({"actor_gradient_vjp": row_by_row}, {"critic_gradient": collapses}):
        other = replace(functions, **change)
        assert not is_batchable(other, settings)
        run = train_seeds(other, settings, [2])[0]
        alone = train(lambda s, rng, f=other: ReferenceAgent(f, s, rng), settings, 2)
        np.testing.assert_array_equal(run.agent.actor.flat, alone.agent.actor.flat)


def test_an_agent_that_diverges_does_so_without_a_warning(functions, recwarn):
    run = train_seeds(functions, Settings(env_steps=1_200, evaluate_every=0, lr_critic=1e20), range(2))[0]
    assert not np.isfinite(run.agent.critic.flat).all()
    assert not recwarn.list
