"""Rows that a program mirrored: the same state seen from the other side, where left and right are exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.values import ValueRows

FEWEST = 6  # rows in which another action's output has the gradient
NOTHING = 1e-5  # share of the largest gradient below which another one counts as 0


def exchange(view: CriticView) -> None:
    """Take the exchanged actions as taken in mirrored rows, in place, and remember which ones they are."""
    view.exchanged = exchanged_actions(view)
    if view.exchanged:
        view.rows = [(u, b, replace(rows, taken=_columns(rows))) for u, b, rows in view.rows]


def exchanged_actions(view: CriticView) -> dict[int, int]:
    """Pairs of actions that are exchanged in a part of the rows, always the same ones; empty where it is not so.

    A mistake in the index exchanges them in all rows, or does not pair them: only a program that mirrors a part of its
    batch does this.
    """
    pairs: list[tuple[int, int]] = []
    for _, _, rows in view.rows:
        if rows.values.shape[1] == 1 or not _one_each(rows):
            return {}
        pairs += zip(rows.taken.tolist(), _columns(rows).tolist(), strict=True)
    moved = {(a, c) for a, c in pairs if a != c}
    found = dict(moved)
    stayed = {a for a, c in pairs if a == c}
    paired = len(found) == len(moved) and all(found.get(c) == a for a, c in moved)
    return found if paired and set(found) <= stayed and sum(a != c for a, c in pairs) >= FEWEST else {}


def _one_each(rows: ValueRows) -> bool:
    """Whether each row has a gradient at one output at most."""
    hit = np.abs(rows.gradients) > NOTHING * np.abs(rows.gradients).max()
    return bool((hit.sum(axis=1) <= 1).all())


def _columns(rows: ValueRows) -> np.ndarray:
    """The output of each row that has the gradient; the action taken, where none has."""
    some = np.abs(rows.gradients).max(axis=1) > NOTHING * np.abs(rows.gradients).max()
    return np.asarray(np.where(some, np.abs(rows.gradients).argmax(axis=1), rows.taken))
