"""Labels for all actions that are fitted in several steps: those not taken are the network's values before the first.

`y = q(s).detach(); y[a] = r + ...` gives the untaken outputs no gradient in the first step. In the next ones they have
moved, and are drawn back to where they were: Q now less Q before, times the factor of every other error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.dueling import as_rows
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.trace import Update

SAME = 1e-3  # of the largest entry
ROUNDING = 1e-6  # of the largest value


def keeps_values(update: Update, rows: ValueRows) -> bool:
    """Whether untaken outputs are drawn to what the network answered about these rows before an earlier step."""
    first = min((s.time for s in update.steps if s.parameters & rows.call.parameters), default=0)
    known: dict[int, np.ndarray] = {}
    for c in update.calls:
        if c is rows.call or c.network != rows.call.network or c.time >= first:
            continue
        values = as_rows(c.outputs[rows.output], len(c.keys.index)) if len(c.outputs) > rows.output >= 0 else None
        if values is None or values.shape[1] != rows.values.shape[1]:
            continue
        for i, end, x in zip(c.keys.index, c.keys.end, values, strict=True):
            if end == HERE:
                known.setdefault(int(i), x)
    if not all(int(i) in known for i in rows.index):
        return False
    moved = rows.values - np.stack([known[int(i)] for i in rows.index])
    others = np.ones(moved.shape, bool)
    others[np.arange(len(moved)), rows.taken] = False
    g, moved = rows.gradients[others], moved[others]
    factor = float(g @ moved) / max(float(moved @ moved), 1e-30)
    rounding = factor * ROUNDING * float(np.abs(rows.values).max())
    return factor > 0 and float(np.abs(g - factor * moved).max()) <= SAME * float(np.abs(g).max()) + rounding
