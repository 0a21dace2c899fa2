"""What a discrete policy said about next states, for labels that take a mean over its actions or draw one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.policies import is_distribution, softmax

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.trace import Update


def as_probabilities(tables: list[Table], n: int) -> list[Table]:
    """Tables of a policy's probabilities; those that hold logits or log-probabilities are put through a softmax."""
    wide = [t for t in tables if t.values.shape[1] == n]
    direct = [t for t in wide if is_distribution(t.values)]
    return direct or [replace(t, values=softmax(t.values)) for t in wide[:1]]


def drawn_actions(update: Update, n: int, rows: int, before: int) -> dict[str, np.ndarray]:
    """Actions that distributions drew before a moment, one for each row, by which draw it was."""
    given = [x for x in update.log_probs if x.method == "sample" and x.time < before and x.value.size == rows]
    whole = [x.value.reshape(-1) for x in given]
    return {
        f"draw {i}": x.astype(int)
        for i, x in enumerate(whole)
        if np.array_equal(x, np.round(x)) and x.min() >= 0 and x.max() < n
    }
