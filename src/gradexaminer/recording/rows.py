"""Which transition, and which end of it, each row of a tensor is: told by the row's own numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.whole import whole_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradexaminer.transitions import Spaces, Transition

HERE, NEXT = 0, 1  # the two ends of a transition: s and s'
MOST_COMPARED = 12_000  # rows; beyond that only exact ones are looked up
MOST_SORTED = 64  # entries of an observation that is compared entry by entry
MOST_REMEMBERED = 20_000  # numbers of an input that is known again as a whole: twin networks are asked the same
FEWEST_UNKNOWN, MOST_UNKNOWN = 8, 100  # rows of an unknown input that is kept, and inputs
LEAST_SPAN = 1e-3  # of the known values' span, that the rows of one batch cover at least
NEARLY_WHOLE = 0.02  # a number of a state, made from its share of all states
CLOSE = 1e-4  # of a normalized row, when observations were rescaled on the way


@dataclass(frozen=True)
class Keys:
    """The rows of one tensor.

    Attributes
    ----------
    index : ndarray of shape (R,), int64
        The transition that each row belongs to; -1 where it was not recognized.
    end : ndarray of shape (R,), int64
        `HERE` (s) or `NEXT` (s').
    rest : ndarray of shape (R, K)
        What stood beside the observation in the same row (an action, a goal); K may be 0.
    observation_last : bool
        Whether that stood before the observation.
    marks : tuple of bytes
        What each row is found again by, where some are known by two names.
    """

    index: np.ndarray
    end: np.ndarray
    rest: np.ndarray
    observation_last: bool = False
    marks: tuple[bytes, ...] = ()

    @property
    def all_here(self) -> bool:
        """Whether all rows are states in which something was done."""
        return bool((self.end == HERE).all())

    @property
    def all_next(self) -> bool:
        """Whether all rows are next states."""
        return bool((self.end == NEXT).all())


class RowIndex:
    """Observations that were handed out, found by value: as they were, rescaled, or in another order."""

    def __init__(self, obs_size: int, typical: float = 1.0) -> None:
        self.size, self.typical = obs_size, typical
        self._exact: dict[bytes, list[tuple[int, int]]] = {}
        self._rows: list[np.ndarray] = []
        self._names: list[tuple[int, int]] = []
        self._signatures: np.ndarray | None = None
        self._found: dict[bytes, Keys | None] = {}
        self.doubled = False
        self.whole: dict[int, str] = {}  # ends whose digits behind the point were gone, and how
        self.ways: dict[int, set[bool]] = {}  # ends that were asked about, and whether as they were handed out
        self.unknown: list[np.ndarray] = []  # the first inputs that may be observations and are none that is known

    def add(self, transitions: Iterable[Transition]) -> None:
        """Remember both ends of each transition."""
        for t in transitions:
            for end, x in ((HERE, t.obs), (NEXT, t.next_obs)):
                self.also(t.index, end, x)

    def also(self, index: int, end: int, x: np.ndarray) -> None:
        """Remember a further observation that stands for this end of a transition."""
        row = np.asarray(x).reshape(-1)
        names = self._exact.setdefault(_key(row), [])
        names.append((index, end))
        self.doubled = self.doubled or len(names) > 1
        self._rows.append(row)
        self._names.append((index, end))
        self._signatures = None
        self._found.clear()

    def input_scale(self, entries: int) -> float:
        """Typical size of an entry of what a first layer is given, if it has so many entries."""
        return self.typical

    def holds(self, x: np.ndarray) -> bool:
        """Whether the first row of `x` begins or ends with an observation that was handed out, as it was."""
        row = x[0].reshape(-1) if x.ndim > 1 and len(x) else x.reshape(-1)
        return row.size >= self.size and (
            _key(row[: self.size]) in self._exact or _key(row[-self.size :]) in self._exact
        )

    def find(self, x: np.ndarray) -> Keys | None:
        """Return the keys of the rows of `x`, or None where fewer than three in four are known."""
        x = np.ascontiguousarray(x, np.float32)
        if x.size > MOST_REMEMBERED:
            return self._find(x)
        key = repr(x.shape).encode() + x.tobytes()
        if key not in self._found:
            self._found[key] = self._find(x)
        return self._found[key]

    def _find(self, x: np.ndarray) -> Keys | None:
        flat = x.reshape(1, -1) if x.ndim == 1 or x.size == self.size else x.reshape(len(x), -1)
        if flat.shape[0] == 0 or flat.shape[1] < self.size:
            return None
        if flat.shape[1] > self.size and flat.shape[1] - self.size > max(32, self.size):
            return None
        for i, (observation, rest) in enumerate(self._places(flat)):
            marks = self._look_up(observation)
            if marks is not None:
                found = self._named(marks)
                for end in {int(end) for end in found[found[:, 0] >= 0, 1]}:
                    self.ways.setdefault(end, set()).add(bool(_key(observation[0]) == marks[0]))
                kept = tuple(marks) if self.doubled else ()
                return Keys(found[:, 0], found[:, 1], rest, observation_last=i == 1, marks=kept)
        self._note_whole(flat)
        if self.size <= MOST_SORTED and len(flat) >= FEWEST_UNKNOWN and len(self.unknown) < MOST_UNKNOWN:
            self.unknown += [observation.copy() for observation, _ in self._places(flat)]
        return None

    def _note_whole(self, flat: np.ndarray) -> None:
        """Remember that unknown rows are known ones without the digits behind the point."""
        if len(self._rows) > MOST_COMPARED:
            return
        for observation, _ in self._places(flat):
            told = whole_end(observation, self._rows, [end for _, end in self._names])
            if told:
                self.whole[told[0]] = told[1]

    def _named(self, marks: list[bytes]) -> np.ndarray:
        return _one_end([self._exact.get(mark, [(-1, 0)]) for mark in marks])

    def other_end(self, keys: Keys, end: int) -> Keys | None:
        """The same rows as this end of transitions; None where one of them is not known as that."""
        names = [next((i for i, e in self._exact.get(mark, []) if e == end), -1) for mark in keys.marks]
        if not names or min(names) < 0:
            return None
        return replace(keys, index=np.array(names), end=np.full(len(names), end))

    def _places(self, flat: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """The observation first or last in a row, with what stands beside it."""
        first = (flat[:, : self.size], flat[:, self.size :])
        if flat.shape[1] == self.size:
            return [first]
        return [first, (flat[:, -self.size :], flat[:, : -self.size])]

    def _look_up(self, rows: np.ndarray) -> list[bytes] | None:
        """What each row is found by, empty for an unknown one; None where fewer than three in four are known."""
        exact = [_key(row) for row in rows]
        if self._knows(exact):
            return exact
        if len(self._rows) > MOST_COMPARED:
            return None
        for way in (self._by_signature, self._by_scale_of_each_entry):
            found = way(rows)
            if found is not None and self._knows(found):
                return found
        return None

    def _knows(self, marks: list[bytes]) -> bool:
        return 4 * sum(mark in self._exact for mark in marks) >= 3 * len(marks)

    def _by_signature(self, rows: np.ndarray) -> list[bytes] | None:
        """Rows that were shifted and scaled as a whole, or whose entries stand in another order."""
        if self._signatures is None:
            self._signatures = _signatures(self._rows)
        marks = []
        for row in _signatures(rows):
            far = np.abs(self._signatures - row).max(axis=1)
            best = int(far.argmin())
            marks.append(_key(self._rows[best]) if far[best] < CLOSE else b"")
        return marks

    def _by_scale_of_each_entry(self, rows: np.ndarray) -> list[bytes] | None:
        """Rows in which each entry was shifted and scaled by numbers of its own, as a running normalization does.

        Two rows of the first entry fix its shift and scale; the guess counts where the other rows land on known values.
        """
        known = np.array([row[0] for row in self._rows], np.float64)
        column = np.unique(rows[:, 0].astype(np.float64))
        fit = _shift_and_scale(np.unique(known), column) if len(column) >= 6 else None
        if fit is None:
            return None
        values = fit[0] + fit[1] * rows[:, 0].astype(np.float64)
        nearest = np.abs(known[None, :] - values[:, None]).argmin(axis=1)
        return [_key(self._rows[int(k)]) for k in nearest]


class StateIndex(RowIndex):
    """States that are whole numbers, found as they are, one-hot, or as a share of all states."""

    def __init__(self, n_states: int) -> None:
        super().__init__(1, float(n_states))
        self.n_states = n_states

    def input_scale(self, entries: int) -> float:
        """The same: of one-hot rows, in which one entry of all is 1, of a number, and of an embedding."""
        if entries == self.n_states:
            return float(1 / np.sqrt(self.n_states))
        return self.typical if entries == 1 else 1.0

    def holds(self, x: np.ndarray) -> bool:
        """Whether the first row of `x` is a state that was handed out."""
        return self.find(x[:1] if x.ndim > 1 else x) is not None

    def _find(self, x: np.ndarray) -> Keys | None:
        for numbers in self._readings(x):
            marks = [_key(row) for row in numbers.reshape(-1, 1)]
            if len(marks) and self._knows(marks):
                found = self._named(marks)
                return Keys(found[:, 0], found[:, 1], np.zeros((len(marks), 0)), marks=tuple(marks))
        return None

    def _readings(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """What may be the states' numbers."""
        if x.size and x.size % self.n_states == 0 and (x.ndim == 1 or x.shape[-1] == self.n_states):
            rows = x.reshape(-1, self.n_states)
            if (np.sort(rows, axis=1)[:, -2:] == (0, 1)).all() and (rows.sum(axis=1) == 1).all():
                yield rows.argmax(axis=1)
        elif x.size and x.size == len(x):
            for unit in (1, self.n_states, self.n_states - 1):
                if np.abs(x * unit - np.rint(x * unit)).max() < NEARLY_WHOLE:
                    self.typical = self.n_states / unit
                    yield np.rint(x * unit)


def index_of(spaces: Spaces) -> RowIndex:
    """Return an empty index for observations of this kind."""
    if spaces.n_states is not None:
        return StateIndex(spaces.n_states)
    return RowIndex(int(np.prod(spaces.obs_shape)), 100.0 if spaces.image else 1.0)


def _one_end(names: list[list[tuple[int, int]]]) -> np.ndarray:
    """Name each row once. In a running environment s' is the next transition's s: the rows that are only one decide."""
    if all(len(given) == 1 for given in names):
        return np.array([given[0] for given in names])
    votes = [given[0][1] for given in names if len(given) == 1 and given[0][0] >= 0]
    end = NEXT if 2 * sum(votes) > len(votes) else HERE
    return np.array([next((name for name in given if name[1] == end), given[0]) for given in names])


def _shift_and_scale(known: np.ndarray, seen: np.ndarray) -> tuple[float, float] | None:
    """`(shift, scale)` with `shift + scale * seen` all among `known`; both sorted. None where there is no such pair.

    The smallest and the largest seen value may be any two of the known ones: each guess is tried on a third and a
    fourth value first, and what survives on all of them.
    """
    span = seen[-1] - seen[0]
    i, j = np.triu_indices(len(known), 1)
    apart = known[j] - known[i] > LEAST_SPAN * (known[-1] - known[0])  # two values that nearly agree would fit any rows
    i, j = i[apart], j[apart]
    scale = (known[j] - known[i]) / span
    shift = known[i] - scale * seen[0]
    for x in [*seen[1:4], *seen[4:-1]]:
        guess = shift + scale * x
        near = np.clip(np.searchsorted(known, guess), 1, len(known) - 1)
        error = np.minimum(np.abs(known[near] - guess), np.abs(known[near - 1] - guess))
        good = error < 2e-6 * (1 + scale * np.abs(x))
        shift, scale = shift[good], scale[good]
        if not len(shift):
            return None
    return float(shift[0]), float(scale[0])


def _key(row: np.ndarray) -> bytes:
    """A row's numbers as float32; of many, a digest of them."""
    x = np.ascontiguousarray(row, np.float32)
    return x.tobytes() if x.size <= MOST_SORTED else hashlib.blake2b(x.data, digest_size=16).digest()


def _signatures(rows: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Sorted entries of each row, shifted and scaled to mean 0 and deviation 1; of many entries, their moments."""
    if len(rows[0]) > MOST_SORTED:
        return np.stack([_moments(row) for row in rows])
    x = np.sort(np.asarray(rows, np.float64), axis=1)
    return np.asarray((x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-12))


def _moments(row: np.ndarray) -> np.ndarray:
    x = row.astype(np.float64)
    x = (x - x.mean()) / (x.std() + 1e-12)
    square = x * x
    return np.array([np.abs(x).mean(), (square * x).mean(), (square * square).mean(), x.min(), x.max()])
