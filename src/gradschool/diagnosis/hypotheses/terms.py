"""Which piece of an answer is wrong: one array of a list of them, or one term of a sum of outer products."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradschool.core.compare import Comparison
from gradschool.core.numerics import Array
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.factors import in_common
from gradschool.diagnosis.hypotheses.observations import largest
from gradschool.diagnosis.hypotheses.patterns import compared, lower

LEAST = 3  # wrong answers that must show it
LEFT = 1e-6  # of an error: what may be left beside the direction of an input
ROUNDING = 1e-11  # of the right answer: errors of numbers this much larger have no direction that is seen
APART = 1e-3  # of the right answer's size: what of it lies beside that direction, or there is nothing to tell

Chosen = Callable[[Sequence[Comparison], int], bool]  # whether one of the arrays is meant, by its number


def _one_axis(found: Comparison) -> bool:
    return found.expected64.ndim == 1


ARRAYS: tuple[tuple[str, str, Chosen], ...] = (
    ("last", "the last one is wrong; all others are right", lambda found, k: k == len(found) - 1),
    ("first", "the first one is wrong; all others are right", lambda found, k: k == 0),
    ("but-last", "the last one is right; all others are wrong", lambda found, k: k < len(found) - 1),
    ("but-first", "the first one is right; all others are wrong", lambda found, k: k > 0),
    ("vectors", "those with one axis are wrong; all others are right", lambda found, k: _one_axis(found[k])),
    ("matrices", "those with several axes are wrong; all others are right", lambda found, k: not _one_axis(found[k])),
)


def wrong_arrays(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Say which arrays of a list are wrong, where these are the same ones in every wrong answer.

    A list of a single array says nothing.
    """
    told = [p for p in parts if p.of_numbers and len(p.comparisons) > 1]
    wrong = [p for p in told if p.is_wrong]
    if len(wrong) < LEAST or not all(p.of_numbers for p in parts):
        return
    for name, says, chosen in ARRAYS:
        if all(_are_these(p, chosen) for p in wrong):
            said = f"Of the arrays of {lower(parts[0].what)}, {says}."
            yield Diagnosis(f"wrong-{name}", said, Claim("arrays", parts[0].label, (name,)), compared(parts))
            return


def _chosen(p: Part, chosen: Chosen) -> list[bool]:
    return [chosen(p.comparisons, k) for k in range(len(p.comparisons))]


def _are_these(p: Part, chosen: Chosen) -> bool:
    """Return whether the wrong arrays are the chosen ones; one of them may be right where all its numbers are 0."""
    meant = _chosen(p, chosen)
    if not any(meant) or all(meant):
        return False
    pairs = list(zip(p.comparisons, meant, strict=True))
    spared = not any(c.mask.any() for c, m in pairs if not m)
    return spared and all(c.mask.any() or not c.expected64.any() for c, m in pairs if m)


def wrong_terms(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Say along which input an error lies, as of one of two paths: the rest of the answer, beside it, is right."""
    tables = [p for p in parts if _is_table(p)]
    wrong = [p for p in tables if p.is_wrong]
    if len(wrong) < LEAST or any(p.is_wrong and p.right.size > 1 and not _is_table(p) for p in parts):
        return
    for name in in_common(parts):
        for axis, line in ((1, "row"), (0, "column")):
            if all(_is_along(p, name, axis) for p in wrong) and any(_is_apart(p, name, axis) for p in wrong):
                what = parts[0].what
                said = (
                    f"What separates {lower(what)} from the right one is in every {line} a multiple of `{name}`: the "
                    f"term whose {line}s are multiples of `{name}` is wrong, and what is added to it is right."
                )
                yield Diagnosis("wrong-term", said, Claim("term", parts[0].label, (name, axis)), compared(parts))
                return


def _is_table(p: Part) -> bool:
    return p.of_numbers and p.right.ndim == 2 and min(p.right.shape) > 1


def _beside(x: Array, along: Array, axis: int) -> Array:
    """Return what is left of a table without its share along a vector in each row (axis 1) or column (axis 0)."""
    rows = x if axis == 1 else x.T
    return np.asarray(rows - np.outer(rows @ along, along) / float(along @ along))


def _vector(p: Part, name: str, axis: int) -> Array | None:
    x = p.inputs[name]
    usable = x.dtype.kind == "f" and x.shape == (p.right.shape[axis],) and x.any()
    return x.astype(np.float64) if usable else None


def _is_along(p: Part, name: str, axis: int) -> bool:
    x, error = _vector(p, name, axis), p.got - p.right
    if x is None:
        return False
    return largest(_beside(error, x, axis)) <= LEFT * largest(error) + ROUNDING * largest(p.right)


def _is_apart(p: Part, name: str, axis: int) -> bool:
    """Return whether the right answer has more than this term, so that the error might have lain elsewhere."""
    x = _vector(p, name, axis)
    return x is not None and largest(_beside(p.right, x, axis)) > APART * largest(p.right)
