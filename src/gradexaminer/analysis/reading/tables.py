"""Every value that networks gave to the rows of a batch, at either end: what a label may have been made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.dueling import as_rows, joined_values
from gradexaminer.analysis.reading.memory import once
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update


MOST_COLUMNS = 32  # of values of one pair of state and action; more are features of a hidden layer


@dataclass(frozen=True, eq=False)
class Table:
    """Values that a network gave to the rows of the batch, at one end of the transitions.

    Attributes
    ----------
    values : ndarray of shape (B, K)
        NaN for rows that it was not asked about.
    with_action : bool
        Whether the network was shown an action beside the observation.
    online : bool
        Whether an optimizer moves this network.
    """

    call: Call
    output: int
    end: int
    values: np.ndarray
    with_action: bool
    online: bool
    column: int = 0

    @property
    def role(self) -> str:
        """`online` or `target`, with how value and advantage were joined where that is not by their mean."""
        return ("online" if self.online else "target") + (" (joined by the max)" if self.output == -2 else "")


def tables(
    seen: Observed,
    update: Update,
    before: int,
    index: np.ndarray,
    online: frozenset[int],
    after: np.ndarray | None = None,
) -> list[Table]:
    """All that networks said about these transitions before a moment, at either end; equal values once.

    `after` are the transitions that the next states belong to, where a label goes over several steps.
    """
    named = index.tobytes(), (index if after is None else after).tobytes()
    return [t for t in _all_tables(seen, update, *named, online) if t.call.time <= before]


def tables_of_other_rows(
    seen: Observed, update: Update, before: int, index: np.ndarray, online: frozenset[int]
) -> list[Table]:
    """Answers about as many next states as there are rows, in another order than the batch's: row by row as given."""
    made: list[Table] = []
    for call in update.calls:
        same_rows = len(call.keys.index) == len(index) and call.keys.all_next and (call.keys.index >= 0).all()
        if call.part or call.time > before or not same_rows or np.array_equal(call.keys.index, index):
            continue
        for output, x in enumerate(call.outputs):
            made += _tables_of(call, output, x, {NEXT: call.keys.index}, online)
    return made


@once
def _all_tables(seen: Observed, update: Update, here: bytes, after: bytes, online: frozenset[int]) -> list[Table]:
    """The tables of a whole update; the transitions at both ends are given as the bytes of their numbers."""
    ends = {NEXT: np.frombuffer(after, np.int64), HERE: np.frombuffer(here, np.int64)}
    made: dict[tuple[int, int, bytes], Table] = {}
    for call in update.calls:
        if call.part:
            continue
        for output, x in [
            *enumerate(call.outputs),
            *((-1 - i, x) for i, x in enumerate(joined_values(call).values())),
        ]:
            for t in _tables_of(call, output, x, ends, online):
                made.setdefault((t.end, t.values.shape[1], t.values.tobytes()), t)
    return list(made.values())


def _tables_of(
    call: Call, output: int, x: np.ndarray, ends: dict[int, np.ndarray], online: frozenset[int]
) -> Iterator[Table]:
    values = as_rows(x, len(call.keys.index))
    if values is None:
        return
    for end, index in ends.items():
        if not (call.keys.end == end).any():
            continue
        lined_up = _line_up(call, values, end, index)
        if not np.isfinite(lined_up).any():
            continue
        several = call.extra and 1 < lined_up.shape[1] <= MOST_COLUMNS
        split = np.split(lined_up, lined_up.shape[1], axis=1) if several else [lined_up]
        for column, part in enumerate(split):
            yield Table(call, output, end, part, bool(call.extra), bool(call.parameters & online), column)


def _line_up(call: Call, values: np.ndarray, end: int, index: np.ndarray) -> np.ndarray:
    """A network's rows in the order of the batch: by position where the orders agree, else by the transition."""
    mine = call.keys.end == end
    own = call.keys.index[mine]
    if len(own) == len(index) and np.array_equal(own, index):
        return np.asarray(values[mine])
    place = {int(i): row for i, row in zip(own, np.nonzero(mine)[0], strict=True)}
    nowhere = np.full(values.shape[1], np.nan)
    return np.stack([values[place[int(i)]] if int(i) in place else nowhere for i in index])
