"""What a student reads, to the letter: the sentence of each wrong form and each pattern of wrong numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradschool.core.compare import Comparison
from gradschool.core.plain_data import Unsupported
from gradschool.core.report import Diagnosis
from gradschool.diagnosis.patterns import values

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
        "The result has shape (4, 4), where (4, 1) is asked for: a (4, 4) block appears when a (4, 1) array meets a "
        "(4,) array and NumPy pairs every row with every row. Print both shapes before you subtract.",
    ),
    "transposed": (pair(X.T), "The result has shape (3, 4), where (4, 3) is asked for: it is the transpose."),
    "not-summed": (
        pair(np.ones((4, 3)), np.ones(3)),
        "The result has shape (4, 3), where (3,) is asked for: there is still one entry per sample. The batch has not "
        "been added up or averaged.",
    ),
    "collapsed": (
        pair(np.array(1.0)),
        "The result has shape (), where (4, 3) is asked for: everything has been added up or averaged into one number.",
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


TURNED = "a sign is turned round"
SQUARE = "where does the 2 of the square go, and is there a 1/2 in the loss?"
SUM, MEAN = "is a sum where a mean is asked for?", "what has been averaged that should not be?"
WHAT = "`first` is "
SQUARE_X = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 11.0], [13.0, 17.0, 19.0]])
BLOCKED = np.where(X > 4, 0.0, X)
VALUES = {
    "sign": (two(lambda x: -x), f"{WHAT}the negative of what it should be: {TURNED}."),
    "twice": (two(lambda x: 2 * x), f"{WHAT}twice what it should be: {SQUARE}"),
    "half": (two(lambda x: x / 2), f"{WHAT}half of what it should be: {SQUARE}"),
    "minus-twice": (two(lambda x: -2 * x), f"{WHAT}-2 times what it should be: {TURNED}, and {SQUARE}"),
    "minus-half": (two(lambda x: -x / 2), f"{WHAT}-1/2 of what it should be: {TURNED}, and {SQUARE}"),
    "times-B": (two(lambda x: 4 * x), f"{WHAT}B (the batch size) times too large: {SUM}"),
    "over-B": (two(lambda x: x / 4), f"{WHAT}B (the batch size) times too small: {MEAN}"),
    "minus-times-B": (two(lambda x: -4 * x), f"{WHAT}B (the batch size) times too large, and {TURNED}."),
    "minus-over-B": (two(lambda x: -x / 4), f"{WHAT}B (the batch size) times too small, and {TURNED}."),
    "times-A": (two(lambda x: 3 * x), f"{WHAT}A (the number of actions) times too large: {SUM}"),
    "over-A": (two(lambda x: x / 3), f"{WHAT}A (the number of actions) times too small: {MEAN}"),
    "ratio": (two(lambda x: 0.7 * x), f"{WHAT}0.7 times what it should be, everywhere: a constant factor."),
    "scaled": (
        [pair(5 * X, X, "first"), pair(7 * X, X, "second")],
        "`first` points the right way, but its length is off, by a factor that differs by input.",
    ),
    "zero": (two(lambda x: 0 * x), f"{WHAT}zero everywhere, and should not be: nothing arrives there."),
    "precision": (
        two(lambda x: x * (1 + 3e-7)),
        f"{WHAT}right to about 5 digits, and no further: is something computed in float32, or by a difference "
        "quotient?",
    ),
    "leak": (
        two(lambda x: np.where(x == 0, 5.0, x), BLOCKED),
        f"{WHAT}not 0 where it should be: something flows where nothing may. Everywhere else it is right.",
    ),
    "not-zero": (
        [pair(X, 0 * X, "first"), pair(X, 0 * X, "second")],
        f"{WHAT[:-4]} should be zero everywhere, and is not.",
    ),
    "transposed": (two(lambda x: x.T, SQUARE_X), f"{WHAT}the transpose of what it should be."),
    "offset": (two(lambda x: x + 0.3), f"{WHAT}off by the same amount in every entry."),
    "nan": (
        two(lambda x: np.where(x == x.flat[0], np.nan, x)),
        "`first` has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp.",
    ),
    "some": (
        two(lambda x: np.where(x == x.flat[0], 99.0, x)),
        f"{WHAT}right in 22 of 24 entries; the marked ones differ.",
    ),
    "values": (two(lambda x: x**2 + 0.5), "`first` has the right shape, but the numbers in it are wrong."),
    "rows-terminated": (
        two(lambda x: np.vstack([x[0] ** 2 + 0.5, x[1:]]), terminated=np.array([True, False, False, False])),
        f"{WHAT}right except in the rows that are terminated.",
    ),
    "answer": ([pair("leak", "sign", "first")], f"{WHAT}not the right answer yet."),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_words_for_wrong_numbers(name: str) -> None:
    sick, sentence = VALUES[name]
    assert values(sick) == Diagnosis(name, sentence)


def test_flags_that_are_all_wrong_and_some_wrong() -> None:
    want = np.array([True, False, True])
    assert values([pair(~want, want)]) == Diagnosis("answer", "The result is wrong in every entry.")
    assert values([pair(np.array([True, True, True]), want)]).name == "some"
    assert values([pair(np.array([3, 5, 1]), np.array([3, 4, 2]))]).name == "some"


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


def test_a_factor_has_to_be_the_same_to_six_digits() -> None:
    """Nearly twice, or twice on one input and not on the other, is not twice."""
    for second in (2.1, 2.0001, 2.00001):
        pairs = [pair(2 * X), pair(second * X)]
        assert values(pairs).name == "scaled"
    assert values([pair(2.1 * X)]).name == "ratio"
    assert values([pair(-5 * X), pair(-7 * X)]).name == "values"
    assert values([pair(0.5 * X), pair(0.9 * X)]).name == "scaled"


def test_lone_numbers_on_two_inputs_show_a_nameless_factor() -> None:
    lone = [pair(np.array(0.7 * v), np.array(v)) for v in (2.0, 5.0)]
    assert values(lone).name == "ratio"
    assert values(lone[:1]).name == "values"
    assert values([pair(np.array([1.4, 2.1]), np.array([2.0, 3.0]))]).name == "ratio"


def test_sizes_that_have_no_long_name_are_called_by_their_letter() -> None:
    sick = [Comparison(7 * X, X, "", {"n": 7})]
    assert values(sick) == Diagnosis("times-n", f"The result is n times too large: {SUM}")


def test_rows_are_named_only_where_every_pair_has_them() -> None:
    change = two(lambda x: np.vstack([x[0] ** 2 + 0.5, x[1:]]), terminated=np.array([True, False, False, False]))
    nameless = replace(change[1], rows={})
    assert values([change[0], nameless]).name == "some"
    elsewhere = two(lambda x: np.vstack([x[:3], x[3:] ** 2 + 0.5]), terminated=np.array([True, False, False, False]))
    assert values(elsewhere).name == "some"
