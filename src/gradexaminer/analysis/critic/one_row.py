"""Critics that learn from one transition of a whole batch: the last of a loop, or that with the largest error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

FEWEST = 3  # updates
SMALLEST_BATCH = 6  # transitions


def say_one_row(seen: Observed, views: list[CriticView], report: Report, *, whole_loop: bool) -> None:
    """Say so where in every update one transition alone gets a gradient, and labels are made for a batch of them."""
    for network in dict.fromkeys(rows.call.network for view in views for _, _, rows in view.rows):
        learned: dict[int, set[int]] = {}
        asked: dict[int, set[int]] = {}
        for update, _, rows in (x for view in views for x in view.rows if x[2].call.network == network):
            moved = np.any(rows.gradients != 0, axis=1)
            learned.setdefault(update.number, set()).update(map(int, rows.index[moved]))
            asked.setdefault(update.number, set()).update(map(int, rows.index))
        for update in seen.updates if not whole_loop else ():  # where an environment runs, it acts in the meantime
            asked.setdefault(update.number, set()).update(labeled(update))
        sizes = [len(asked[number]) for number in learned]
        if len(sizes) >= FEWEST and min(sizes) >= SMALLEST_BATCH and all(len(x) == 1 for x in learned.values()):
            told = f"one transition of {min(sizes)} has a gradient, in each of {len(sizes)} updates"
            report.add(FAULT, "critic-one-row", network, told)


def labeled(update: Update) -> set[int]:
    """Transitions about both ends of which networks were asked."""
    ends: dict[int, set[int]] = {HERE: set(), NEXT: set()}
    for call in update.calls:
        for i, end in zip(call.keys.index, call.keys.end, strict=True):
            ends.get(int(end), set()).add(int(i))
    return ends[HERE] & ends[NEXT]
