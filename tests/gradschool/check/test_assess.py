"""Assessment: which criteria are met, and what a student is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradschool.check.api import check_here
from gradschool.check.assess import assess
from gradschool.core.calling import Reply
from gradschool.core.compare import Attempt
from gradschool.core.plain_data import to_plain
from tests.support.toy_exercise import (
    PAIR,
    TOY,
    WORDS,
    accumulates,
    anew,
    earned,
    once_only,
    right,
    told,
    touches,
    toy_cases,
)


def test_an_exercise_without_a_regular_case_is_not_judged() -> None:
    with pytest.raises(ValueError, match="without a regular case"):
        check_here(replace(TOY, cases=lambda rng: toy_cases(rng)[2:]), right)
    with pytest.raises(ValueError, match="without a regular case"):
        assess(TOY, [])


def test_a_right_answer_that_cannot_be_read_is_an_error_of_the_exercise() -> None:
    """Otherwise one unreadable thing would equal another."""
    for unreadable in (range(3), np.zeros(10**7), (np.ones(2), 1j)):
        with pytest.raises(ValueError, match="the right answer on the case"):
            check_here(replace(TOY, oracle=lambda a, u=unreadable: u), lambda x, k, u=unreadable: u)


def test_a_right_word_is_never_shown() -> None:
    report = check_here(WORDS, lambda: dict.fromkeys("ABCD", "none"))
    assert report.example is None
    assert not {"sign", "leak", "mean", "half"} & set(repr(report).replace("'", " ").split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, k: x, "over-k: The result is 1/`k` of what it should be"),
        (lambda x, k: x * [], "raised: Two arrays of shapes that do not fit met"),
        (lambda x, k: None, "none: The result is None"),
        (lambda x, k: (k * x, 1), "list: The result is a list or tuple"),
        (lambda x, k: {"x": k * x}, "kind: The result is a dictionary"),
        (lambda x, k: k * x / (len(x) > 1), "nan: The result has NaN"),
        (touches, "inputs-modified: The function changes its inputs"),
        (once_only, "first-call-only: The second call"),
        (accumulates, "first-call-only: The second call"),
        (lambda x, k: k * x + np.random.random(len(x)), "first-call-only: The second call"),  # noqa: NPY002
    ],
    ids=["ratio", "raised", "none", "tuple", "dict", "nan-at-edge", "touches", "once", "accumulates", "random"],
)
def test_a_finding_is_named_and_said(answer: Callable[..., Any], words: str) -> None:
    assert told(anew(answer)).startswith(words)


def test_a_stub_that_was_never_written() -> None:
    def stub(x: np.ndarray, k: int) -> np.ndarray:
        raise NotImplementedError

    report = check_here(TOY, stub)
    assert (report.mistake, report.fraction) == ("untouched", 0.0)


def test_a_branch_that_was_never_written_is_no_untouched_exercise() -> None:
    def half_written(x: np.ndarray, k: int) -> np.ndarray:
        if len(x) == 1:
            raise NotImplementedError
        return k * x

    report = check_here(TOY, half_written)
    assert (report.mistake, report.fraction) == ("raised", 0.8)
    assert 'on the case "1 entries"' in report.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, k: None, "The result is None, where a list or tuple of 2 is asked for"),
        (lambda x, k: k * x, "The answer is an array of shape (3,), where a list or tuple of 2 (scaled, total) is"),
        (lambda x, k: (k * x, 1.0, 2.0), "The answer is a list or tuple of 3, where"),
        (lambda x, k: {"scaled": k * x, "total": x.sum()}, "The answer is a dictionary, where a list or tuple of 2"),
        (
            lambda x, k: (k * x, (x.sum(),)),
            "are not the ones that are asked for: `total` missing; `total[0]` not asked",
        ),
        (lambda x, k: (k * x, None), "`total` is None, where a number is asked for: did a gradient arrive"),
    ],
    ids=["none", "array", "three", "dict", "nested", "part-none"],
)
def test_the_wrong_parts_are_told_apart(answer: Callable[..., Any], words: str) -> None:
    assert words in told(answer, PAIR)
    assert earned(answer, PAIR) == (0.5 if "`total` is None" in words else 0.0)  # one part of two is right


def test_a_missing_diagnosis_is_named() -> None:
    report = check_here(WORDS, lambda: {"A": "sign", "B": "leak", "C": "mean"})
    assert report.hint == "The parts of the answer are not the ones that are asked for: `D` missing."


def test_a_property_that_rests_on_another_waits_for_it() -> None:
    report = check_here(TOY, lambda x, k: -k * x)
    not_evaluated = {p.name: p.sentence for p in report.properties if p.not_evaluated}
    assert not_evaluated == dict.fromkeys(("edge", "purity"), "looked at once the values are right.")
    report = check_here(TOY, lambda x, k: None)
    assert [p.name for p in report.properties if p.not_evaluated] == ["value", "edge", "purity"]


def test_the_example_is_the_smallest_wrong_case_and_a_regular_one_first() -> None:
    report = check_here(TOY, lambda x, k: np.where(np.arange(len(x)) == 1, 0, k * x))
    assert report.example is not None
    assert report.example.case == "3 entries"
    assert report.example.wrong.tolist() == [False, True, False]
    assert np.array_equal(report.example.expected, 3 * report.example.inputs["x"])
    assert check_here(TOY, lambda x, k: -k * x).example.case == "3 entries"
    edge = check_here(TOY, lambda x, k: k * x if len(x) > 1 else x)
    assert edge.example.case == "1 entries"


def test_a_reply_from_elsewhere_is_judged_by_its_numbers_alone() -> None:
    case = toy_cases(np.random.default_rng(1))[0]
    expected = to_plain(TOY.oracle(case.args))
    same_inputs = to_plain(dict(case.args))
    good = assess(TOY, [Attempt(case, expected, Reply(expected, expected, same_inputs))])
    assert good.passed
    other = assess(TOY, [Attempt(case, expected, Reply(expected, expected, {}))])
    assert other.mistake == "inputs-modified"
