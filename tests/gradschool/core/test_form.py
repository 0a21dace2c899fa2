"""The form of an answer: every wrong kind, shape and dtype by its name."""

from __future__ import annotations

import numpy as np
import pytest

from gradschool.core.compare import Comparison
from gradschool.core.plain_data import Unsupported

WANT = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("got", "want", "name", "words"),
    [
        (None, WANT, "none", "None, where an array of shape (4, 2)"),
        ((1.0, 2.0), WANT, "list", "return a NumPy array"),
        (Unsupported("a generator"), WANT, "kind", "is a generator, where an array of shape (4, 2)"),
        ({}, WANT, "kind", "a dictionary"),
        ("text", WANT, "kind", "the text 'text'"),
        (np.zeros((4, 4)), WANT, "broadcast", "a (4, 1) array and a (4,) array"),
        (np.zeros((4, 4, 2)), WANT, "broadcast", "every row paired with every row"),
        (np.zeros((2, 4)), WANT, "transposed", "the transpose"),
        (np.zeros((4, 4, 2, 2)), np.zeros((4, 4, 2)), "shape", "has shape (4, 4, 2, 2)"),
        (np.zeros((4, 3, 5)), np.zeros((3, 5)), "not-summed", "one entry per sample"),
        (np.zeros(4), np.array(0.0), "not-summed", "one entry per sample"),
        (np.zeros(8), WANT, "reshaped", "another arrangement"),
        (np.array(0.0), WANT, "collapsed", "a single number"),
        (np.array(0.0), np.zeros(1), "collapsed", "a single number"),
        (np.zeros((4, 3)), WANT, "shape", "has shape (4, 3), where (4, 2) is asked for."),
        (np.zeros((4, 2), np.float32), WANT, "float32", "half of the digits"),
        (np.zeros((4, 2), np.float16), WANT, "dtype", "dtype float16, where float64"),
        (np.zeros((4, 2), int), WANT, "dtype", "dtype int64, where float64"),
        (np.zeros((4, 2), bool), WANT, "dtype", "dtype bool, where float64"),
        (np.zeros(2), np.zeros(2, int), "dtype", "dtype float64, where int64"),
        (np.zeros(2, int), np.zeros(2, bool), "dtype", "dtype int64, where bool"),
        (np.array(1, np.float32), np.array(1.0), "float32", "float32"),
        (np.array(True), np.array(1.0), "dtype", "bool"),
        (np.array(1), np.array(True), "dtype", "int64, where bool"),
        (np.array(1.0), "sign", "kind", "a number, where the text"),
    ],
)
def test_a_wrong_form_has_its_name(got: object, want: object, name: str, words: str) -> None:
    finding = Comparison(got, want, sizes={"B": 4}).form
    assert finding is not None
    assert finding.name == name
    assert words in finding.sentence


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (np.zeros((4, 2)), WANT),
        (np.array(1), np.array(1.0)),
        (np.array(1.0), np.array(1)),
        (np.zeros(2, np.int32), np.zeros(2, np.int64)),
        (np.zeros(2, np.uint8), np.zeros(2, np.int64)),
        (np.zeros(2, bool), np.zeros(2, bool)),
        ("leak", "sign"),
        (None, None),
    ],
)
def test_a_right_form_is_left_alone(got: object, want: object) -> None:
    assert Comparison(got, want, sizes={"B": 4}).form is None


def test_a_batch_of_one_broadcasts_nothing() -> None:
    assert Comparison(np.zeros((1, 1)), np.zeros(1), sizes={"B": 1}).form.name == "reshaped"
    assert Comparison(np.zeros((1, 3)), np.zeros(3), sizes={"B": 1}).form.name == "reshaped"


def test_none_for_a_part_asks_about_the_gradient_and_none_for_all_about_the_return() -> None:
    assert "`return`" in Comparison(None, WANT).form.sentence
    assert "did a gradient arrive" in Comparison(None, WANT, "grad_W").form.sentence
