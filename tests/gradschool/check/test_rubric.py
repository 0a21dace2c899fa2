"""The rubric: what an answer earns, criterion by criterion and entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.check.rubric import RUBRIC_WEIGHTS
from gradschool.core.exercise import Case
from tests.support.toy_exercise import PAIR, TOY, WORDS, anew, earned, held, once_only, right, told, touches, toy_cases


def test_the_shares_make_a_whole() -> None:
    assert sum(RUBRIC_WEIGHTS.values()) == pytest.approx(1)
    assert RUBRIC_WEIGHTS == {"shape": 0.1, "value": 0.6, "edge": 0.2, "purity": 0.1}


@pytest.mark.parametrize(
    ("answer", "fraction", "properties"),
    [
        (right, 1.0, {"shape", "value", "edge", "purity"}),
        (lambda x, k: k * x if len(x) > 1 else x, 0.8, {"shape", "value", "purity"}),
        (lambda x, k: k * x if len(x) > 1 else k * x[0], 0.8, {"shape", "value", "purity"}),
        (lambda x, k: k * x if len(x) > 1 else 1 / 0, 0.8, {"shape", "value", "purity"}),
        (touches, 0.9, {"shape", "value", "edge"}),
        (once_only, 0.9, {"shape", "value", "edge"}),
        (lambda x, k: x, 0.0, {"shape"}),
        (lambda x, k: x * (1 + 4e-16), 0.0, {"shape"}),
        (lambda x, k: -k * x, 0.1, {"shape"}),
        (lambda x, k: np.arange(len(x), dtype=float), 0.1, {"shape"}),
        (lambda x, k: k * x if len(x) == 3 else x, 0.1, {"shape"}),
        (lambda x, k: 0 * x, 0.0, {"shape"}),
        (lambda x, k: np.full(len(x), 7.0), 0.0, {"shape"}),
        (lambda x, k: np.full(len(x), np.nan), 0.0, {"shape"}),
        (lambda x, k: (k * x)[:, None], 0.0, set()),
        (lambda x, k: list(k * x), 0.0, set()),
        (lambda x, k: (k * x).astype(np.float32), 0.0, set()),
        (lambda x, k: None, 0.0, set()),
        (lambda x, k: (k * x,), 0.0, set()),
        (lambda x, k: 1 / 0, 0.0, set()),
        (lambda x, k: k * x if len(x) != 5 else 1 / 0, 0.0, set()),
    ],
    ids=[
        *(
            "right",
            "edge-wrong",
            "edge-shape",
            "edge-raises",
            "touches",
            "once-only",
            "echo",
            "echo-rounded",
            "sign",
            "counts",
        ),
        *("half-the-cases", "zeros", "constant", "nan", "shape", "list", "float32", "none", "tuple", "raises"),
        "raises-once",
    ],
)
def test_what_an_answer_earns(answer: Callable[..., Any], fraction: float, properties: set[str]) -> None:
    report = check_here(TOY, anew(answer))
    assert report.fraction == pytest.approx(fraction)
    assert held(report) == properties
    assert report.passed == (fraction == 1.0)


def test_without_edge_cases_the_other_shares_make_the_whole() -> None:
    regular = replace(TOY, cases=lambda rng: toy_cases(rng)[:2])
    assert earned(right, regular) == 1.0
    assert earned(lambda x, k: -k * x, regular) == pytest.approx(0.1 / 0.8)
    assert {p.name for p in check_here(regular, right).properties} == {"shape", "value", "purity"}


def test_points_are_rounded_to_the_hundredth() -> None:
    report = replace(check_here(TOY, lambda x, k: -x), points=3.0)
    assert report.earned == 0.3
    assert check_here(TOY, right).earned is None


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, k: (k * x).view(),
        lambda x, k: np.broadcast_to(k * x, x.shape),
        lambda x, k: torch.tensor(k * x),
        lambda x, k: torch.tensor(k * x, requires_grad=True) * 1,
        lambda x, k: np.ma.masked_array(k * x),
        lambda x, k: np.repeat(k * x, 2)[::2],
        lambda x, k: (k * x).astype(">f8"),
        lambda x, k: k * x * (1 + 1e-12),
    ],
    ids=["view", "read-only", "tensor", "graph", "masked", "strided", "big-endian", "rounding"],
)
def test_right_numbers_in_another_coat_are_right(answer: Callable[..., Any]) -> None:
    assert earned(answer) == 1.0


def test_an_input_returned_as_it_is_can_be_right() -> None:
    assert earned(lambda x, k: x, replace(TOY, oracle=lambda a: a["x"])) == 1.0


@pytest.mark.parametrize("kind", [int, float, np.float64, np.int64, np.asarray, torch.tensor])
def test_a_number_may_come_in_any_kind(kind: Callable[[int], Any]) -> None:
    counts = replace(TOY, oracle=lambda a: float(len(a["x"])))
    assert earned(lambda x, k: kind(len(x)), counts) == 1.0
    assert earned(lambda x, k: kind(len(x) + 1), counts) < 1.0


def test_a_flag_is_no_number() -> None:
    assert earned(lambda x, k: len(x) > 2, replace(TOY, oracle=lambda a: float(len(a["x"]) > 2))) < 1.0
    assert earned(lambda x, k: float(len(x) > 2), replace(TOY, oracle=lambda a: len(a["x"]) > 2)) < 1.0


@pytest.mark.parametrize("container", [tuple, list])
def test_several_parts_may_come_as_a_tuple_or_a_list(container: Callable[..., Any]) -> None:
    assert earned(lambda x, k: container([k * x, x.sum()]), PAIR) == 1.0


def test_all_parts_must_be_right_for_the_values_to_hold() -> None:
    assert "value" not in held(check_here(PAIR, lambda x, k: (k * x, 0.0)))
    assert told(lambda x, k: (k * x, -x.sum()), PAIR).startswith("sign: `total` is the negative")


@pytest.mark.parametrize(
    ("answer", "fraction"),
    [
        (lambda x, k: (k * x, 2 * x.sum()), 0.55),
        (lambda x, k: (k * x, 0.0), 0.5),
        (lambda x, k: (k * x, None), 0.5),
        (lambda x, k: (k * x, np.zeros((2, 2))), 0.5),
        (lambda x, k: (k * x if len(x) > 1 else x, x.sum()), 0.9),
        (lambda x, k: (k * x if len(x) > 1 else x, 2 * x.sum()), 0.45),
        (lambda x, k: (touches(x, k), 2 * x.sum()), 0.5),
        (lambda x, k: (x, x.sum()), 0.5),
        (lambda x, k: (-k * x, 2 * x.sum()), 0.1),
        (lambda x, k: (0 * x, 0.0), 0.0),
    ],
    ids=[
        *("wrong", "constant", "none", "shape", "edge", "edge-and-wrong", "touches-and-wrong", "echo", "both", "zeros"),
    ],
)
def test_each_part_earns_its_own_share(answer: Callable[..., Any], fraction: float) -> None:
    assert earned(answer, PAIR) == pytest.approx(fraction)


def test_what_a_call_must_leave_alone_is_no_part_of_the_answer() -> None:
    """It earns nothing by itself, and costs what changing an input costs."""
    kept = replace(PAIR, oracle=lambda a: (a["k"] * a["x"], a["x"]), returns=("scaled", "x"), earning=("scaled",))
    assert earned(lambda x, k: (k * x, x), kept) == 1.0
    assert earned(lambda x, k: (-k * x, x), kept) == pytest.approx(0.1)
    assert earned(lambda x, k: (k * x, x + 1), kept) == pytest.approx(0.9)
    assert earned(lambda x, k: (k * x, None), kept) == pytest.approx(0.9)
    report = check_here(kept, lambda x, k: (k * x, x + 1))
    assert held(report) == {"shape", "value", "edge"}
    assert "`x`" in report.hint


def test_a_part_without_a_share_of_its_own_is_asked_for_by_another() -> None:
    """Half for each share; with both right parts of one share wrong or one of them, that share is lost."""
    three = replace(
        PAIR,
        oracle=lambda a: (a["k"] * a["x"], a["x"].sum(), 3.0 * a["x"]),
        returns=("scaled", "total", "elsewhere"),
        shares_with={"elsewhere": ("scaled",)},
    )
    assert earned(lambda x, k: (k * x, x.sum(), 3.0 * x), three) == 1.0
    assert earned(lambda x, k: (k * x, x.sum(), -3.0 * x), three) == pytest.approx(0.55)
    assert earned(lambda x, k: (-k * x, x.sum(), 3.0 * x), three) == pytest.approx(0.55)
    assert earned(lambda x, k: (k * x, -x.sum(), 3.0 * x), three) == pytest.approx(0.55)
    both = replace(three, shares_with={"elsewhere": ("scaled", "total")})
    assert earned(lambda x, k: (k * x, x.sum(), -3.0 * x), both) == pytest.approx(0.1)


def test_a_part_that_is_an_input_as_it_stands_counts_beside_another_right_part_only() -> None:
    given = replace(PAIR, oracle=lambda a: (a["k"] * a["x"], a["x"]))
    assert earned(lambda x, k: (0 * x, x), given) == 0.0
    assert check_here(given, lambda x, k: (0 * x, x)).notes == ()  # nothing is said to have earned a share
    assert earned(lambda x, k: (-k * x, x), given) == pytest.approx(0.05)
    assert earned(lambda x, k: (k * x, -x), given) == pytest.approx(0.55)


def test_the_card_says_which_parts_are_right() -> None:
    assert check_here(PAIR, lambda x, k: (k * x, 2 * x.sum())).notes == (
        "Right so far: `scaled`. Each part earns its share.",
    )
    assert check_here(PAIR, lambda x, k: (-k * x, 2 * x.sum())).notes == ()
    assert check_here(PAIR, lambda x, k: (k * x, x.sum())).notes == ()
    assert check_here(WORDS, lambda: {"A": "sign", "B": "leak"}).notes == (
        "Right so far: 2 of 4. Each one earns its share.",
    )


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (lambda x: x.sum(), "`total`, and `scaled` apart from edge cases"),
        (lambda x: 2 * x.sum(), "`scaled` apart from edge cases"),
        (lambda x: x.sum() * (len(x) > 1), ""),  # nothing tells the parts apart
    ],
)
def test_a_part_that_is_wrong_at_edge_cases_is_not_called_right(total: Callable[..., Any], said: str) -> None:
    notes = check_here(PAIR, lambda x, k: (k * x if len(x) > 1 else x, total(x))).notes
    assert notes == ((f"Right so far: {said}. Each part earns its share.",) if said else ())


def test_an_answer_that_is_the_same_for_other_inputs_ignores_them() -> None:
    wide = lambda rng: [Case("wide", {"x": rng.normal(size=6), "k": 3}) for _ in range(2)]  # noqa: E731
    twice = replace(TOY, cases=wide)
    assert earned(lambda x, k: np.arange(len(x), dtype=float), twice) == 0.0
    assert earned(lambda x, k: np.arange(len(x)) % 2.0, twice) > 0.0  # a mask may be the same by chance
    assert earned(lambda x, k: np.arange(len(x), dtype=float) + x, twice) == pytest.approx(0.1 / 0.8)


def test_where_nothing_but_zeros_is_right_something_is_wrong() -> None:
    zeros = replace(TOY, oracle=lambda a: 0 * a["x"])
    assert earned(lambda x, k: 0 * x, zeros) == 1.0
    assert told(right, zeros).startswith("not-zero")


def test_one_huge_entry_does_not_hide_the_others() -> None:
    huge = replace(TOY, oracle=lambda a: a["x"] * np.where(np.arange(len(a["x"])) == 0, 1e5, 1.0))
    assert earned(lambda x, k: x * np.where(np.arange(len(x)) == 0, 1e5, 1.001), huge) < 1.0


def test_diagnoses_earn_their_share_one_by_one() -> None:
    def answer(**fault: str) -> Callable[[], dict[str, str]]:
        return lambda: {"A": "sign", "B": "leak", "C": "mean", "D": "half", **fault}

    assert earned(answer(), WORDS) == 1.0
    assert earned(answer(A=" Sign "), WORDS) == 1.0
    assert earned(answer(A="leak"), WORDS) == 0.75
    assert earned(answer(A="leak", C="leak"), WORDS) == 0.5
    assert told(answer(A="leak", C="leak"), WORDS) == "answer: 2 of the 4 answers are not right yet."
    assert earned(lambda: dict.fromkeys("ABCD", "none"), WORDS) == 0.0
    assert earned(lambda: {"A": "sign"}, WORDS) == 0.25  # a missing letter costs its own share
    assert earned(lambda: {"A": "sign", "B": "leak", "C": "mean"}, WORDS) == 0.75
    assert earned(lambda: dict.fromkeys("ABCD", "sign"), WORDS) == 0.0
    assert earned(answer(A="leak"), replace(WORDS, per_item=False)) == 0.75  # as of the named parts of any answer


def test_each_entry_of_a_row_of_marks_earns_its_share_and_never_quite_all() -> None:
    marks = replace(WORDS, oracle=lambda a: np.ones(4))
    assert earned(lambda: np.array([1.0, 0, 1, 1]), marks) == 0.75
    many = replace(WORDS, oracle=lambda a: np.ones(2_090_000))
    assert earned(lambda: np.concatenate([np.zeros(1), np.ones(2_089_999)]), many) < 1.0
