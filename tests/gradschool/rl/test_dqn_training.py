"""Training on given functions: exactly optimal, also with slow ones; and what each switch and each fault does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grader.bank.registry import find_entry
from gradschool.core.numerics import central_differences
from gradschool.core.speed_check import rows_against_one
from gradschool.lessons.clinics import dqn
from gradschool.lessons.clinics.faults.dqn import faults, goes_through_target
from gradschool.lessons.dqn_experiments import train_seeds, verdict
from gradschool.rl.dqn.agent import Batch, Settings, StudentFunctions, table_gradient
from gradschool.rl.dqn.hidden_layer import HIDDEN_SETTINGS, HiddenNet, interference, train_hidden
from gradschool.rl.dqn.training import train_table
from gradschool.rl.envs import taxi
from tests.support.opcode_clock import opcode_clock


def reference(name: str):
    return find_entry(f"dqn.{name}").reference


@pytest.fixture(scope="module")
def functions():
    names = ("td_target", "output_gradient", "weight_gradient", "epsilon_greedy")
    return StudentFunctions(**{name: reference(name) for name in names})


@pytest.fixture(scope="module")
def model():
    return taxi.taxi_model()


@pytest.mark.parametrize("seeds", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_every_seed_is_exactly_optimal(functions, model, seeds):
    runs = train_seeds(train_table, functions, model, Settings(every=1000), range(seeds))
    assert [run.solved[-1] for run in runs] == [300] * seeds
    assert {run.mean_return[-1] for run in runs} == {taxi.OPTIMAL_MEAN}
    assert verdict(runs).startswith(f"{seeds} of {seeds}")


def test_a_python_loop_over_the_batch_trains_too(functions, model):
    def slow_gradient(q, action, y):
        g = np.zeros(q.shape)
        for b in range(len(q)):
            g[b, action[b]] = (q[b, action[b]] - y[b]) / len(q)
        return g

    slow = replace(functions, output_gradient=slow_gradient)
    assert train_table(slow, model, Settings(every=1000), 0).optimal


def test_a_run_is_its_seed(functions, model):
    runs = [train_table(functions, model, Settings(updates=30), seed) for seed in (1, 1, 2)]
    assert np.array_equal(runs[0].W, runs[1].W)
    assert not np.array_equal(runs[0].W, runs[2].W)


def test_switches(functions, model):
    def last(**change):
        return train_table(functions, model, replace(Settings(every=200), **change), 0)

    assert last(sync=10**6).mean_return[-1] == -200
    assert last(initial_q=-100.0).solved[-1] < 30
    assert not last(alpha=0.8).optimal  # repeats in a batch make steps beyond 2
    unmasked = last(terminal_mask=False, goal_q=5.0)
    assert unmasked.optimal  # the return does not show it,
    assert unmasked.W.max() == pytest.approx(20 + 0.99 * 5, abs=0.2)  # the values do


def test_hidden_network_backward_is_the_gradient():
    rng = np.random.default_rng(0)
    net, G = HiddenNet(5, 3, 4, rng), rng.normal(size=(5, 3))

    def loss(flat):
        net.flat[...] = flat
        return float(np.sum(G * net.outputs()[0]))

    at = net.flat.copy()
    numeric = central_differences(loss, at)
    net.flat[...] = at
    assert net.backward(net.outputs()[1], G) == pytest.approx(numeric, abs=1e-7)


def test_hidden_layer_learns_and_interferes(functions, model):
    run, net = train_hidden(functions, model, replace(HIDDEN_SETTINGS, stop_when_optimal=True), 0)
    assert run.optimal
    before = net.flat.copy()
    M = interference(net, np.arange(6), 0)
    assert np.array_equal(net.flat, before)
    assert np.all(np.diag(M) > 0)
    assert np.abs(M - np.diag(np.diag(M))).max() > 0.1 * np.diag(M).max()


def test_the_faulty_agents_are_as_faulty_as_it_says(functions, model):
    faulty, healthy = zip(*(dqn.examine(letter, functions) for letter in dqn.LETTERS), strict=True)
    by_fault = dict(zip(faults().values(), faulty, strict=True))
    right = healthy[0]
    assert np.array_equal(by_fault["exploration-ends-early"], right)
    assert set(np.nonzero(by_fault["no-terminal-mask"] - right)[0]) == {2}
    assert (np.count_nonzero(by_fault["untaken-to-zero"], axis=1) == [6, 6, 6, 0, 0, 0]).all()
    assert {3, 4} <= set(np.nonzero(by_fault["gradient-through-target"])[0])
    assert np.linalg.matrix_rank(by_fault["state-as-number"]) == 1
    assert np.array_equal(by_fault["broadcast"] != 0, right != 0)


def test_one_action_is_reproduced_and_one_fault_is_invisible_in_the_return(functions, model):
    runs = {fault: dqn.train_faulty_agent(letter, functions, model, range(1))[0] for letter, fault in faults().items()}
    for fault in ("exploration-ends-early", "state-as-number"):
        assert (runs[fault].actions_used[-1], runs[fault].mean_return[-1]) == (1, -200.0)
    assert runs["exploration-ends-early"].deliveries == 0
    assert runs["no-terminal-mask"].mean_return[-1] == pytest.approx(taxi.OPTIMAL_MEAN, abs=0.05)
    for fault in set(runs) - {"no-terminal-mask"}:
        assert runs[fault].mean_return[-1] <= -200


def test_the_broken_gradient_through_the_target_is_the_residual_gradient(functions):
    rng = np.random.default_rng(0)
    W = rng.normal(size=(6, 4))
    s, a, s_next = rng.integers(6, size=9), rng.integers(4, size=9), rng.integers(6, size=9)
    r, over = rng.normal(size=9), np.arange(9) % 4 == 0
    batch, settings = Batch(s, a, r, s_next, over, ~over), Settings(gamma=0.9)
    got = goes_through_target(functions, W, W, batch, settings)
    assert got == pytest.approx(reference("residual_gradient")(W, s, a, r, s_next, over, 0.9), abs=1e-12)
    semi = reference("semi_gradient")(W, W, s, a, r, s_next, over, 0.9)
    assert table_gradient(functions, W, W, batch, settings) == pytest.approx(semi, abs=1e-12)


def test_a_loop_is_told_from_a_vectorized_function():
    def arguments(B):
        return (np.ones(B),)

    with opcode_clock():
        assert "a loop" in rows_against_one(lambda x: [float(v) ** 2 for v in x], arguments)
        assert rows_against_one(lambda x: np.sin(x), arguments).endswith("vectorized.")


def test_the_return_forgives_lost_repeats_and_even_rewards_them(functions, model):
    def lost_repeats(state, g, n_states):
        grad = np.zeros((n_states, g.shape[1]))
        grad[state] += g
        return grad

    large = Settings(alpha=0.8, every=1000)
    assert train_table(replace(functions, weight_gradient=lost_repeats), model, large, 0).optimal
    assert not train_table(functions, model, large, 0).optimal
