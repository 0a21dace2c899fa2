"""Critics of continuous actions whose loss is linear in Q: the error itself, or Q without any label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import applied_to
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.observe import Observed

FEWEST = 2  # updates
SAME = 1e-4  # relative difference of two gradients that are the same


def say_no_error(seen: Observed, report: Report) -> bool:
    """Whether a critic steps along one gradient in all rows and updates, at the actions that are stored; say so."""
    learned: dict[str, list[float]] = {}
    for update in seen.updates if seen.spaces.continuous else ():
        for backward in update.backwards:
            stepped = applied_to(update, backward)
            for rows in value_rows(seen, update, backward.number):
                if rows.call.parameters & stepped and _is_linear(seen, rows):
                    learned.setdefault(rows.call.network, []).append(float(rows.g[0]))
    for name, slopes in learned.items():
        if len(slopes) >= FEWEST and np.ptp(slopes) <= SAME * np.abs(slopes).max():
            told = "d loss / d Q is one and the same number in all rows and updates, whatever a label may be"
            report.add(FAULT, "error-not-squared", name, told)
    return any(f.code == "error-not-squared" for f in report.findings)


def _is_linear(seen: Observed, rows: ValueRows) -> bool:
    """Whether all rows have one gradient, at the actions that were taken."""
    stored = rows.action is not None and are_stored(rows.action, stored_actions(seen, rows.index))
    return stored and bool(rows.g[0]) and is_constant(rows.g)
