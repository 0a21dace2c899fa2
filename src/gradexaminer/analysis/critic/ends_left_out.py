"""Critics that learn nothing from terminated rows: these have no gradient, and all others have one.

`q * (1 - done)` beside the label does so, and so does a loss of the live rows alone. What the reward of an end is worth
then never reaches any value. The rows that are left are read as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.rows_left_out import kept_rows
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed

CODE = "ends-left-out"
FEWEST = 8  # terminated rows that were seen
FEWEST_LEFT = 0.9  # share of the other rows that have a gradient: of a wrong action's column it is none


def leave_ends_out(seen: Observed, view: CriticView, report: Report) -> None:
    """Say that a critic learns nothing from ends, and keep its other rows alone."""
    ended = [np.array([seen.transitions[int(i)].terminated for i in rows.index]) for _, _, rows in view.rows]
    if not ended:
        return
    moved = [np.any(rows.gradients != 0, axis=1) for _, _, rows in view.rows]
    at_ends, before = np.concatenate(ended), np.concatenate(moved)
    if at_ends.sum() < FEWEST or before[at_ends].any() or before[~at_ends].mean() < FEWEST_LEFT:
        return
    told = f"d loss / d Q is 0 in all {at_ends.sum()} terminated rows, and in no other row"
    report.add(FAULT, CODE, view.name, told)
    view.rows = [(u, b, kept_rows(rows, ~x)) for (u, b, rows), x in zip(view.rows, ended, strict=True) if not x.all()]


def forget_their_mask(report: Report) -> None:
    """Whether these rows bootstrap is no question where they learn nothing."""
    where = {f.where for f in report.findings if f.code == CODE}
    report.findings = [f for f in report.findings if f.code != "mask-not-seen" or f.where not in where]
