"""Taxi: Gymnasium's own, its model as arrays, the exact optimum, and many taxis at once (tested so).

A state s is an id in 0..499, ((row * 5 + column) * 5 + passenger) * 4 + destination; passenger 4 sits in the taxi.
Actions: 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off. An episode begins in one of 300 equally likely
starts and is cut after 200 steps: `truncated`, which is the clock's doing; `terminated` is a passenger brought home.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """Gymnasium's Taxi with its 200-step limit. Raises TaxiMissing, with what to do, on a Gymnasium that lacks it."""
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

    next_state -- (S, A) ids; reward -- (S, A); terminated -- (S, A) booleans; starts -- (300,) ids
    """

    next_state: Ints
    reward: Floats
    terminated: Bools
    starts: Ints

    @property
    def n_states(self) -> int:
        """S, 500 ids of which 404 can be met."""
        return len(self.reward)

    @property
    def n_actions(self) -> int:
        """A, 6."""
        return int(self.reward.shape[1])

    @cached_property
    def best_returns(self) -> Floats:
        """(300,): what an optimal policy earns from each start. Solved when it is first asked for."""
        return start_returns(self, greedy(value_iteration(self)))


def taxi_model(env: Any = None) -> TaxiModel:
    """The model, read from the environment's own table P. Raises ValueError if a step of it is random."""
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
    """Q* (S, A): the fixed point of Q <- r + gamma (1 - terminated) max_a' Q(s', a') (Sutton & Barto 2018, eq. 4.10).

    Raises ValueError unless 0 <= gamma < 1, where the iteration contracts by gamma each time.
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
    """Exact undiscounted return of a deterministic policy (S,) from each start within the time limit: (300,).

    By doubling: what 2n steps earn is what n steps earn, and then n more from where they led. Eight rounds for 200.
    """
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
    """The greedy policy (S,) of a table or of a network's outputs Q (S, A).

    >>> greedy(np.array([[0.0, 1.0, 0.5], [3.0, 1.0, 2.0]]))
    array([1, 0])
    """
    return np.asarray(Q.argmax(axis=1), np.int64)


def reachable(model: TaxiModel) -> Bools:
    """Mask (S,) of the states that can be met from the starts, the four goal states among them: 404 of 500."""
    met = np.zeros(model.n_states, bool)
    front = model.starts
    while len(front):
        met[front] = True
        onward = model.next_state[front][~model.terminated[front]]
        met[model.next_state[front][model.terminated[front]]] = True
        front = np.unique(onward[~met[onward]])
    return met


def goal_states(model: TaxiModel) -> Ints:
    """The states in which a successful drop-off ends, (4,): passenger and taxi at the destination."""
    return np.unique(model.next_state[model.terminated])


def describe(state: int) -> str:
    """A state id in words.

    >>> describe(328)
    'taxi at row 3, column 1; passenger at yellow; destination red'
    """
    rest, destination = divmod(int(state), 4)
    rest, passenger = divmod(rest, 5)
    row, column = divmod(rest, 5)
    where = "in the taxi" if passenger == 4 else f"at {STANDS[passenger]}"
    return f"taxi at row {row}, column {column}; passenger {where}; destination {STANDS[destination]}"


class VectorTaxi:
    """N taxis, stepped at once through the model's arrays.

    `state` (N,) is where they are to act; a taxi whose episode has ended stands in a new start already. `deliveries`
    counts the passengers that were brought home since the object was made.
    """

    def __init__(self, model: TaxiModel, n: int, rng: np.random.Generator, time_limit: int = TIME_LIMIT):
        self.model, self.n, self.rng, self.time_limit = model, n, rng, time_limit
        self._next, self._reward = model.next_state.ravel(), model.reward.ravel()
        self._terminated = model.terminated.ravel()
        self.deliveries = 0
        self.reset()

    def reset(self, starts: Ints | None = None) -> Ints:
        """New episodes everywhere, from `starts` (N,) or drawn uniformly from the model's. Returns the states (N,)."""
        self.state = self._draw(self.n) if starts is None else np.array(starts, np.int64)
        self.clock = np.zeros(self.n, np.int64)
        return self.state

    def _draw(self, n: int) -> Ints:
        return self.model.starts[self.rng.integers(len(self.model.starts), size=n)]

    def step(self, action: Ints) -> tuple[Ints, Floats, Bools, Bools]:
        """action (N,) -> next_state (N,), reward (N,), terminated (N,), truncated (N,), as Gymnasium's step gives them.

        next_state is where the step led to, also where an episode ended there; `self.state` has the new starts.
        """
        outcome = self.state * self.model.n_actions + action
        next_state, terminated = self._next[outcome], self._terminated[outcome]
        self.deliveries += int(np.count_nonzero(terminated))
        self.clock += 1
        truncated = self.clock >= self.time_limit
        over = np.flatnonzero(terminated | truncated)
        self.state = next_state.copy()
        if len(over):
            self.state[over] = self._draw(len(over))
            self.clock[over] = 0
        return next_state, self._reward[outcome], terminated, truncated
