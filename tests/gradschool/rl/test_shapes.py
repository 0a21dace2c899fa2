"""Arrays of another shape than asked for are refused in one sentence, where NumPy would broadcast them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradschool.rl.dqn.agent import Table
from gradschool.rl.dqn.hidden_layer import HiddenNet, HiddenQNetwork
from gradschool.rl.envs.pendulum import VectorPendulum, evaluate, pendulum_step
from gradschool.rl.envs.taxi import start_returns, taxi_model
from gradschool.rl.envs.vector_taxi import VectorTaxi
from gradschool.rl.nets.mlp import Adam
from gradschool.rl.replay_buffer import ReplayBuffer

RNG = np.random.default_rng(0)
MODEL = taxi_model()
N, A = 4, 3
TRANSITION = np.dtype([("obs", np.float64, (3,)), ("reward", np.float64)])


def pendulum() -> VectorPendulum:
    return VectorPendulum(N, RNG, A)


def buffer(n_agents: int = 1) -> ReplayBuffer:
    return ReplayBuffer(10, TRANSITION, lambda *columns: columns, n_agents)


def hidden() -> HiddenQNetwork:
    return HiddenQNetwork(HiddenNet(5, 2, 3, RNG), 0.1)


REFUSED: dict[str, Callable[[], object]] = {
    "torques (N, A, 1)": lambda: pendulum().step(np.zeros((N, A, 1))),
    "torques (N, 1) of three motors": lambda: pendulum().step(np.zeros((N, 1))),
    "torques (N,)": lambda: VectorPendulum(N, RNG).step(np.zeros(N)),
    "torques (1, A)": lambda: pendulum().step(np.zeros((1, A))),
    "torques (N, 1, 1) of one motor": lambda: VectorPendulum(N, RNG).step(np.zeros((N, 1, 1))),
    "starts (N,)": lambda: pendulum().reset(np.zeros(N)),
    "starts of fewer pendulums": lambda: pendulum().reset(np.zeros((N - 1, 2))),
    "a policy that answers (1, A)": lambda: evaluate(lambda obs: np.zeros((1, 1)), np.zeros((N, 2))),
    "a policy that answers (N, 1, 1)": lambda: evaluate(lambda obs: np.zeros((N, 1, 1)), np.zeros((N, 2))),
    "a policy that answers (N,)": lambda: evaluate(lambda obs: np.zeros(N), np.zeros((N, 2))),
    "torque (N, 1) for angles (N,)": lambda: pendulum_step(np.zeros(N), np.zeros(N), np.zeros((N, 1))),
    "actions (N, 1)": lambda: VectorTaxi(MODEL, N, RNG).step(np.zeros((N, 1), int)),
    "one action for all": lambda: VectorTaxi(MODEL, N, RNG).step(np.zeros(1, int)),
    "actions that are fractions": lambda: VectorTaxi(MODEL, N, RNG).step(np.zeros(N)),
    "action 6": lambda: VectorTaxi(MODEL, N, RNG).step(np.full(N, 6)),
    "action -1": lambda: VectorTaxi(MODEL, N, RNG).step(np.full(N, -1)),
    "taxis with one start": lambda: VectorTaxi(MODEL, N, RNG).reset(np.zeros(1, int)),
    "a policy (S, A)": lambda: start_returns(MODEL, np.zeros((500, 6), int)),
    "a gradient (A,)": lambda: Table(np.zeros((5, 2)), 0.1).descend(np.zeros(2)),
    "a gradient (A,) with a hidden layer": lambda: hidden().descend(np.zeros(2)),
    "a gradient of one number": lambda: Adam(3, 0.1).step(np.zeros(3), np.zeros(1)),
    "rewards (N, 1)": lambda: buffer().store((np.zeros((N, 3)), np.zeros((N, 1)))),
    "one reward for all": lambda: buffer().store((np.zeros((N, 3)), np.zeros(1))),
    "observations (N, 1)": lambda: buffer().store((np.zeros((N, 1)), np.zeros(N))),
    "three transitions of two agents": lambda: buffer(2).store((np.zeros((3, 3)), np.zeros(3))),
    "more transitions than fit": lambda: buffer().store((np.zeros((11, 3)), np.zeros(11))),
    "a batch of an empty buffer": lambda: buffer().sample(2, RNG),
    "no pendulum": lambda: VectorPendulum(0, RNG),
    "no motor": lambda: VectorPendulum(1, RNG, 0),
    "half a taxi": lambda: VectorTaxi(MODEL, 0.5, RNG),
    "no time": lambda: VectorTaxi(MODEL, 1, RNG, 0),
}


@pytest.mark.parametrize("what", REFUSED)
def test_another_shape_is_refused(what: str) -> None:
    with pytest.raises(ValueError, match=r"takes|gives|must be|share|fit|empty") as told:
        REFUSED[what]()
    assert "\n" not in str(told.value)


def test_the_right_shapes_are_taken() -> None:
    """Beside every refusal: the same call with what it asks for."""
    assert pendulum().step(np.zeros((N, A)))[1].shape == (N,)
    assert pendulum().reset(np.zeros((N, 2))).shape == (N, 3)
    assert evaluate(lambda obs: np.zeros((len(obs), 2)), np.zeros((N, 2))).shape == (N,)
    assert VectorTaxi(MODEL, N, RNG).step(np.arange(N, dtype=np.int8))[1].shape == (N,)
    several = buffer(2)
    several.store((np.zeros((N, 3)), np.zeros(N)))
    assert several.size == 2
    whole = buffer()
    whole.store((np.zeros((10, 3)), np.zeros(10)))
    assert whole.sample(2, RNG)[1].shape == (2,)
