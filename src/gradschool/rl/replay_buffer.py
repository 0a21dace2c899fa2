"""The replay buffer of both chapters: transitions of one agent, or of several that are trained side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradschool.rl.generators import RandomSource
from gradschool.rl.shapes import require_shape

BatchT = TypeVar("BatchT")


class ReplayBuffer(Generic[BatchT]):
    """The last transitions, one row each in a preallocated array, so that drawing a batch is one `take`.

    Parameters
    ----------
    capacity
        How many transitions are kept for each agent.
    transition
        A structured dtype with one field for each column of a batch, in the batch's order.
    batch_type
        Makes a batch from its columns, as a NamedTuple does.
    n_agents
        How many agents fill and sample their own buffers in step.
    overwrite
        Whether a new transition replaces the oldest when the buffer is full; otherwise storing raises ValueError.

    Notes
    -----
    ``rows`` has shape (n_agents, capacity), and ``size`` says how many rows of each agent are filled.

    References
    ----------
    Lin 1992; Mnih et al. 2015, "Methods" (batches drawn uniformly from the last million transitions).

    Examples
    --------
    >>> buffer = ReplayBuffer(4, np.dtype([("state", np.int64), ("reward", np.float64)]), lambda *columns: columns)
    >>> buffer.store((np.arange(3), np.array([0.0, 0.5, 1.0])))
    >>> buffer.store((np.arange(3, 6), np.array([1.5, 2.0, 2.5])))  # the two oldest go
    >>> buffer.size, sorted(buffer.rows["state"][0].tolist())
    (4, [2, 3, 4, 5])
    >>> state, reward = buffer.sample(100, np.random.default_rng(0))
    >>> state.shape, bool((reward == state / 2).all())
    ((100,), True)
    """

    def __init__(
        self,
        capacity: int,
        transition: np.dtype[Any],
        batch_type: Callable[..., BatchT],
        n_agents: int = 1,
        overwrite: bool = True,
    ):
        self.capacity, self.n_agents, self.overwrite, self.size, self._next = capacity, n_agents, overwrite, 0, 0
        self.rows = np.empty((n_agents, capacity), transition)
        self._flat = self.rows.reshape(-1)
        self._fields = tuple(transition.names or ())
        self._shapes = [transition[name].shape for name in self._fields]
        self._columns = [self.rows[name] if n_agents > 1 else self.rows[name][0] for name in self._fields]
        self._batch_type, self._first_rows = batch_type, capacity * np.arange(n_agents)[:, None]

    def store(self, transitions: Sequence[NDArray[Any]]) -> None:
        """Append n_agents * N transitions, N for each agent.

        Parameters
        ----------
        transitions
            The columns of a batch, each (n_agents * N, ...), one agent's rows after the other's.

        Raises
        ------
        ValueError
            If they do not fit and the buffer does not overwrite, or if a column has another shape than its field.
        """
        rows = len(transitions[0])
        if rows % self.n_agents:
            raise ValueError(f"{self.n_agents} agents store equally many transitions; {rows} cannot be shared out")
        n = rows // self.n_agents
        for name, column, shape in zip(self._fields, transitions, self._shapes, strict=True):
            require_shape(f"The replay buffer's {name}", column, (rows, *shape), "one row for each transition")
        if n > self.capacity:
            raise ValueError(f"{n} transitions at once do not fit into a replay buffer of {self.capacity}")
        end = self._next + n
        if end > self.capacity and not self.overwrite:
            raise ValueError("the replay buffer is full")
        at = slice(self._next, end) if end <= self.capacity else np.arange(self._next, end) % self.capacity
        for column, new in zip(self._columns, transitions, strict=True):
            if self.n_agents == 1:
                column[at] = new
            else:
                column[:, at] = new.reshape(self.n_agents, n, *new.shape[1:])
        self._next = end % self.capacity if self.overwrite else end
        self.size = min(self.size + n, self.capacity)

    def sample(self, n: int, rng: RandomSource) -> BatchT:
        """Draw n transitions for each agent, uniformly and with replacement.

        Parameters
        ----------
        n
            How many rows each agent gets.
        rng
            One generator, or for several agents `Generators`, of which each agent has its own.

        Returns
        -------
        BatchT
            Columns of n_agents * n rows, as views into one copy of the drawn rows.

        Raises
        ------
        ValueError
            If nothing has been stored.
        """
        if not self.size:
            raise ValueError("the replay buffer is empty: store transitions before a batch is drawn")
        at = rng.integers(self.size, size=(self.n_agents * n,))
        if self.n_agents > 1:
            at = (at.reshape(self.n_agents, n) + self._first_rows).reshape(-1)
        rows = self._flat.take(at)
        return self._batch_type(*[rows[name] for name in self._fields])
