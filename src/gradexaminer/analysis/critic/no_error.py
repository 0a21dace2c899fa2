"""Critics of continuous actions all of whose rows get one gradient: linear losses, and errors averaged at first."""

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
FEWEST_ROWS = 6  # of a batch: one gradient in fewer rows says little
SAME = 1e-4  # relative difference of two gradients that are the same
APART = 1e-2  # relative difference of two that are not


def say_no_error(seen: Observed, report: Report, known: frozenset[str] = frozenset()) -> bool:
    """Whether a critic steps along one gradient in all rows, at the actions that are stored; say so.

    Not one of those that are `known`, which have another loss.
    """
    learned: dict[str, list[float]] = {}
    for update in seen.updates if seen.spaces.continuous else ():
        for backward in update.backwards:
            stepped = applied_to(update, backward)
            for rows in value_rows(seen, update, backward.number):
                if rows.call.network not in known and rows.call.parameters & stepped and _is_linear(seen, rows):
                    learned.setdefault(rows.call.network, []).append(float(rows.g[0]))
    for name, slopes in learned.items():
        apart = float(np.ptp(np.abs(slopes)) / np.abs(slopes).max())
        if len(slopes) >= FEWEST and apart > APART:
            report.add(FAULT, "error-averaged", name, "d loss / d Q is one number in each update")
        elif len(slopes) >= FEWEST and np.ptp(slopes) <= SAME * np.abs(slopes).max():
            told = "d loss / d Q is one and the same number in all rows and updates, whatever a label may be"
            report.add(FAULT, "error-not-squared", name, told)
    return any(f.code in {"error-not-squared", "error-averaged"} for f in report.findings)


def _is_linear(seen: Observed, rows: ValueRows) -> bool:
    """Whether all rows have one gradient, at the actions that were taken."""
    stored = rows.action is not None and are_stored(rows.action, stored_actions(seen, rows.index))
    return stored and len(rows.g) >= FEWEST_ROWS and bool(rows.g[0]) and is_constant(rows.g)
