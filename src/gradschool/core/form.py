"""The form of an answer: whether its parts, kinds, shapes and dtypes are the ones that are asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData, describe
from gradschool.core.report import Diagnosis

MOST_NAMES = 6  # parts that one sentence names


def subject(label: str) -> str:
    """Return a part of an answer as the subject of a sentence.

    >>> subject("grad_W"), subject("")
    ('`grad_W`', 'The result')
    """
    return f"`{label}`" if label else "The result"


def check_structure(
    got: PlainData,
    expected: PlainData,
    parts: tuple[Mapping[str, PlainData], Mapping[str, PlainData]],
    returns: tuple[str, ...] = (),
) -> Diagnosis | None:
    """Return what is wrong with the parts of an answer; None if they are the ones that are asked for.

    ``parts`` are the parts of ``got`` and of ``expected`` by their labels; ``returns`` names the parts of a tuple.
    """
    mine, wanted = parts
    if wanted.keys() == mine.keys() and isinstance(got, tuple) == isinstance(expected, tuple):
        return None
    if got is None or not isinstance(expected, tuple | dict):
        return check_form(got, expected)
    returned, asked = describe(got), describe(expected)
    if returned != asked:
        names = returns if isinstance(expected, tuple) else tuple(expected)
        named = f" ({', '.join(names)})" if names else ""
        return Diagnosis("parts", f"The answer is {returned}, where {asked}{named} is asked for.")
    missing, extra = (_some([k for k in one if k not in two]) for one, two in ((wanted, mine), (mine, wanted)))
    told = [f"{names} {verb}" for names, verb in ((missing, "missing"), (extra, "not asked for")) if names]
    return Diagnosis("parts", f"The parts of the answer are not the ones that are asked for: {'; '.join(told)}.")


def _some(names: list[str]) -> str:
    """Return names as a list, the first few of many."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(f"`{name}`" for name in names[:MOST_NAMES]) + more


def check_form(
    got: PlainData, expected: PlainData, label: str = "", sizes: Mapping[str, int] | None = None
) -> Diagnosis | None:
    """Return what is wrong with the kind, shape or dtype of one part of an answer; None if they are right.

    ``label`` names the part; ``sizes`` gives sizes their meaning (``{"B": 4}``), so that a broadcast can be named.

    >>> check_form(np.zeros((3, 2)), np.zeros((2, 3))).name
    'transposed'
    """
    if not isinstance(expected, np.ndarray):
        return None if _same_kind(got, expected) else _wrong_kind(got, expected, label)
    if not isinstance(got, np.ndarray):
        return _wrong_kind(got, expected, label)
    if got.shape != expected.shape:
        return _wrong_shape(got.shape, expected.shape, label, (sizes or {}).get("B", 0))
    return _wrong_dtype(got, expected, label)


def _same_kind(got: PlainData, expected: PlainData) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str)
    return type(got) is type(expected)


def _wrong_kind(got: PlainData, expected: PlainData, label: str) -> Diagnosis:
    what, wanted = subject(label), describe(expected)
    if got is None:
        ask = "did a gradient arrive there at all?" if label else "is there a `return` on every path?"
        return Diagnosis("none", f"{what} is None, where {wanted} is asked for: {ask}")
    if isinstance(got, tuple) and isinstance(expected, np.ndarray):
        return Diagnosis("list", f"{what} is a list or tuple, where {wanted} is asked for: return a NumPy array.")
    return Diagnosis("kind", f"{what} is {describe(got)}, where {wanted} is asked for.")


def _wrong_shape(got: tuple[int, ...], want: tuple[int, ...], label: str, batch: int) -> Diagnosis:
    start = f"{subject(label)} has shape {got}, where {want} is asked for"
    if batch > 1 and got[:2] == (batch, batch) and want[:2] != (batch, batch):
        return Diagnosis(
            "broadcast",
            f"{start}. A ({batch}, {batch}) block is what comes of a ({batch}, 1) array and a ({batch},) array, every "
            "row paired with every row, or of an index that takes whole rows: print the shapes on the way.",
        )
    if got == want[::-1]:
        return Diagnosis("transposed", f"{start}: it is the transpose.")
    if batch > 1 and got == (batch, *want):
        return Diagnosis(
            "not-summed", f"{start}: there is still one entry per sample. The batch has not been added up or averaged."
        )
    if got == ():
        asks = "Has everything been added up, or is one entry returned in the place of all?"
        return Diagnosis("collapsed", f"{start}: it is a single number. {asks}")
    if np.prod(got) == np.prod(want):
        return Diagnosis("reshaped", f"{start}: the right number of entries in another arrangement.")
    return Diagnosis("shape", f"{start}.")


def _wrong_dtype(x: Array, right: Array, label: str) -> Diagnosis | None:
    got, want = x.dtype, right.dtype
    if got == want or (want.kind in "iu" and got.kind in "iu"):
        return None
    if x.ndim == 0 and got.kind in "iuf" and want.kind in "iuf" and got.itemsize >= 8:
        return None  # a Python int where a float is asked for is the same number
    if got == np.float32 and want == np.float64:
        return Diagnosis(
            "float32",
            f"{subject(label)} is float32, where float64 is asked for: half of the digits are lost, and a gradient "
            "check needs them.",
        )
    return Diagnosis("dtype", f"{subject(label)} is of dtype {got}, where {want} is asked for.")
