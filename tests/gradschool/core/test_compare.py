"""The comparison: which entries and texts are wrong, which answers are the same, which case is the example."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradschool.check.assess import assess
from gradschool.core.calling import Raised, Reply
from gradschool.core.compare import Attempt, Comparison, example_of, same
from gradschool.core.exercise import Case, Exercise
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import to_plain

X = np.array([1.0, -2.0])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (X, X * (1 + 1e-12), True),  # one formula, added up in another order
        (X, X * (1 + 1e-6), False),
        (X, X.astype(np.float32), False),
        (X, X[None], False),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), True),
        ((X, "a"), (X, "a"), True),
        ((X, X), (X,), False),
        ({"W": X}, {"W": X + 1}, False),
        ({"W": X}, {"b": X}, False),
        ((X,), {"[0]": X}, False),
        (X, None, False),
        (Raised("ValueError", "one 1"), Raised("ValueError", "one 2"), True),
        (Raised("ValueError", ""), Raised("KeyError", ""), False),
    ],
)
def test_two_answers_are_the_same_within_the_table_and_in_structure(one: Any, other: Any, alike: bool) -> None:
    assert same(one, other, TOLERANCES["exact"]) is alike
    assert same(other, one, TOLERANCES["exact"]) is alike


@pytest.mark.parametrize("text", ["sign", "Sign", " sign ", "SIGN\n"])
def test_case_and_spacing_of_a_text_do_not_matter(text: str) -> None:
    assert not Comparison(text, "sign").is_wrong
    assert Comparison(text + "s", "sign").is_wrong
    assert Comparison("s ign", "sign").is_wrong


def toy_cases(rng: np.random.Generator) -> list[Case]:
    """Two regular cases and one at the edge; the regular ones do not come in the order of their size."""
    return [
        Case("five", {"x": np.array([1.0, 2, 4, 8, 16]), "k": 3}, sizes={"n": 5}),
        Case("three", {"x": np.array([1.0, 5, 7]), "k": 3}, sizes={"n": 3}),
        Case("one", {"x": np.array([2.0]), "k": 3}, edge=True, sizes={"n": 1}),
    ]


TOY = Exercise("chain.toy", "A toy", "toy(x, k) -> (n,)", toy_cases, lambda a: a["k"] * a["x"])


def test_two_replies_are_the_same_only_in_every_part() -> None:
    table = TOLERANCES["exact"]
    one, other = Raised("ValueError", "a"), Raised("KeyError", "a")
    assert same(one, Raised("ValueError", "a (line 3 of f)"), table)
    for left, right in ((one, other), (one, Raised("ValueError", "b")), (one, np.ones(1)), (np.ones(1), one)):
        assert not same(left, right, table)
    assert not same((np.ones(1), np.ones(1)), (np.ones(1),), table)
    assert not same((np.ones(1), np.ones(1)), (np.ones(1), np.zeros(1)), table)
    assert not same({"a": np.ones(1)}, {"b": np.ones(1)}, table)


def test_no_reply_is_the_example_of_right_work() -> None:
    tried = [
        Attempt(c, TOY.oracle(c.args), Reply(TOY.oracle(c.args), TOY.oracle(c.args), to_plain(dict(c.args))))
        for c in toy_cases(np.random.default_rng(0))
    ]
    assert example_of(TOY, tried) is None
    assert assess(TOY, tried).passed


def test_the_example_is_a_table_that_can_be_read() -> None:
    """A small case with tiny and large numbers side by side comes after a larger one with numbers of a like size."""

    def wrong(name: str, right: np.ndarray, edge: bool = False) -> Attempt:
        case = Case(name, {"x": right}, edge=edge)
        return Attempt(case, right, Reply(-right, -right, to_plain(dict(case.args))))

    uneven, plain = wrong("uneven", np.array([4e-7, -60.0, 0.0])), wrong("plain", np.array([2.0, -60.0, 0.5, 0.0]))
    edge = wrong("edge", np.array([1.0]), edge=True)
    for attempts, shown in (([edge, uneven, plain], "plain"), ([edge, uneven], "uneven"), ([edge], "edge")):
        example = example_of(TOY, attempts)
        assert example is not None
        assert example.case == shown
