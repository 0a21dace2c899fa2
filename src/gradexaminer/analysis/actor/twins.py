"""Which of several critics counts for each row of an actor's loss: the smaller one, or the larger.

SAC's actor climbs the smaller of two critics (Haarnoja et al. 2018, arXiv 1812.05905, algorithm 1). Where the larger
counts, the actor seeks out the actions whose value one of them overrates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.actor.paths import Path

FEWEST_ROWS = 8  # of a batch, in which the larger value would not count each time by chance


def say_twins(together: list[Path], report: Report) -> None:
    """Say so where exactly one critic gets a gradient in each row, and it is always the one with the largest value.

    Where it is one and the same critic in all rows, as in TD3, it may be the larger one there by chance.
    """
    first = together[0]
    together = [p for p in together if np.array_equal(p.action, first.action)]
    values, counts = _columns(together)
    if values.shape[1] < 2 or len(values) < FEWEST_ROWS or (counts.sum(axis=1) != 1).any():
        return
    chosen = counts.argmax(axis=1)
    if (chosen == chosen[0]).all():
        return
    taken = values[np.arange(len(values)), chosen]
    if (taken == values.max(axis=1)).all() and (taken > values.min(axis=1)).sum() >= FEWEST_ROWS:
        where = ", ".join(dict.fromkeys(p.call.network for p in together))
        told = f"in the actor's loss, d loss / d Q is 0 for the smaller of {values.shape[1]} values in every row"
        report.add(FAULT, "actor-max-of-twins", where, told)


def _columns(together: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """One column for each critic: its value of each row's action, and whether a gradient came to it."""
    rows = len(together[0].at_output)
    found = [
        (x.reshape(rows), np.zeros(rows, bool) if g is None or g.size != rows else g.reshape(rows) != 0)
        for p in together
        for i, x in enumerate(p.call.outputs)
        if x.size == rows
        for g in [p.call.gradient(p.backward.number, i)]
    ]
    values, counts = zip(*found, strict=True) if found else ((), ())
    return np.reshape(values, (len(values), rows)).T, np.reshape(counts, (len(counts), rows)).T.astype(bool)
