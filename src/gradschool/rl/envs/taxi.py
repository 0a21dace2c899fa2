"""Taxi: Gymnasium's own, its model as arrays, the exact optimum, and many taxis at once (a test compares them).

A state s is an id in 0..499, ((row * 5 + column) * 5 + passenger) * 4 + destination; passenger 4 sits in the taxi.
Actions: 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off. An episode begins in one of 300 equally likely
starts. After 200 steps the time limit cuts it, which is `truncated`; `terminated` is a passenger brought home.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradschool.rl.shapes import require_shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TAXI_ID = "Taxi-v4"
TIME_LIMIT = 200
ACTIONS = ("south", "north", "east", "west", "pick up", "drop off")
STANDS = ("red", "green", "yellow", "blue")
OPTIMAL_MEAN = 2379 / 300
"""Exact mean return of an optimal policy over the 300 starts, 7.93; a test computes it from the model."""


class TaxiMissing(RuntimeError):
    """The installed Gymnasium has no Taxi of the version that the course is written for."""


def make_env(render_mode: str | None = None, taxi_id: str = TAXI_ID) -> Any:
    """Make Gymnasium's Taxi with its time limit of 200 steps.

    Parameters
    ----------
    render_mode
        Gymnasium's: None, or "rgb_array" for pictures.
    taxi_id
        The environment's name and version.

    Returns
    -------
    gymnasium.Env
        The environment.

    Raises
    ------
    TaxiMissing
        On a Gymnasium without this version of Taxi; the message says what to install.
    """
    import gymnasium

    if taxi_id not in gymnasium.registry:
        there = sorted(name for name in gymnasium.registry if name.startswith("Taxi")) or ["none"]
        raise TaxiMissing(
            f"Gymnasium {gymnasium.__version__} has no {taxi_id} (it has: {', '.join(there)}). "
            "Taxi-v4 came with Gymnasium 1.3: pip install -U 'gymnasium[toy-text]>=1.3', then restart the kernel."
        )
    return gymnasium.make(taxi_id, render_mode=render_mode)


@dataclass(frozen=True)
class TaxiModel:
    """What the environment would answer, for every state and action.

    Attributes
    ----------
    next_state
        Where the action leads, ids (S, A).
    reward
        What it earns (S, A).
    terminated
        Whether it ends the episode (S, A).
    starts
        The ids (300,) in which an episode may begin, all equally likely.
    """

    next_state: Ints
    reward: Floats
    terminated: Bools
    starts: Ints

    @property
    def n_states(self) -> int:
        """S: 500 ids, of which 404 can be met."""
        return len(self.reward)

    @property
    def n_actions(self) -> int:
        """A: six actions."""
        return int(self.reward.shape[1])

    @cached_property
    def best_returns(self) -> Floats:
        """Return (300,) of an optimal policy from each start, solved when it is first asked for."""
        return start_returns(self, greedy(value_iteration(self)))


def taxi_model(env: Any = None) -> TaxiModel:
    """Read the model from the environment's own table P.

    Parameters
    ----------
    env
        A Gymnasium Taxi; by default a new one.

    Returns
    -------
    TaxiModel
        Every outcome as arrays (S, A).

    Raises
    ------
    ValueError
        If an outcome is random, as in Gymnasium's rainy or fickle Taxi.
    """
    taxi = (make_env() if env is None else env).unwrapped
    S, A = int(taxi.observation_space.n), int(taxi.action_space.n)
    if any(len(taxi.P[s][a]) != 1 for s in range(S) for a in range(A)):
        raise ValueError("this Taxi is random (rainy or fickle); the arrays hold one outcome for each state and action")
    outcomes = [[taxi.P[s][a][0] for a in range(A)] for s in range(S)]
    return TaxiModel(
        next_state=np.array([[o[1] for o in row] for row in outcomes], np.int64),
        reward=np.array([[o[2] for o in row] for row in outcomes], np.float64),
        terminated=np.array([[o[3] for o in row] for row in outcomes], np.bool_),
        starts=np.flatnonzero(taxi.initial_state_distrib),
    )


def value_iteration(model: TaxiModel, gamma: float = 0.99, tolerance: float = 1e-12) -> Floats:
    """Solve the Bellman optimality equation, Q <- r + gamma (1 - terminated) max_a' Q(s', a'), by repeating it.

    Parameters
    ----------
    model
        Taxi as arrays.
    gamma
        The discount, 0 <= gamma < 1: each repetition shrinks the error by this factor.
    tolerance
        The largest change of an entry at which to stop.

    Returns
    -------
    ndarray
        Q* (S, A).

    Raises
    ------
    ValueError
        If gamma is not in [0, 1).

    References
    ----------
    Sutton & Barto 2018, equation 4.10.
    """
    if not 0 <= gamma < 1:
        raise ValueError(f"gamma must be in [0, 1), not {gamma}")
    Q = np.zeros_like(model.reward)
    while True:
        new: Floats = model.reward + gamma * ~model.terminated * Q.max(axis=1)[model.next_state]
        if np.max(np.abs(new - Q)) <= tolerance:
            return new
        Q = new


def start_returns(model: TaxiModel, policy: Ints, time_limit: int = TIME_LIMIT) -> Floats:
    """Compute what a deterministic policy earns from each start, exactly and undiscounted.

    It works by doubling: what 2n steps earn is what n steps earn, and then n more from where they led. Eight rounds are
    enough for 200 steps.

    Parameters
    ----------
    model
        Taxi as arrays.
    policy
        The action (S,) in each state.
    time_limit
        Steps after which an episode is cut.

    Returns
    -------
    ndarray
        Returns (300,), in the order of ``model.starts``.
    """
    require_shape("start_returns", policy, (model.n_states,), "one action for each state")
    states, nowhere = np.arange(model.n_states), model.n_states  # one more state, where an ended episode stays
    led = np.append(np.where(model.terminated[states, policy], nowhere, model.next_state[states, policy]), nowhere)
    earned = np.append(model.reward[states, policy], 0.0)
    at, returns = model.starts, np.zeros(len(model.starts))
    while time_limit > 0:
        if time_limit % 2:
            returns, at = returns + earned[at], led[at]
        earned, led, time_limit = earned + earned[led], led[led], time_limit // 2
    return returns


def greedy(Q: Floats) -> Ints:
    """Return the greedy policy (S,) of a table or of a network's outputs Q (S, A); the first of equal actions wins.

    >>> greedy(np.array([[0.0, 1.0, 0.5], [3.0, 1.0, 2.0]]))
    array([1, 0])
    """
    return np.asarray(Q.argmax(axis=1), np.int64)


def reachable(model: TaxiModel) -> Bools:
    """Find the states that can be met from the starts.

    Parameters
    ----------
    model
        Taxi as arrays.

    Returns
    -------
    ndarray
        A mask (S,): true for 404 of 500 states, the four goal states among them.
    """
    met = np.zeros(model.n_states, bool)
    front = model.starts
    while len(front):
        met[front] = True
        onward = model.next_state[front][~model.terminated[front]]
        met[model.next_state[front][model.terminated[front]]] = True
        front = np.unique(onward[~met[onward]])
    return met


def goal_states(model: TaxiModel) -> Ints:
    """Return the four states in which a successful drop-off ends: passenger and taxi at the destination."""
    return np.unique(model.next_state[model.terminated])


def describe(state: int) -> str:
    """Say in words what a state id means.

    >>> describe(328)
    'taxi at row 3, column 1; passenger at yellow; destination red'
    """
    rest, destination = divmod(int(state), 4)
    rest, passenger = divmod(rest, 5)
    row, column = divmod(rest, 5)
    where = "in the taxi" if passenger == 4 else f"at {STANDS[passenger]}"
    return f"taxi at row {row}, column {column}; passenger {where}; destination {STANDS[destination]}"
