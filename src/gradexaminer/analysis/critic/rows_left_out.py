"""Critics that never learn from some places of the batch: a loop that ends too soon, or a loss of a part of the rows.

Labels are made for these rows as for the others. The rows that are left are read as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.one_row import labeled
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.values import ValueRows

CODE = "rows-left-out"
FEWEST = 3  # updates
SMALLEST_BATCH = 6  # rows
FEWEST_LEFT = 2  # rows that learn: of a single one, :func:`say_one_row` speaks


def leave_rows_out(views: list[CriticView], report: Report) -> None:
    """Say that a critic learns nothing from some places of the batch, and keep its other rows alone."""
    learns = _rows_that_learn(views)
    for view in views:
        batches = [(rows, np.isin(rows.index, sorted(learns[u.number, rows.call.network]))) for u, _, rows in view.rows]
        both = list(zip(view.rows, batches, strict=True))
        known = all(set(rows.index[~keep]) <= labeled(u) for (u, _, _), (rows, keep) in both)
        told = _told(batches) if len(batches) >= FEWEST and known else ""
        if told:
            report.add(FAULT, CODE, view.name, f"{told}, in each of {len(batches)} updates")
            view.rows = [(u, b, kept_rows(rows, keep)) for (u, b, rows), (_, keep) in both]


def kept_rows(rows: ValueRows, keep: np.ndarray) -> ValueRows:
    """Some of a critic's rows."""
    action = None if rows.action is None else rows.action[keep]
    parts = {name: getattr(rows, name)[keep] for name in ("index", "values", "gradients", "taken")}
    return replace(rows, **parts, action=action)


def _rows_that_learn(views: list[CriticView]) -> dict[tuple[int, str], set[int]]:
    """For each update and network, the transitions that have a gradient in any of its outputs and passes."""
    found: dict[tuple[int, str], set[int]] = {}
    for update, _, rows in (x for view in views for x in view.rows):
        moved = np.any(rows.gradients != 0, axis=1)
        found.setdefault((update.number, rows.call.network), set()).update(map(int, rows.index[moved]))
    return found


def _told(batches: list[tuple[ValueRows, np.ndarray]]) -> str:
    """Which places learn nothing, in words; nothing where they follow no rule."""
    kept = [keep for _, keep in batches]
    if any(keep.all() or keep.sum() < FEWEST_LEFT or len(keep) < SMALLEST_BATCH for keep in kept):
        return ""
    if all(np.array_equal(keep, kept[0]) for keep in kept):
        return f"d loss / d Q is 0 in the same {(~kept[0]).sum()} of {len(kept[0])} rows"
    return ""
