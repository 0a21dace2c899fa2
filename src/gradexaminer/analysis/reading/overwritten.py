"""Records in which s' stands in the place of s.

`state = next_state` came too early, so that what learns as s is s'; or both were unpacked the other way round.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.rows import Keys
    from gradexaminer.recording.trace import Call, Update


def as_stored(seen: Observed) -> Observed | None:
    """Return the record as it reads if every learned s is the s' of its transition.

    None where it cannot be so: in some update, no network was asked about the learned rows once more, for the label.
    """
    updates = [_read_again(update, seen) for update in seen.updates]
    kept = [update for update in updates if update is not None]
    return replace(seen, updates=kept, memory={}) if kept and len(kept) == len(updates) else None


def as_swapped(seen: Observed) -> Observed | None:
    """Return the record as it reads if s and s' changed places in each batch.

    None where it cannot be so: in some update, a network learns at an s, or none is asked about any.
    """
    if not seen.updates or not all(map(_may_be_swapped, seen.updates)):
        return None
    updates = [replace(u, calls=[_other_end(call) for call in u.calls]) for u in seen.updates]
    return replace(seen, updates=updates, memory={})


def _may_be_swapped(update: Update) -> bool:
    learned = [c for c in update.calls if c.learns]
    return bool(learned) and all(c.keys.all_next for c in learned) and any(c.keys.all_here for c in update.calls)


def _other_end(call: Call) -> Call:
    end = np.where(call.keys.index >= 0, HERE + NEXT - call.keys.end, call.keys.end)
    return replace(call, keys=replace(call.keys, end=end))


def _read_again(update: Update, seen: Observed) -> Update | None:
    rows = {id(call): _as_next(call.keys, seen) for call in update.calls}
    learned = [c for c in update.calls if c.learns]
    known = {row.tobytes() for c in learned if (row := rows[id(c)]) is not None}

    def read(call: Call) -> Call:
        index = rows[id(call)]
        if index is None or index.tobytes() not in known:
            return call
        end = HERE if call in learned else NEXT
        return replace(call, keys=replace(call.keys, index=index, end=np.full(len(index), end)))

    calls = [read(call) for call in update.calls]
    asked_twice = any(c.keys.all_next for c, old in zip(calls, update.calls, strict=True) if c is not old)
    return replace(update, calls=calls) if asked_twice else None


def _as_next(keys: Keys, seen: Observed) -> np.ndarray | None:
    """The transitions whose s' these rows are; None where one of them is the s' of none."""
    index = np.where(keys.end == NEXT, keys.index, keys.index - 1)
    for i, end in zip(index, keys.end, strict=True):
        before, after = seen.transitions.get(int(i)), seen.transitions.get(int(i) + 1)
        follows = before is not None and after is not None and np.array_equal(before.next_obs, after.obs)
        if before is None or (end == HERE and not follows):
            return None
    return index
