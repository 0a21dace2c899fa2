"""The doctor: looks at a wrong array beside the right one and names the pattern.

It needs only the two arrays and the meaning of the sizes (``{"B": 4}``), so it works without knowing the exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool.core.numerics import TOLERANCES, Array, Tolerance, wrong_entries
from gradschool.core.plain_data import describe


@dataclass(frozen=True)
class Diagnosis:
    """A named pattern: ``name`` for a program, ``sentence`` for a person."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Pair:
    """What came back (``got``) beside what was right, and what the sizes and rows mean."""

    got: Any
    expected: Any
    label: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, Array] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The part of the answer, as the subject of a sentence."""
        return f"`{self.label}`" if self.label else "The result"


def check_form(pair: Pair) -> Diagnosis | None:
    """What is wrong with the kind, shape or dtype; None if they are as they should be."""
    got, expected = pair.got, pair.expected
    if not isinstance(expected, np.ndarray):
        return None if _same_kind(got, expected) else _wrong_kind(pair)
    if not isinstance(got, np.ndarray):
        return _wrong_kind(pair)
    if got.shape != expected.shape:
        return _shape(pair)
    return _dtype(pair)


def _same_kind(got: Any, expected: Any) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str)
    return type(got) is type(expected)


def _wrong_kind(pair: Pair) -> Diagnosis:
    wanted = describe(pair.expected)
    if pair.got is None:
        ask = "did a gradient arrive there at all?" if pair.label else "is there a `return` on every path?"
        return Diagnosis("none", f"{pair.what} is None, where {wanted} is asked for: {ask}")
    if isinstance(pair.got, tuple) and isinstance(pair.expected, np.ndarray):
        return Diagnosis("list", f"{pair.what} is a list or tuple, where {wanted} is asked for: return a NumPy array.")
    return Diagnosis("kind", f"{pair.what} is {describe(pair.got)}, where {wanted} is asked for.")


def _shape(pair: Pair) -> Diagnosis:
    got, want = pair.got.shape, pair.expected.shape
    start = f"{pair.what} has shape {got}, where {want} is asked for"
    batch = pair.sizes.get("B", 0)
    if batch > 1 and got[:2] == (batch, batch) and want[:2] != (batch, batch):
        return Diagnosis(
            "broadcast",
            f"{start}: a ({batch}, {batch}) block appears when a ({batch}, 1) array meets a ({batch},) array and NumPy "
            "pairs every row with every row. Print both shapes before you subtract.",
        )
    if got == want[::-1]:
        return Diagnosis("transposed", f"{start}: it is the transpose.")
    if batch > 1 and got == (batch, *want):
        return Diagnosis(
            "not-summed", f"{start}: there is still one entry per sample. The batch has not been added up or averaged."
        )
    if got == ():
        return Diagnosis("collapsed", f"{start}: everything has been added up or averaged into one number.")
    if np.prod(got) == np.prod(want):
        return Diagnosis("reshaped", f"{start}: the right number of entries in another arrangement.")
    return Diagnosis("shape", f"{start}.")


def _dtype(pair: Pair) -> Diagnosis | None:
    got, want = pair.got.dtype, pair.expected.dtype
    if got == want or (want.kind in "iu" and got.kind in "iu"):
        return None
    if pair.got.ndim == 0 and got.kind in "iuf" and want.kind in "iuf" and got.itemsize >= 8:
        return None  # a Python int where a float is asked for is the same number
    if got == np.float32 and want == np.float64:
        return Diagnosis(
            "float32",
            f"{pair.what} is float32, where float64 is asked for: half of the digits are lost, and a gradient check "
            "needs them.",
        )
    return Diagnosis("dtype", f"{pair.what} is of dtype {got}, where {want} is asked for.")


def values(pairs: Sequence[Pair], tolerance: Tolerance = TOLERANCES["numeric"]) -> Diagnosis | None:
    """The pattern behind wrong numbers: the first that explains every wrong pair. None if nothing is wrong.

    All pairs are the same part of the answer on different inputs, and of the right form (see :func:`form`). NaN
    alone is named as soon as one pair has it: nothing else can be read off before it is gone.
    """
    wrong = [pair for pair in pairs if is_wrong(pair, tolerance)]
    if not wrong:
        return None
    for pattern in (_nan, _not_numbers, _zeros, _nonzero_where_blocked, _precision, _ratio, _transpose, _offset):
        finding = pattern(wrong, pairs)
        if finding:
            return finding
    for places in (_rows, _some):
        finding = places(wrong, tolerance)
        if finding:
            return finding
    return Diagnosis("values", f"{wrong[0].what} has the right shape, but the numbers in it are wrong.")


def is_wrong(pair: Pair, tolerance: Tolerance) -> bool:
    """Whether the values of a pair of the right form disagree. Texts agree in any case and spacing."""
    if isinstance(pair.expected, str):
        return same_text(pair.got) != same_text(pair.expected)
    if not isinstance(pair.expected, np.ndarray):
        return pair.got != pair.expected
    return bool(wrong_entries(pair.got, pair.expected, tolerance).any())


def same_text(text: str) -> str:
    """A text without what does not matter in an answer: upper case, and spaces around and between its words."""
    return " ".join(text.casefold().split())


def _nan(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    for pair in wrong:
        if isinstance(pair.got, np.ndarray) and (~np.isfinite(pair.got) & np.isfinite(pair.expected)).any():
            return Diagnosis(
                "nan", f"{pair.what} has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp."
            )
    return None


def _not_numbers(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    """Texts and flags have no sizes and signs to compare."""
    if all(isinstance(pair.expected, np.ndarray) and pair.expected.dtype.kind in "fiu" for pair in wrong):
        return None
    if all(isinstance(pair.expected, np.ndarray) and pair.expected.ndim for pair in wrong):
        return _some(wrong, TOLERANCES["none"]) or Diagnosis("answer", f"{wrong[0].what} is wrong in every entry.")
    return Diagnosis("answer", f"{wrong[0].what} is not the right answer yet.")


def _zeros(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    if all(not pair.got.any() and pair.expected.any() for pair in wrong):
        return Diagnosis("zero", f"{wrong[0].what} is zero everywhere, and should not be: nothing arrives there.")
    return None


def _nonzero_where_blocked(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    """Right wherever something must flow, and something also where nothing may."""
    if not all(pair.expected.any() for pair in wrong):
        nothing = not any(pair.expected.any() for pair in wrong)
        return Diagnosis("not-zero", f"{wrong[0].what} should be zero everywhere, and is not.") if nothing else None
    for pair in wrong:
        blocked = pair.expected == 0
        if not pair.got[blocked].any() or not _near(pair.got[~blocked], pair.expected[~blocked]):
            return None
    return Diagnosis(
        "leak",
        f"{wrong[0].what} is not 0 where it should be: something flows where nothing may. Everywhere else it is right.",
    )


def _near(got: Array, expected: Array, digits: float = 1e-6) -> bool:
    """Whether two arrays are the same up to this share of the largest entry."""
    off = np.abs(got.astype(np.float64) - expected)
    return bool(np.max(off, initial=0.0) <= digits * np.max(np.abs(expected), initial=0.0))


def _precision(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    if not all(_near(pair.got, pair.expected, 1e-5) for pair in wrong):
        return None
    return Diagnosis(
        "precision",
        f"{wrong[0].what} is right to about 5 digits, and no further: is something computed in float32, or by a "
        "difference quotient?",
    )


def _ratio(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    """got = c * expected with one meaning of c over all pairs: a sign, a factor 2, or one of the sizes."""
    pairs = [pair for pair in pairs if isinstance(pair.expected, np.ndarray) and pair.expected.any()]
    ratios = [ratio for pair in pairs if (ratio := _constant_ratio(pair)) is not None]
    if len(ratios) < len(pairs) or not ratios or not all(pair.expected.any() for pair in wrong):
        return None
    what = wrong[0].what
    for name, sentence, factor in _meanings([pair.sizes for pair in pairs]):
        if all(np.isclose(r, factor(pair.sizes), rtol=1e-6, atol=0) for r, pair in zip(ratios, pairs, strict=True)):
            return Diagnosis(name, f"{what} is {sentence}")
    # Any lone number is some multiple of any other: a nameless factor shows itself only in several entries.
    several = [np.count_nonzero(pair.expected) > 1 for pair in pairs]
    if np.allclose(ratios, ratios[0], rtol=1e-6, atol=0) and (any(several) or len(pairs) > 1):
        return Diagnosis("ratio", f"{what} is {ratios[0]:.4g} times what it should be, everywhere: a constant factor.")
    if all(several) and min(ratios) > 0:
        return Diagnosis(
            "scaled", f"{what} points the right way, but its length is off, by a factor that differs by input."
        )
    return None


def _constant_ratio(pair: Pair) -> float | None:
    got, expected = np.ravel(pair.got).astype(float), np.ravel(pair.expected).astype(float)
    i = int(np.argmax(np.abs(expected)))
    ratio = got[i] / expected[i]
    return float(ratio) if ratio != 0 and _near(got, ratio * expected) else None


SIZES = {"B": "B (the batch size)", "A": "A (the number of actions)"}
SQUARE = "where does the 2 of the square go, and is there a 1/2 in the loss?"
TURNED = "a sign is turned round"

Factor = Callable[[Mapping[str, int]], float]


def _meanings(sizes: Sequence[Mapping[str, int]]) -> list[tuple[str, str, Factor]]:
    """Every factor that has a name: (name, end of the sentence, factor as a function of the sizes)."""
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


def _transpose(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    for pair in wrong:
        square = pair.expected.ndim == 2 and len(set(pair.expected.shape)) == 1
        if not square or not _near(pair.got, pair.expected.T):
            return None
    return Diagnosis("transposed", f"{wrong[0].what} is the transpose of what it should be.")


def _offset(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Diagnosis | None:
    if any(pair.expected.size < 3 for pair in wrong):
        return None
    offsets = [pair.got.astype(np.float64) - pair.expected for pair in wrong]
    if all(_near(off, np.full(off.shape, off.flat[0])) for off in offsets):
        return Diagnosis("offset", f"{wrong[0].what} is off by the same amount in every entry.")
    return None


def _rows(wrong: Sequence[Pair], tolerance: Tolerance) -> Diagnosis | None:
    """Wrong in rows that carry a name, such as the terminal ones, and only there."""
    for name in wrong[0].rows:
        masks = [np.asarray(pair.rows.get(name, True), bool) for pair in wrong]
        if all(_wrong_rows_in(p, m, tolerance) for p, m in zip(wrong, masks, strict=True)) and not all(
            map(np.all, masks)
        ):
            return Diagnosis(f"rows-{name}", f"{wrong[0].what} is right except in the rows that are {name}.")
    return None


def _wrong_rows_in(pair: Pair, mask: Array, tolerance: Tolerance) -> bool:
    if pair.expected.ndim == 0 or mask.shape != pair.expected.shape[:1]:
        return False
    off = wrong_entries(pair.got, pair.expected, tolerance).reshape(len(mask), -1).any(axis=1)
    return not bool((off & ~mask).any())


def _some(wrong: Sequence[Pair], tolerance: Tolerance) -> Diagnosis | None:
    off = sum(int(wrong_entries(p.got, p.expected, tolerance).sum()) for p in wrong)
    of = sum(p.expected.size for p in wrong)
    if off == of:
        return None
    return Diagnosis("some", f"{wrong[0].what} is right in {of - off} of {of} entries; the marked ones differ.")
