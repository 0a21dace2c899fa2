"""The shares of an exercise's points: which criteria are met, and what they earn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradschool.core.compare import Attempt
from gradschool.core.exercise import Exercise
from gradschool.core.report import Criterion, Diagnosis

# "edge" and "purity" count only when "value" is met, "shape" only for answers that depend on their inputs: an array
# of zeros earns nothing.
RUBRIC_WEIGHTS = {"shape": 0.10, "value": 0.60, "edge": 0.20, "purity": 0.10}


def criteria(
    shape: Diagnosis | None,
    value: Diagnosis | None,
    edge: Diagnosis | None,
    purity: Diagnosis | None,
    *,
    with_edge: bool,
) -> tuple[Criterion, ...]:
    """Return the criteria in the order of a card, from what was found wrong at each stage (None where nothing was).

    ``with_edge``: the exercise has edge cases, and their share.
    """
    for_values = "the values are" if value else ""
    lines = [
        _criterion("shape", shape, "right on every input."),
        _criterion("value", value, "right on every input.", "shape and dtype are" if shape else ""),
        _criterion("edge", edge, "right there too.", for_values),
        _criterion("purity", purity, "it does, and the second call gives the same.", for_values),
    ]
    return tuple(c for c in lines if with_edge or c.name != "edge")


def _criterion(name: str, finding: Diagnosis | None, good: str, waits_for: str = "") -> Criterion:
    if waits_for:
        return Criterion(name, False, f"looked at once {waits_for} right.", not_evaluated=True)
    return Criterion(name, finding is None, finding.sentence if finding else good)


def fraction(exercise: Exercise, found: Sequence[Criterion], regular: Sequence[Attempt]) -> float:
    """Return the fraction of the points that these criteria earn, from 0 to 1; 1 only where all of them are met."""
    if all(c.met for c in found):
        return 1.0
    met = {c.name for c in found if c.met}
    if exercise.per_item and "value" not in met:
        return _share_right(regular) if "shape" in met else 0.0
    total = sum(RUBRIC_WEIGHTS[c.name] for c in found)
    earned = sum(RUBRIC_WEIGHTS[name] for name in met)
    return 0.0 if _is_constant(regular) else round(earned / total, 6)


def _share_right(regular: Sequence[Attempt]) -> float:
    """Return how many of the entries and texts of an answer of the right form are right, never quite 1."""
    masks = [c.mask for t in regular for c in t.comparisons]
    right, of = sum(int((~wrong).sum()) for wrong in masks), sum(wrong.size for wrong in masks)
    return min(round(right / of, 6), 0.999999) if of else 0.0


def _is_constant(regular: Sequence[Attempt]) -> bool:
    """Whether the answer ignores its inputs: one number in every entry of every answer, or no numbers at all."""
    found = [leaf for t in regular for _, leaf in t.got_leaves if isinstance(leaf, np.ndarray)]
    return len(np.unique(np.concatenate([np.zeros(0), *(np.ravel(leaf).astype(float) for leaf in found)]))) <= 1
