"""Labels over several steps: how far ahead of each row its next state lies, and the rewards on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

MOST_STEPS = 20


def steps_ahead(seen: Observed, update: Update, index: np.ndarray, before: int) -> np.ndarray:
    """For each row, how many transitions after its own the one lies that its next state belongs to; 0 for one step."""
    for call in update.calls:
        own = call.keys.index[call.keys.end == NEXT]
        if call.time > before or not len(own) or np.array_equal(own, index):
            continue
        for steps in range(2, MOST_STEPS + 1):
            ahead, live = _window(seen, index, steps)
            if np.array_equal(own, index + ahead) or np.array_equal(own, (index + ahead)[live]):
                return ahead
    return np.zeros(len(index), int)


def _window(seen: Observed, index: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a window of so many steps ends, at an episode's end at the latest; and whether no episode ends in it."""
    ends = np.full(len(index), steps - 1)
    live = np.ones(len(index), bool)
    for row, i in enumerate(index):
        for k in range(steps):
            t = seen.transitions.get(int(i) + k)
            if t is None or t.terminated:
                ends[row], live[row] = k, False
                break
    return ends, live


def later_rewards(seen: Observed, index: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, ...]:
    """The second reward of each row, the third, and so on; 0 beyond the row's window."""
    steps = int(ahead.max(initial=0)) + 1
    return tuple(
        np.array(
            [seen.transitions[int(i) + k].reward if k <= far else 0.0 for i, far in zip(index, ahead, strict=True)]
        )
        for k in range(1, steps)
    )
