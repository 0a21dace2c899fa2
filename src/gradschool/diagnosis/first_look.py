"""What is certain about wrong numbers before anything is tried: NaN, texts that differ, how many entries are right.

Everything else about a wrong answer is a hypothesis, and :mod:`gradschool.diagnosis.explain` tries it first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradschool.core.compare import Comparison
from gradschool.core.report import Claim, Diagnosis

UNEXPLAINED = ("values",)  # diagnoses that say that the numbers are wrong, and nothing of how


def values(comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Return what is certain about these comparisons of one part of an answer, of the right form; None if all agree.

    NaN is named as soon as one of them has it: nothing else can be read off before it is gone.
    """
    wrong = [c for c in comparisons if c.is_wrong]
    if not wrong:
        return None
    return _nan(wrong) or _not_numbers(wrong) or _some(comparisons) or _all(wrong[0])


def _all(c: Comparison) -> Diagnosis:
    return Diagnosis(
        "values", f"{c.what} has the right shape, but the numbers in it are wrong.", Claim("wrong", c.label)
    )


def _nan(wrong: Sequence[Comparison]) -> Diagnosis | None:
    for c in wrong:
        if c.of_arrays and (~np.isfinite(c.got64) & np.isfinite(c.expected64)).any():
            said = f"{c.what} has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp."
            return Diagnosis("nan", said, Claim("nan", c.label), "looked at every entry")
    return None


def _not_numbers(wrong: Sequence[Comparison]) -> Diagnosis | None:
    """Recognize texts and flags, which have no sizes and signs to compare."""
    if all(c.of_numbers for c in wrong):
        return None
    c, claim = wrong[0], Claim("wrong", wrong[0].label)
    if all(isinstance(w.expected, np.ndarray) and w.expected.ndim for w in wrong):
        return _some(wrong) or Diagnosis("values", f"{c.what} is wrong in every entry.", claim)
    return Diagnosis("answer", f"{c.what} is not the right answer yet.", claim)


def _some(comparisons: Sequence[Comparison]) -> Diagnosis | None:
    """Say how many entries are right, on all inputs together; None if none is."""
    of = sum(c.mask.size for c in comparisons)
    right = of - sum(int(c.mask.sum()) for c in comparisons)
    if not right:
        return None
    c = comparisons[0]
    said = f"{c.what} is right in {right} of {of} entries; the marked ones differ."
    return Diagnosis("values", said, Claim("wrong", c.label))
