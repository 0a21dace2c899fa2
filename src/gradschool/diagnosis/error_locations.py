"""Where a wrong answer is wrong, and how far: at the actions taken, by one factor a column, one place too far.

Said where :mod:`gradschool.diagnosis.input_relations` and :mod:`gradschool.diagnosis.sensitivity` have not found what
has been done.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradschool.core.numerics import Array, nearly_equal
from gradschool.core.report import Diagnosis
from gradschool.diagnosis.input_relations import Relation, WrongPair, in_common, lower


def taken(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer that is right at the actions taken and wrong elsewhere, or the other way round."""
    masks = []
    for w in wrong:
        action = w.inputs.get("action")
        if action is None or action.dtype.kind not in "iu" or action.shape != w.off.shape[:1] or w.off.ndim != 2:
            return None
        masks.append(np.arange(w.off.shape[1]) == action[:, None])
    what = wrong[0].what
    if not any((w.off & m).any() for w, m in zip(wrong, masks, strict=True)):
        return Diagnosis("untaken", f"{what} is right at the actions taken; what is wrong stands at other actions.")
    if not any((w.off & ~m).any() for w, m in zip(wrong, masks, strict=True)):
        return Diagnosis("taken", f"{what} is wrong at actions that were taken, and right at all the others.")
    return None


def by_sign(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer that is wrong exactly where one of the inputs has one sign."""
    for name in in_common(wrong):
        given = [w.inputs[name] for w in wrong]
        fits = all(g.shape == w.off.shape and g.dtype.kind == "f" for g, w in zip(given, wrong, strict=True))
        if not fits or sum(g.size for g in given) < 6:
            continue
        for word, mask in (("negative", [g < 0 for g in given]), ("positive", [g > 0 for g in given])):
            if all((w.off == m).all() and not m.all() for w, m in zip(wrong, mask, strict=True)):
                return Diagnosis("by-sign", f"{wrong[0].what} is wrong exactly where `{name}` is {word}.")
    return None


def rolled(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize the right answer, moved by one place in its last axis."""
    for by, place in ((1, "far"), (-1, "early")):
        if all(w.got.ndim and nearly_equal(w.got, np.roll(w.expected, by, axis=-1)) for w in wrong):
            return Diagnosis("rolled", f"{wrong[0].what} is right, but stands one place too {place} in its last axis.")
    return None


def outer(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an error that is a multiple of one input in every row, or in every column."""
    if not all(w.got.ndim == 2 and min(w.got.shape) > 1 for w in wrong):
        return None
    for name in in_common(wrong):
        for turn, line in ((False, "row"), (True, "column")):
            gaps = [(w.got - w.expected).T if turn else w.got - w.expected for w in wrong]
            given = [w.inputs[name] for w in wrong]
            if all(
                g.ndim == 1 and g.size == gap.shape[1] and _multiples(gap, g)
                for gap, g in zip(gaps, given, strict=True)
            ):
                gap = f"What separates {lower(wrong[0].what)} from the right one is a multiple of `{name}`"
                return Diagnosis("outer", f"{gap} in every {line}: is a term with `{name}` wrong, or missing?")
    return None


def _multiples(gap: Array, g: Array) -> bool:
    """Return whether every row of ``gap`` is a multiple of g."""
    return bool(g.any()) and nearly_equal(np.outer(gap @ g / (g @ g), g), gap)


def lines(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize a factor or an offset that is constant down each column, or along each row."""
    if not all(w.got.ndim == 2 and min(w.got.shape) > 1 for w in wrong):
        return None
    what = wrong[0].what
    for axis, one, every in ((0, "column", "row"), (1, "row", "column")):
        if all(_constant_along(w, axis) for w in wrong):
            said = f"in each {one} off by a factor of its own, the same in every {every}"
            return Diagnosis(f"{one}-factor", f"{what} is {said}.")
        gaps = [w.got - w.expected for w in wrong]
        if all(nearly_equal(np.broadcast_to(gap.mean(axis, keepdims=True), gap.shape), gap) for gap in gaps):
            said = f"in each {one} off by an amount of its own, the same in every {every}"
            return Diagnosis(
                f"{one}-offset", f"{what} is {said}: is something added to, or left out of, every {every}?"
            )
    return None


def _constant_along(w: WrongPair, axis: int) -> bool:
    """Return whether got = c * expected with one c != 0 in each column (axis 0) or row (axis 1)."""
    squares = np.sum(w.expected**2, axis=axis, keepdims=True)
    c = np.sum(w.got * w.expected, axis=axis, keepdims=True) / np.where(squares == 0, 1.0, squares)
    several = (np.count_nonzero(w.expected, axis=axis) > 1).all()
    return bool(several and (c != 0).all() and nearly_equal(w.got, c * w.expected))


def close(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer that is off by no more than a hundredth of its largest entry."""
    if all(np.abs(w.got - w.expected).max() <= 0.01 * np.abs(w.expected).max() for w in wrong):
        return Diagnosis("close", f"{wrong[0].what} is nearly right: off by at most 1 % of its largest entry.")
    return None


def directions(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer in which all signs are right."""
    if all((np.sign(w.got) == np.sign(w.expected)).all() for w in wrong) and sum(w.got.size for w in wrong) > 5:
        return Diagnosis("lengths", f"{wrong[0].what} has the right sign in every entry; the sizes are not right.")
    return None


WHERE: tuple[Relation, ...] = (taken, by_sign, rolled, lines, outer)
WEAK: tuple[Relation, ...] = (close, directions)
