"""Patterns of an error: digits that are lost, numbers in other places, wrong signs, one factor for each line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradschool.core.numerics import Array, nearly_equal
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.observations import largest
from gradschool.diagnosis.inputs import is_ids, numbers_of

ALONG = 2e-5  # of the largest entry: what is left of an answer beside the right one's direction
LINES = 4  # wrong tables, of several rows and columns, that must agree on what is said of lines
NEARLY = 1e-4  # of an answer's largest entry
ABOUT = 0.02  # of a multiple of the right answer
LONG = 5  # entries with more digits than a float16 has, before all entries being float32 means anything


def compared(parts: Sequence[Part]) -> str:
    """Return the experiment of a comparison."""
    return f"compared on {len(parts)} inputs"


def leaks(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an answer that is wrong only where the right one is 0; an id of 0 is one like another."""
    if any(is_ids(c.expected) for p in parts for c in p.comparisons):
        return
    if all(p.of_numbers and not p.right[p.wrong].any() for p in parts) and any((p.right != 0).any() for p in parts):
        said = f"{parts[0].what} is not 0 in entries where it should be 0; everywhere else it is right."
        yield Diagnosis("leak", said, Claim("leak", parts[0].label), compared(parts))


# -- digits -----------------------------------------------------------------------------------------------------------


def precision(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an answer that is right but for its last digits, and one that has been float32 on the way."""
    if not all(p.of_numbers for p in parts):
        return
    what, label = parts[0].what, parts[0].label
    single = all((p.got == p.got.astype(np.float32)).all() for p in parts)
    if all((np.abs(p.got - p.right) <= 1e-5 * np.abs(p.right))[p.wrong].all() for p in parts):
        yield _float32(what, label) if single else _few_digits(what, label, compared(parts))
    elif single and sum(_long_entries(p.got) for p in parts) >= LONG:
        said = f"Every entry of {lower(what)} is a float32: half of the digits were lost on the way."
        yield Diagnosis("float32", said, Claim("single", label), "each entry survives rounding to float32")


def nearly(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an answer that is off by little beside its largest entry, and by more beside others."""
    if all(p.of_numbers for p in parts) and _nearly_right(parts):
        said = (
            f"{parts[0].what} is off by less than 1/10,000 of its largest entry. Float32 on the way, rounding and a "
            "small constant added somewhere all look like this."
        )
        yield Diagnosis("precision", said, Claim("precision", parts[0].label, (NEARLY,)), compared(parts))


def about(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize a factor in an answer that is not exactly its multiple, as a difference quotient's may be."""
    if not all(p.of_numbers for p in parts):
        return
    wrong = [p for p in parts if p.is_wrong and np.count_nonzero(p.right) > 1]
    found = [float(np.vdot(p.right, p.got)) / float(np.vdot(p.right, p.right)) for p in wrong]
    if len(wrong) < LINES or max(found) - min(found) > ABOUT * abs(found[0]) or abs(found[0] - 1) < 0.1:
        return
    c = float(np.median(found))
    if all(largest(p.got - c * p.right) <= ABOUT * largest(c * p.right) for p in parts):
        said = (
            f"{parts[0].what} is about {c:.2g} times what it should be, and not exactly: less than 2% of its largest "
            "entry is left over."
        )
        yield Diagnosis("about-times", said, Claim("about", parts[0].label, (c,)), compared(parts))


def _nearly_right(parts: Sequence[Part]) -> bool:
    """Return whether most answers are off by a little, as where digits are lost before two numbers nearly cancel.

    Where few are, it may be their numbers that make it so little.
    """
    many = sum(p.is_wrong for p in parts) >= 0.5 * len(parts)
    return many and all(largest(p.got - p.right) <= NEARLY * largest(p.right) for p in parts)


def _long_entries(x: Array) -> int:
    """Return how many entries have more digits than a float16."""
    with np.errstate(over="ignore"):
        return int(np.count_nonzero(x != x.astype(np.float16)))


def lower(what: str) -> str:
    """Return the subject of a sentence as it stands in the middle of one."""
    return "the result" if what == "The result" else what


def _float32(what: str, label: str) -> Diagnosis:
    said = f"{what} is right to about 5 digits in every entry: every entry is a float32."
    return Diagnosis(
        "float32", said, Claim("precision", label, ("float32",)), "each entry survives rounding to float32"
    )


def _few_digits(what: str, label: str, how: str) -> Diagnosis:
    said = (
        f"{what} is right to about 5 digits in every entry, and no further. Float32 on the way, a difference quotient, "
        "rounding and a small constant added somewhere all look like this."
    )
    return Diagnosis("precision", said, Claim("precision", label, (1e-5,)), how)


# -- places and signs -------------------------------------------------------------------------------------------------


def displaced(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize the right numbers in other places."""
    several = any(np.unique(p.right).size > max(2, p.right.size / 4) for p in parts)
    if several and all(p.of_numbers and _same_but_for(_sorted(p.got), _sorted(p.right), p) for p in parts):
        said = f"{parts[0].what} has the right numbers, but not in the right places."
        yield Diagnosis("displaced", said, Claim("displaced", parts[0].label), compared(parts))


def wrong_signs(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize the right sizes with wrong signs."""
    enough = sum(p.right.size for p in parts) > LINES
    if enough and all(p.of_numbers and _same_but_for(np.abs(p.got), np.abs(p.right), p) for p in parts):
        said = f"{parts[0].what} has the right size in every entry, and the wrong sign in some."
        yield Diagnosis("signs", said, Claim("signs", parts[0].label), compared(parts))


def _sorted(x: Array) -> Array:
    return np.sort(x, axis=None)


def _same_but_for(got: Array, right: Array, p: Part) -> bool:
    """Return whether two arrays agree, up to a small share of what the answer is wrong by."""
    error = np.abs(p.got - p.right)[p.wrong]
    return nearly_equal(got, right) and largest(got - right) <= 1e-3 * float(np.min(error, initial=np.inf))


def direction(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize the right direction with another length on each input, as where a gradient is normalized.

    A step is counted from where it starts. What is divided by 0 has no direction. A target network follows another one
    and takes no step along a gradient.
    """
    if parts[0].exercise.steps.get(parts[0].label, "").startswith("target"):
        return
    parts = [p for p in parts if p.of_numbers]
    found = [_times_as_long(p) for p in parts]
    if any(c is None for c in found):
        return
    wrong = [c for c, p in zip(found, parts, strict=True) if c is not None and p.is_wrong and _has_direction(p)]
    if len(wrong) < LINES or max(wrong) - min(wrong) <= 0.01 * max(wrong):
        return
    start = parts[0].exercise.steps.get(parts[0].label)
    what = f"The step from `{start}` to {lower(parts[0].what)}" if start else parts[0].what
    shortest = f"{min(wrong):.2g}" if min(wrong) > 0.001 else "less than 0.001"
    longest = f"{max(wrong):.2g}" if max(wrong) < 1000 else "more than 1,000"
    said = (
        f"{what} has the right direction, but another length on each input, from {shortest} to {longest} times the "
        "right one: what is all of it divided by, or multiplied with?"
    )
    yield Diagnosis("direction", said, Claim("direction", parts[0].label), compared(parts))


def sizes(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an answer of the right sign that is too small wherever it is wrong, or too large: it says little."""
    wrong = [p for p in parts if p.is_wrong]
    if len(wrong) < LINES or not all(p.of_numbers and p.right[p.wrong].all() for p in wrong):
        return
    shares = np.concatenate([p.got[p.wrong] / p.right[p.wrong] for p in wrong])
    if shares.size < LONG or not (shares > 0).all():
        return
    for which, holds in (("small", (shares < 1).all()), ("large", (shares > 1).all())):
        if holds:
            what = lower(parts[0].what)
            last = f"down to {shares.min():.3g}" if which == "small" else f"up to {shares.max():.3g}"
            said = f"Wherever {what} is wrong, it has the right sign and is too {which}: {last} times what it should be"
            said += ", and not the same multiple everywhere."
            claim = Claim("sizes", parts[0].label, (which,))
            yield Diagnosis(f"too-{which}", said, claim, compared(parts))


def _from_start(p: Part, x: Array) -> Array:
    name = p.exercise.steps.get(p.label)
    return np.ravel(x) if name is None else np.ravel(x) - np.ravel(numbers_of(p.case.args[name]))


def _has_direction(p: Part) -> bool:
    return bool(np.count_nonzero(_from_start(p, p.right)) > 2)


def _times_as_long(p: Part) -> float | None:
    """Return how many times as long as the right answer one in its direction is; None of any other."""
    got, right = _from_start(p, p.got), _from_start(p, p.right)
    size = float(right @ right)
    c = float(got @ right) / size if size else 1.0
    return c if c > 0 and largest(got - c * right) <= ALONG * largest(got) else None


# -- lines ------------------------------------------------------------------------------------------------------------


def lines(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an offset that is the same everywhere, and a factor or an offset that is the same in each line."""
    label, how = parts[0].label, compared(parts)
    if not all(p.of_numbers for p in parts):
        return
    if all(p.got.size > 2 and _same_offset(p.got, p.right, None) for p in parts):
        said = f"{parts[0].what} is off by the same amount in every entry."
        yield Diagnosis("offset", said, Claim("lines", label, ("entry", "offset")), how)
    tables = [p for p in parts if p.got.ndim == 2 and min(p.got.shape) > 1]
    if sum(p.is_wrong for p in tables) < LINES or any(p.is_wrong and p.got.ndim != 2 for p in parts):
        return  # any right table has lines that are off by nothing, and nothing is said of a vector
    for axis, one, every in ((0, "column", "row"), (1, "row", "column")):
        for kind, fits, by in (("factor", _same_factor, "by a factor"), ("offset", _same_offset, "by an amount")):
            if all(fits(p.got, p.right, axis) for p in tables):
                said = f"{parts[0].what} is in each {one} off {by} of its own, the same in every {every}."
                yield Diagnosis(f"{one}-{kind}", said, Claim("lines", label, (one, kind)), how)


def lines_where_wrong(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize an offset that is the same in all wrong entries of a row, beside entries that are right."""
    wrong = [p for p in parts if p.is_wrong]
    if not all(p.of_numbers and p.got.ndim == 2 for p in wrong):
        return
    if sum(bool((p.wrong.sum(axis=1) > 1).any()) for p in wrong) >= LINES and all(_same_gap(p) for p in wrong):
        what = lower(parts[0].what)
        said = f"Wherever {what} is wrong, it is off by an amount that is one and the same in all of a row."
        claim = Claim("lines", parts[0].label, ("row", "offset-where-wrong"))
        yield Diagnosis("row-offset-where-wrong", said, claim, compared(parts))


def _same_gap(p: Part) -> bool:
    rows = [(p.got[k, some], p.right[k, some]) for k, some in enumerate(p.wrong)]
    return all(_same_offset(got, right, None) for got, right in rows if len(got) > 1)


def _same_factor(got: Array, right: Array, axis: int) -> bool:
    """Return whether got = c * right with one c != 0 in each column (axis 0) or row (axis 1)."""
    squares = np.sum(right**2, axis=axis, keepdims=True)
    c = np.sum(got * right, axis=axis, keepdims=True) / np.where(squares == 0, 1.0, squares)
    several = (np.count_nonzero(right, axis=axis) > 1).all() and not np.allclose(c, c.flat[0])
    return bool(several and (c != 0).all() and nearly_equal(got, c * right))


def _same_offset(got: Array, right: Array, axis: int | None) -> bool:
    gap = got - right
    return nearly_equal(np.broadcast_to(gap.mean(axis, keepdims=True), gap.shape), gap)
