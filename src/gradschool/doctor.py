"""The doctor: looks at a wrong array beside the right one and names the pattern.

It needs only the two arrays and the meaning of the sizes (``{"B": 4}``), so it works without knowing the exercise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool.answers import Foreign, describe
from gradschool.numerics import TOLERANCES, Array, Tolerance, wrong_entries


@dataclass(frozen=True)
class Finding:
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


def form(pair: Pair) -> Finding | None:
    """What is wrong with the kind, shape or dtype; None if they are as they should be."""
    got, expected = pair.got, pair.expected
    if not isinstance(expected, np.ndarray):
        return None if _same_kind(got, expected) else _foreign(pair)
    if not isinstance(got, np.ndarray):
        return _foreign(pair)
    if got.shape != expected.shape:
        return _shape(pair)
    return _dtype(pair)


def _same_kind(got: Any, expected: Any) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str)
    return type(got) is type(expected)


def _foreign(pair: Pair) -> Finding:
    wanted = describe(pair.expected)
    if pair.got is None:
        return Finding("none", f"{pair.what} is None, where {wanted} is asked for: is there a `return` on every path?")
    if isinstance(pair.got, tuple) and isinstance(pair.expected, np.ndarray):
        return Finding("list", f"{pair.what} is a list or tuple, where {wanted} is asked for: return a NumPy array.")
    extra = pair.got.what if isinstance(pair.got, Foreign) else describe(pair.got)
    return Finding("kind", f"{pair.what} is {extra}, where {wanted} is asked for.")


def _shape(pair: Pair) -> Finding:
    got, want = pair.got.shape, pair.expected.shape
    start = f"{pair.what} has shape {got}, where {want} is asked for"
    batch = pair.sizes.get("B")
    if batch and len(got) >= 2 and got[:2] == (batch, batch) and want[:2] != (batch, batch):
        return Finding(
            "broadcast",
            f"{start}: a ({batch}, {batch}) block appears when a ({batch}, 1) array meets a ({batch},) array and NumPy "
            "broadcasts every row against every row. Print both shapes before you subtract.",
        )
    if got == want[::-1]:
        return Finding("transposed", f"{start}: it is the transpose.")
    if batch and got == (batch, *want):
        return Finding(
            "not-summed", f"{start}: there is still one entry per sample. Samples share this parameter: add them up."
        )
    if np.prod(got) == np.prod(want):
        return Finding("reshaped", f"{start}: the right number of entries in another arrangement.")
    if got == ():
        return Finding("collapsed", f"{start}: everything has been added up or averaged into one number.")
    return Finding("shape", f"{start}.")


def _dtype(pair: Pair) -> Finding | None:
    got, want = pair.got.dtype, pair.expected.dtype
    if got == want or (want.kind in "iu" and got.kind in "iu") or (got.kind == want.kind == "b"):
        return None
    if got == np.float32 and want == np.float64:
        return Finding(
            "float32", f"{pair.what} is float32, where float64 is asked for: gradient checks need the digits."
        )
    if pair.got.ndim == 0 and got.kind in "iuf" and want.kind in "iuf" and got.itemsize >= 8:
        return None  # a Python int where a float is asked for is the same number
    return Finding("dtype", f"{pair.what} holds {got} numbers, where {want} is asked for.")


def values(pairs: Sequence[Pair], tolerance: Tolerance = TOLERANCES["numeric"]) -> Finding | None:
    """The pattern behind wrong numbers: the first that explains every wrong pair. None if nothing is wrong."""
    wrong = [pair for pair in pairs if is_wrong(pair, tolerance)]
    if not wrong:
        return None
    for pattern in (_nan, _not_numbers, _zeros, _leak, _precision, _ratio, _transpose, _offset, _rows, _some):
        finding = pattern(wrong, pairs)
        if finding:
            return finding
    return Finding("values", f"{wrong[0].what} has the right shape, and other numbers than it should have.")


def is_wrong(pair: Pair, tolerance: Tolerance) -> bool:
    """Whether the values of a pair of the right form disagree."""
    if not isinstance(pair.expected, np.ndarray):
        return pair.got != pair.expected
    return bool(wrong_entries(pair.got, pair.expected, tolerance).any())


def _nan(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    for pair in wrong:
        if isinstance(pair.got, np.ndarray) and not np.isfinite(pair.got).all():
            return Finding(
                "nan", f"{pair.what} has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp."
            )
    return None


def _not_numbers(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    if all(isinstance(pair.expected, np.ndarray) and pair.expected.dtype.kind in "fiu" for pair in wrong):
        return None
    return Finding("answer", f"{wrong[0].what} is not the right answer yet.")


def _zeros(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    if all(not pair.got.any() and pair.expected.any() for pair in wrong):
        return Finding("zero", f"{wrong[0].what} is zero everywhere: no gradient arrives, though one must flow here.")
    return None


def _leak(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    """Right wherever something must flow, and something also where nothing may."""
    for pair in wrong:
        blocked = pair.expected == 0
        if not blocked.any() or blocked.all() or not pair.got[blocked].any():
            return None
        if not np.allclose(pair.got[~blocked], pair.expected[~blocked], rtol=1e-6):
            return None
    return Finding(
        "leak", f"{wrong[0].what} is right where something must flow, but is not 0 where no gradient may flow."
    )


def _precision(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    for pair in wrong:
        size = np.max(np.abs(pair.expected), initial=0.0)
        if size == 0 or np.max(np.abs(pair.got - pair.expected)) > 1e-6 * size:
            return None
    return Finding(
        "precision", f"{wrong[0].what} is nearly right, to about 6 digits: is something computed in float32?"
    )


def _ratio(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    """got = c * expected with one meaning of c over all pairs: a sign, a factor 2, or one of the sizes."""
    found = [_constant_ratio(pair) for pair in pairs if isinstance(pair.expected, np.ndarray) and pair.expected.any()]
    ratios = [r for r in found if r is not None]
    if len(ratios) < len(found) or not ratios:
        return None
    sizes = [pair.sizes for pair in pairs if isinstance(pair.expected, np.ndarray) and pair.expected.any()]
    what = wrong[0].what
    for name, sentence, factor in _meanings(sizes):
        if all(np.isclose(r, factor(s), rtol=1e-5) for r, s in zip(ratios, sizes, strict=True)):
            return Finding(name, f"{what} is {sentence}")
    if np.allclose(ratios, ratios[0], rtol=1e-5):
        return Finding("ratio", f"{what} is {ratios[0]:.4g} times what it should be, everywhere: a constant factor.")
    return Finding("scaled", f"{what} points the right way, but its length is off by a factor that differs by input.")


def _constant_ratio(pair: Pair) -> float | None:
    got, expected = np.ravel(pair.got).astype(float), np.ravel(pair.expected).astype(float)
    i = int(np.argmax(np.abs(expected)))
    ratio = got[i] / expected[i]
    same = np.allclose(got, ratio * expected, rtol=1e-5, atol=1e-7 * np.abs(expected[i]))
    return float(ratio) if same and ratio != 0 else None


HALVES = "where does the 2 of the square go, and is there a 1/2 in the loss?"


def _meanings(sizes: Sequence[Mapping[str, int]]) -> list[tuple[str, str, Any]]:
    """Every factor that has a name: (name, end of the sentence, factor as a function of the sizes)."""
    known = [
        ("sign", "the negative of what it should be: a sign is turned round.", lambda s: -1.0),
        ("twice", f"twice what it should be: {HALVES}", lambda s: 2.0),
        ("half", f"half of what it should be: {HALVES}", lambda s: 0.5),
    ]
    for name in sizes[0] if sizes and all(sizes) else ():
        larger = f"{name} times too large: a sum stands where a mean is asked for."
        smaller = f"{name} times too small: divided by {name} once too often."
        known += [
            (f"times-{name}", larger, lambda s, n=name: float(s[n])),
            (f"over-{name}", smaller, lambda s, n=name: 1.0 / s[n]),
            (f"minus-over-{name}", f"-1/{name} of what it should be.", lambda s, n=name: -1.0 / s[n]),
        ]
    return known


def _transpose(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    for pair in wrong:
        if pair.expected.ndim != 2 or pair.expected.shape[0] != pair.expected.shape[1]:
            return None
        if not np.allclose(pair.got, pair.expected.T, rtol=1e-6):
            return None
    return Finding("transposed", f"{wrong[0].what} is the transpose of what it should be.")


def _offset(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    if any(pair.expected.size < 3 for pair in wrong):
        return None
    if all(np.ptp(pair.got - pair.expected) <= 1e-6 * np.max(np.abs(pair.expected)) for pair in wrong):
        return Finding("offset", f"{wrong[0].what} is off by the same amount in every entry.")
    return None


def _rows(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    """Wrong in exactly the rows that carry a name, such as the terminal ones."""
    for name in wrong[0].rows:
        if all(_wrong_rows_are(pair, name) for pair in wrong):
            return Finding(f"rows-{name}", f"{wrong[0].what} is right except in the rows that are {name}.")
    return None


def _wrong_rows_are(pair: Pair, name: str) -> bool:
    if name not in pair.rows or pair.expected.ndim == 0:
        return False
    off = wrong_entries(pair.got, pair.expected, TOLERANCES["numeric"]).reshape(len(pair.expected), -1).any(axis=1)
    mask = np.asarray(pair.rows[name], bool)
    return mask.shape == off.shape and bool(off.any()) and not bool((off & ~mask).any())


def _some(wrong: Sequence[Pair], pairs: Sequence[Pair]) -> Finding | None:
    off = sum(int(wrong_entries(p.got, p.expected, TOLERANCES["numeric"]).sum()) for p in wrong)
    of = sum(p.expected.size for p in wrong)
    if off < of:
        return Finding("some", f"{wrong[0].what} is right in {of - off} of {of} entries; the marked ones differ.")
    return None
