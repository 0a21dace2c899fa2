"""What is said of wrong numbers before anything is tried: only what the two arrays show."""

from __future__ import annotations

import numpy as np

from gradschool.core.compare import Comparison
from gradschool.core.numerics import TOLERANCES
from gradschool.diagnosis.first_look import values

X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def test_nothing_wrong_is_nothing_found() -> None:
    assert values([]) is None
    assert values([Comparison(X.copy(), X)]) is None


def test_nan_comes_first() -> None:
    with_nan = X.copy()
    with_nan[0, 0] = np.nan
    found = values([Comparison(2 * X, X), Comparison(with_nan, X)])
    assert found is not None
    assert (
        found.sentence == "The result has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp."
    )
    assert values([Comparison(np.full((2, 3), np.nan), np.full((2, 3), np.nan))]) is None


def test_how_many_entries_are_right_is_counted_over_all_inputs() -> None:
    off = X.copy()
    off[1, 1] = 0.0
    found = values([Comparison(X, X, "grad"), Comparison(off, X, "grad")])
    assert found is not None
    assert (found.name, found.sentence) == ("values", "`grad` is right in 11 of 12 entries; the marked ones differ.")
    none = values([Comparison(2 * X, X, "grad")])
    assert none is not None
    assert none.sentence == "`grad` has the right shape, but the numbers in it are wrong."


def test_flags_and_texts() -> None:
    flags = np.array([True, False, True])
    for got, sentence in (
        (~flags, "`chosen` is wrong in every entry."),
        (np.array([True, True, True]), "`chosen` is right in 2 of 3 entries; the marked ones differ."),
    ):
        found = values([Comparison(got, flags, "chosen")])
        assert found is not None
        assert found.sentence == sentence
    text = values([Comparison("leak", "sign", "A")])
    assert text is not None
    assert text.sentence == "`A` is not the right answer yet."


def test_the_tolerance_that_is_asked_for_decides() -> None:
    off = X.copy()
    off[0, 0] *= 1 + 3e-9
    assert values([Comparison(off, X, tolerance=TOLERANCES["numeric"])]) is None
    assert values([Comparison(off, X, tolerance=TOLERANCES["exact"])]) is not None
