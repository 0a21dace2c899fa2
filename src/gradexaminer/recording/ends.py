"""Which end of a transition a row is, where it may be either: in a running environment s' is the next transition's s.

While a program runs, a row is called s' as long as it is not known what is done there, and a batch without a row of
which only one end is known is called s. What the backward pass went through tells more.
"""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.rows import Keys, RowIndex
    from gradexaminer.recording.trace import Call, Update


A_BATCH = 8  # rows: so many that are those after other rows, one by one, are so by no chance


def settle_ends(update: Update, rows: RowIndex) -> None:
    """Call rows s where something is learned, and s' where they are those that follow what is learned."""
    if not rows.doubled:
        return
    learned = [c for c in update.calls if c.learns]
    if not any(c.keys.all_here for c in learned):
        _learned_before_it_was_known(learned, rows)
    _follow_a_batch(update.calls, learned, rows)
    here = sorted((c for c in learned if c.keys.all_here), key=lambda c: c.time)
    known = {c.keys.index.tobytes() for c in here}
    either: list[tuple[Call, Keys]] = []
    for call in update.calls:
        if not call.keys.all_here or call in learned:
            continue
        other = rows.other_end(call.keys, NEXT)
        if other is not None and other.index.tobytes() in known:
            if call.keys.index.tobytes() in known:
                either.append((call, other))
            else:
                call.keys = other
    _settle_by_place(either, here, update)


def _settle_by_place(either: list[tuple[Call, Keys]], here: list[Call], update: Update) -> None:
    """Rows of a loop over rows, where both a transition and the one after it are learned: as the line's other rows.

    A line that asks about s' does so right before it learns that row, or right after.
    """
    times = [c.time for c in here]
    settled: dict[tuple[str, tuple[str, int]], set[int]] = {}
    for call in update.calls if either else ():
        if call.keys.all_next:
            settled.setdefault((call.network, call.line), set()).update(_sides(call, call.keys, here, times))
    for call, other in either:
        if _sides(call, other, here, times) & settled.get((call.network, call.line), set()):
            call.keys = other


def _sides(call: Call, keys: Keys, here: list[Call], times: list[int]) -> set[int]:
    """Whether the row is that of the learned call before this one (-1), of the one after it (0), or of both."""
    after = bisect(times, call.time)
    return {
        side
        for side in (-1, 0)
        if 0 <= after + side < len(here) and np.array_equal(here[after + side].keys.index, keys.index)
    }


def _follow_a_batch(calls: list[Call], learned: list[Call], rows: RowIndex) -> None:
    """Call rows s' that all come after rows of one batch that is learned, and are not all rows of it themselves.

    Where a loop goes on after an end of its episode, or leaves out the rows that end one, every row is a transition's s
    as well. To a label that is not detached comes a gradient, too.
    """
    batches = [set(c.keys.index.tolist()) for c in learned if c.keys.all_here and len(c.keys.index) >= A_BATCH]
    for call in calls:
        here = set(call.keys.index.tolist())
        other = rows.other_end(call.keys, NEXT) if call.keys.all_here and len(here) >= A_BATCH else None
        if other is not None and any(here - batch and not set(other.index.tolist()) - batch for batch in batches):
            call.keys = other


def _learned_before_it_was_known(learned: list[Call], rows: RowIndex) -> None:
    """Values that a program keeps from when it chose an action, before the environment told what came of it."""
    others = [rows.other_end(c.keys, HERE) for c in learned]
    settled = [keys for keys in others if keys is not None]
    names = [(c.network, c.method, int(i)) for c, keys in zip(learned, others, strict=True) if keys for i in keys.index]
    if len(settled) == len(learned) and len(names) == len(set(names)):
        for call, keys in zip(learned, settled, strict=True):
            call.keys = keys
