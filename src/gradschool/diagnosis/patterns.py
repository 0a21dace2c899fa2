"""The patterns of wrong numbers: a sign, a factor of the batch size, a transpose, the rows that are terminated.

They need only the two arrays and the meaning of the sizes (``{"B": 4}``), so they work without knowing the exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradschool.core.compare import Comparison
from gradschool.core.numerics import Array, nearly_equal
from gradschool.core.report import Diagnosis

UNEXPLAINED = ("values", "some", "scaled")  # diagnoses that say where the numbers are wrong, not why


def values(comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Name the pattern behind wrong numbers: the first that explains every wrong comparison; None if none is wrong.

    All comparisons are of the same part of the answer on different inputs, and of the right form. NaN alone is named
    as soon as one of them has it: nothing else can be read off before it is gone.
    """
    wrong = [c for c in comparisons if c.is_wrong]
    if not wrong:
        return None
    for pattern in (_nan, _not_numbers, _zeros, _nonzero_where_blocked, _precision, _ratio, _transpose, _offset):
        finding = pattern(wrong, comparisons)
        if finding:
            return finding
    for places in (_rows, _some):
        finding = places(wrong)
        if finding:
            return finding
    return Diagnosis("values", f"{wrong[0].what} has the right shape, but the numbers in it are wrong.")


def _nan(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    for c in wrong:
        if c.of_arrays and (~np.isfinite(c.got64) & np.isfinite(c.expected64)).any():
            return Diagnosis(
                "nan", f"{c.what} has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp."
            )
    return None


def _not_numbers(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Recognize texts and flags, which have no sizes and signs to compare."""
    if all(c.of_numbers for c in wrong):
        return None
    if all(isinstance(c.expected, np.ndarray) and c.expected.ndim for c in wrong):
        return _some(wrong) or Diagnosis("answer", f"{wrong[0].what} is wrong in every entry.")
    return Diagnosis("answer", f"{wrong[0].what} is not the right answer yet.")


def _zeros(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    if all(not c.got64.any() and c.expected64.any() for c in wrong):
        return Diagnosis("zero", f"{wrong[0].what} is zero everywhere, and should not be: nothing arrives there.")
    return None


def _nonzero_where_blocked(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Recognize an answer that is right wherever something must flow, and not 0 where nothing may."""
    if not all(c.expected64.any() for c in wrong):
        nothing = not any(c.expected64.any() for c in wrong)
        return Diagnosis("not-zero", f"{wrong[0].what} should be zero everywhere, and is not.") if nothing else None
    for c in wrong:
        blocked = c.expected64 == 0
        if not c.got64[blocked].any() or not nearly_equal(c.got64[~blocked], c.expected64[~blocked]):
            return None
    return Diagnosis(
        "leak",
        f"{wrong[0].what} is not 0 where it should be: something flows where nothing may. Everywhere else it is right.",
    )


def _precision(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    if not all(nearly_equal(c.got64, c.expected64, 1e-5) for c in wrong):
        return None
    return Diagnosis(
        "precision",
        f"{wrong[0].what} is right to about 5 digits, and no further: is something computed in float32, or by a "
        "difference quotient?",
    )


def _ratio(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Recognize got = c * expected with one meaning of c everywhere: a sign, a factor 2, or one of the sizes."""
    comparisons = [c for c in comparisons if isinstance(c.expected, np.ndarray) and c.expected64.any()]
    ratios = [ratio for c in comparisons if (ratio := _constant_ratio(c)) is not None]
    if len(ratios) < len(comparisons) or not ratios or not all(c.expected64.any() for c in wrong):
        return None
    what = wrong[0].what
    for name, sentence, factor in _meanings([c.sizes for c in comparisons]):
        if all(np.isclose(r, factor(c.sizes), rtol=1e-6, atol=0) for r, c in zip(ratios, comparisons, strict=True)):
            return Diagnosis(name, f"{what} is {sentence}")
    # Any lone number is some multiple of any other: a nameless factor shows itself only in several entries.
    several = [np.count_nonzero(c.expected64) > 1 for c in comparisons]
    if np.allclose(ratios, ratios[0], rtol=1e-6, atol=0) and (any(several) or len(comparisons) > 1):
        return Diagnosis("ratio", f"{what} is {ratios[0]:.4g} times what it should be, everywhere: a constant factor.")
    if all(several) and min(ratios) > 0:
        return Diagnosis(
            "scaled", f"{what} points the right way, but its length is off, by a factor that differs by input."
        )
    return None


def _constant_ratio(c: Comparison) -> float | None:
    got, expected = np.ravel(c.got64), np.ravel(c.expected64)
    i = int(np.argmax(np.abs(expected)))
    ratio = got[i] / expected[i]
    return float(ratio) if ratio != 0 and nearly_equal(got, ratio * expected) else None


SIZES = {"B": "B (the batch size)", "A": "A (the number of actions)"}
SQUARE = "where does the 2 of the square go, and is there a 1/2 in the loss?"
TURNED = "a sign is turned round"

Factor = Callable[[Mapping[str, int]], float]


def _meanings(sizes: Sequence[Mapping[str, int]]) -> list[tuple[str, str, Factor]]:
    """Return every factor that has a name: (name, end of the sentence, factor as a function of the sizes)."""
    known: list[tuple[str, str, Factor]] = [
        ("sign", f"the negative of what it should be: {TURNED}.", lambda s: -1.0),
        ("twice", f"twice what it should be: {SQUARE}", lambda s: 2.0),
        ("half", f"half of what it should be: {SQUARE}", lambda s: 0.5),
        ("minus-twice", f"-2 times what it should be: {TURNED}, and {SQUARE}", lambda s: -2.0),
        ("minus-half", f"-1/2 of what it should be: {TURNED}, and {SQUARE}", lambda s: -0.5),
    ]
    for name in sorted(set.intersection(*(set(s) for s in sizes))) if sizes else ():
        size = SIZES.get(name, name)
        larger, smaller = "is a sum where a mean is asked for?", "what has been averaged that should not be?"
        known += [
            (f"times-{name}", f"{size} times too large: {larger}", _power(name, 1.0)),
            (f"over-{name}", f"{size} times too small: {smaller}", _power(name, -1.0)),
            (f"minus-times-{name}", f"{size} times too large, and {TURNED}.", _power(name, 1.0, -1.0)),
            (f"minus-over-{name}", f"{size} times too small, and {TURNED}.", _power(name, -1.0, -1.0)),
        ]
    return known


def _power(name: str, power: float, sign: float = 1.0) -> Factor:
    return lambda sizes: sign * float(sizes[name]) ** power


def _transpose(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    for c in wrong:
        square = c.expected64.ndim == 2 and len(set(c.expected64.shape)) == 1
        if not square or not nearly_equal(c.got64, c.expected64.T):
            return None
    return Diagnosis("transposed", f"{wrong[0].what} is the transpose of what it should be.")


def _offset(wrong: Sequence[Comparison], comparisons: Sequence[Comparison]) -> Diagnosis | None:
    if any(c.expected64.size < 3 for c in wrong):
        return None
    offsets = [c.got64 - c.expected64 for c in wrong]
    if all(nearly_equal(off, np.full(off.shape, off.flat[0])) for off in offsets):
        return Diagnosis("offset", f"{wrong[0].what} is off by the same amount in every entry.")
    return None


def _rows(wrong: Sequence[Comparison]) -> Diagnosis | None:
    """Recognize an answer that is wrong in rows that carry a name, such as the terminal ones, and only there."""
    for name in wrong[0].rows:
        masks = [np.asarray(c.rows.get(name, True), bool) for c in wrong]
        if all(map(_wrong_only_in, wrong, masks)) and not all(map(np.all, masks)):
            return Diagnosis(f"rows-{name}", f"{wrong[0].what} is right except in the rows that are {name}.")
    return None


def _wrong_only_in(c: Comparison, rows: Array) -> bool:
    if c.mask.ndim == 0 or rows.shape != c.mask.shape[:1]:
        return False
    off = c.mask.reshape(len(rows), -1).any(axis=1)
    return not bool((off & ~rows).any())


def _some(wrong: Sequence[Comparison]) -> Diagnosis | None:
    off = sum(int(c.mask.sum()) for c in wrong)
    of = sum(c.mask.size for c in wrong)
    if off == of:
        return None
    return Diagnosis("some", f"{wrong[0].what} is right in {of - off} of {of} entries; the marked ones differ.")
