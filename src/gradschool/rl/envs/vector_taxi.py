"""Many taxis at once, stepped as arrays; tested to be equal to Gymnasium's own."""

from __future__ import annotations

import numpy as np

from gradschool.rl.envs.taxi import TIME_LIMIT, Bools, Floats, Ints, TaxiModel
from gradschool.rl.settings_rules import require_whole
from gradschool.rl.shapes import require_shape


class VectorTaxi:
    """N taxis, stepped at once through the model's arrays.

    Parameters
    ----------
    model
        Taxi as arrays.
    n
        How many taxis, N.
    rng
        Draws their starts.
    time_limit
        Steps after which an episode is cut.

    Notes
    -----
    `state` (N,) is where they are to act; a taxi whose episode has ended stands in a new start already. `deliveries`
    counts the passengers that were brought home since the object was made.
    """

    def __init__(self, model: TaxiModel, n: int, rng: np.random.Generator, time_limit: int = TIME_LIMIT):
        require_whole("VectorTaxi", "n", n)
        require_whole("VectorTaxi", "time_limit", time_limit)
        self.model, self.n, self.rng, self.time_limit = model, n, rng, time_limit
        self._next, self._reward = model.next_state.ravel(), model.reward.ravel()
        self._terminated = model.terminated.ravel()
        self.deliveries = 0
        self.reset()

    def reset(self, starts: Ints | None = None) -> Ints:
        """Begin episodes at `starts` (N,), or at the model's starts drawn uniformly; return the states (N,)."""
        if starts is not None:
            require_shape("VectorTaxi.reset", starts, (self.n,), "one state for each taxi")
        self.state = self._draw(self.n) if starts is None else np.array(starts, np.int64)
        self.clock = np.zeros(self.n, np.int64)
        return self.state

    def _draw(self, n: int) -> Ints:
        return self.model.starts[self.rng.integers(len(self.model.starts), size=n)]

    def step(self, action: Ints) -> tuple[Ints, Floats, Bools, Bools]:
        """Step every taxi, as Gymnasium's step does for one.

        Parameters
        ----------
        action
            One action (N,) in 0..5 for each taxi.

        Returns
        -------
        next_state : ndarray
            Where the step led to (N,), also where an episode ended there; `self.state` has the new starts.
        reward : ndarray
            (N,).
        terminated, truncated : ndarray
            (N,), booleans: the passenger is at home; the time limit is reached.

        Raises
        ------
        ValueError
            If the actions have another shape, are no whole numbers, or no actions: 6 would be another state's south.
        """
        require_shape("VectorTaxi.step", action, (self.n,), "one action for each taxi")
        last = self.model.n_actions - 1
        action = np.asarray(action)
        if action.dtype.kind not in "iu" or action.min() < 0 or action.max() > last:
            raise ValueError(f"VectorTaxi.step takes whole numbers from 0 to {last}; these are {action[:5]} ...")
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
