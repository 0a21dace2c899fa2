"""Critics that are asked about the stored actions, as for a loss, while no backward pass goes through their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

FEWEST = 3  # updates


def examine_untrained(seen: Observed, report: Report) -> None:
    """Name each of them; not one whose loss comes only now and then, or in whose place another critic learns."""
    if not seen.spaces.continuous or len(seen.updates) < FEWEST:
        return
    asked = [[c for c in u.calls if _is_of_a_loss(seen, c)] for u in seen.updates]
    if not all(calls and _has_label(u) for u, calls in zip(seen.updates, asked, strict=True)):
        return
    if any(np.any(g) for calls in asked for c in calls for g in c.gradients.values()):
        return
    for network in dict.fromkeys(c.network for calls in asked for c in calls):
        told = f"it was asked about them in each of {len(seen.updates)} updates, with a gradient to send"
        report.add(FAULT, "critic-untrained", network, told)


def _is_of_a_loss(seen: Observed, call: Call) -> bool:
    """Whether a call with a graph is about the stored actions, beside their states."""
    if not (call.graph and call.trains and call.extra and call.keys.all_here) or call.part:
        return False
    stored = stored_actions(seen, call.keys.index)
    return any(are_stored(x, stored) for x in call.extra)


def _has_label(update: Update) -> bool:
    """Whether a critic was shown actions beside the next states."""
    return any(c.extra and (c.keys.end == NEXT).any() for c in update.calls)
