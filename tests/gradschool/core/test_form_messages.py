"""What a student reads of an answer of the wrong form, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradschool.core.compare import Comparison
from gradschool.core.plain_data import Unsupported
from gradschool.core.report import Diagnosis

B = 4
X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0], [7.0, 8.0, 10.0], [-9.0, 11.0, 12.0]])  # no two ratios alike


def pair(got: Any, expected: Any = X, label: str = "", **rows: np.ndarray) -> Comparison:
    return Comparison(got, expected, label, {"B": B, "A": 3}, rows)


def two(change: Callable[[np.ndarray], np.ndarray], expected: np.ndarray = X, **rows: np.ndarray) -> list[Comparison]:
    """The same mistake on two inputs, the second of which has a name of its own that must not be shown."""
    return [
        pair(change(expected.copy()), expected, "first", **rows),
        pair(change(3 * expected), 3 * expected, "second", **rows),
    ]


ASKED = "where an array of shape (4, 3) is asked for"
FORMS = {
    "none": (
        pair(None),
        "The result is None, where an array of shape (4, 3) is asked for: is there a `return` on every path?",
    ),
    "none of a part": (
        pair(None, label="w"),
        f"`w` is None, {ASKED}: did a gradient arrive there at all?",
    ),
    "list": (
        pair((1, 2)),
        "The result is a list or tuple, where an array of shape (4, 3) is asked for: return a NumPy array.",
    ),
    "kind": (pair(Unsupported("a range")), "The result is a range, where an array of shape (4, 3) is asked for."),
    "broadcast": (
        pair(np.ones((4, 4)), np.ones((4, 1))),
        "The result has shape (4, 4), where (4, 1) is asked for. A (4, 4) block is what comes of a (4, 1) array and a "
        "(4,) array, every row paired with every row, or of an index that takes whole rows: print the shapes on the "
        "way.",
    ),
    "transposed": (pair(X.T), "The result has shape (3, 4), where (4, 3) is asked for: it is the transpose."),
    "not-summed": (
        pair(np.ones((4, 3)), np.ones(3)),
        "The result has shape (4, 3), where (3,) is asked for: there is still one entry per sample. The batch has not "
        "been added up or averaged.",
    ),
    "collapsed": (
        pair(np.array(1.0)),
        "The result has shape (), where (4, 3) is asked for: it is a single number. Has everything "
        "been added up, or is one entry returned in the place of all?",
    ),
    "reshaped": (
        pair(X.ravel()),
        "The result has shape (12,), where (4, 3) is asked for: the right number of entries in another arrangement.",
    ),
    "shape": (pair(np.ones(5)), "The result has shape (5,), where (4, 3) is asked for."),
    "float32": (
        pair(X.astype(np.float32)),
        "The result is float32, where float64 is asked for: half of the digits are lost, and a gradient check needs "
        "them.",
    ),
    "dtype": (pair(X.astype(int)), "The result is of dtype int64, where float64 is asked for."),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_words_for_a_wrong_form(name: str) -> None:
    sick, sentence = FORMS[name]
    assert sick.form == Diagnosis(name.split()[0], sentence)


def test_blocks_and_samples_are_seen_from_a_batch_of_two_on() -> None:
    for size, names in ((2, ("broadcast", "not-summed")), (1, ("shape", "reshaped"))):
        sizes = {"B": size}
        block = Comparison(np.ones((size, size, 2)), np.ones((size, 1)), "", sizes).form
        rows = Comparison(np.ones((size, 3)), np.ones(3), "", sizes).form
        assert (block.name, rows.name) == names
    without = Comparison(np.ones((1, 3)), np.ones(3)).form
    assert without.name == "reshaped"


def test_whole_numbers_of_any_width_are_alike_and_a_lone_number_of_any_kind() -> None:
    for got, want in ((np.uint8, np.int64), (np.int64, np.uint8), (np.int32, np.int64)):
        assert pair(np.ones(3, got), np.ones(3, want)).form is None
    for got, want in ((1, 1.0), (1.0, 1)):
        assert pair(np.array(got), np.array(want)).form is None
    assert pair(np.array(np.uint64(1)), np.array(1.0)).form is None
    assert pair(np.array(np.float32(1)), np.array(1.0)).form.name == "float32"
    assert pair(np.array(True), np.array(1.0)).form.name == "dtype"


def test_what_is_no_array_is_wrong_when_it_differs() -> None:
    assert pair(Unsupported("a range"), Unsupported("a set")).is_wrong
    assert not pair(Unsupported("a range"), Unsupported("a range")).is_wrong
    assert pair(np.ones(2), np.zeros(2)).is_wrong
    assert not pair(" Sign  turned", "sign turned").is_wrong
    assert pair("signturned", "sign turned").is_wrong


def test_none_and_another_kind_where_no_array_is_asked_for() -> None:
    assert pair("leak", "sign").form is None
    assert pair(None, "sign").form.name == "none"
    assert pair(np.array(1.0), "sign").form.name == "kind"
    assert pair("sign", Unsupported("a range")).form.name == "kind"
