"""How long a script is watched on for the moment at which it copies its target network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.observe import LEAST_WAIT, MOST_WAIT, Observed, moved
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.trace import Update

SCRIPTS_PATIENCE = 3.0  # CPU seconds: what a loop does between its updates, and recording them all, takes its time


class Patience:
    """Further updates, of which only those are kept in which the target is copied, or copied the wrong way.

    A loop that copies its target every 25 steps does so in none of the first six updates.
    """

    def __init__(self, seen: Observed) -> None:
        self.seen = seen
        self.waiting = _still_targets(seen)
        self.end = time.process_time() + SCRIPTS_PATIENCE

    @property
    def over(self) -> bool:
        """Whether nothing is waited for any more, or it has been waited for long enough."""
        return not self.waiting or self.seen.calls >= (MOST_WAIT if time.process_time() < self.end else LEAST_WAIT)

    def take(self, update: Update) -> None:
        """Keep an update in which something happened to a target, and count the others."""
        copied = {path for path, keys in self.waiting.items() if any(moved(update, k) for k in keys)}
        wrong_way = {path for path, keys in self.waiting.items() if _overwrites(update, keys)}
        if copied or wrong_way:
            self.seen.updates.append(update)
            self.waiting = {p: k for p, k in self.waiting.items() if p not in copied | wrong_way}
        else:
            self.seen.calls += 1


def _still_targets(seen: Observed) -> dict[str, list[int]]:
    """Networks that were asked about next states and moved in no update, with their parameters' ids."""
    asked = {c.network for u in seen.updates for c in u.calls if (c.keys.end == NEXT).any()}
    parameters = {path: [id(p) for p in m.parameters()] for path, m in seen.found.modules.items() if path in asked}
    return {path: keys for path, keys in parameters.items() if not any(moved(u, k) for u in seen.updates for k in keys)}


def _overwrites(update: Update, keys: list[int]) -> bool:
    """Whether an update leaves another network's first weights equal to this one's."""
    mine = update.before.get(keys[0])
    return mine is not None and any(
        key not in keys and moved(update, key) and after.shape == mine.shape and np.array_equal(after, mine)
        for key, after in update.after.items()
    )
