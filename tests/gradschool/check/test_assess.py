"""Assessment: which properties hold, what they earn, and what a student is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.check.assess import assess
from gradschool.check.rubric import RUBRIC_WEIGHTS
from gradschool.core.calling import MAX_PRINTED, Raised, Reply, call_twice
from gradschool.core.compare import Attempt, same
from gradschool.core.exercise import Case, Exercise
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import to_plain
from gradschool.core.report import Report


def toy_cases(rng: np.random.Generator) -> list[Case]:
    """Two regular cases, (3,) and (5,), and one of a single entry."""
    return [Case(f"{n} entries", {"x": rng.normal(size=n), "k": 3}, edge=n == 1, sizes={"n": n}) for n in (3, 5, 1)]


TOY = Exercise("chain.toy", "A toy", "toy(x, k) -> (n,)", toy_cases, lambda a: a["k"] * a["x"])
PAIR = replace(TOY, oracle=lambda a: (a["k"] * a["x"], a["x"].sum()), returns=("scaled", "total"))
WORDS = Exercise(
    "chain.words",
    "Diagnoses",
    "words() -> dict",
    lambda rng: [Case("all", {})],
    lambda a: {"A": "sign", "B": "leak", "C": "mean", "D": "half"},
    per_item=True,
)


def earned(answer: Callable[..., Any], exercise: Exercise = TOY) -> float:
    """The fraction that this answer earns."""
    return check_here(exercise, answer).fraction


def told(answer: Callable[..., Any], exercise: Exercise = TOY) -> str:
    """The name of the finding, and its sentence."""
    report = check_here(exercise, answer)
    return f"{report.mistake}: {report.hint}"


def held(report: Report) -> set[str]:
    """The names of the properties that hold."""
    return {p.name for p in report.properties if p.met}


def right(x: np.ndarray, k: int) -> np.ndarray:
    return k * x


def touches(x: np.ndarray, k: int) -> np.ndarray:
    x *= k
    return x.copy()


def anew(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The answer; one with a memory is made for this test alone, however often a process runs it."""
    return answer() if answer in (once_only, accumulates) else answer


def once_only() -> Callable[..., np.ndarray]:
    """Right whenever it sees inputs for the first time."""
    seen: list[bytes] = []

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        seen.append(x.tobytes())
        return k * x * seen.count(x.tobytes())

    return answer


def accumulates() -> Callable[..., np.ndarray]:
    """Keeps a sum from call to call, as gradients that are never zeroed do."""
    total = [0.0]

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        total[0] += x[0]
        return k * x + total[0] * np.arange(len(x))

    return answer


# -- what is earned ------------------------------------------------------------------------------------------------


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
        (lambda x, k: x, 0.1, {"shape"}),
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
        *("right", "edge-wrong", "edge-shape", "edge-raises", "touches", "once-only", "echo", "sign", "counts"),
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
    assert earned(lambda x, k: x, regular) == pytest.approx(0.1 / 0.8)
    assert {p.name for p in check_here(regular, right).properties} == {"shape", "value", "purity"}


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


def test_points_are_rounded_to_the_hundredth() -> None:
    report = replace(check_here(TOY, lambda x, k: x), points=3.0)
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
    assert earned(lambda x, k: (k * x, 0.0), PAIR) == pytest.approx(0.1)
    assert told(lambda x, k: (k * x, -x.sum()), PAIR).startswith("sign: `total` is the negative")


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
    assert told(answer(A="leak", C="leak"), WORDS) == "answer: These are not right yet: `A`, `C`."
    assert earned(lambda: dict.fromkeys("ABCD", "none"), WORDS) == 0.0
    assert earned(lambda: {"A": "sign"}, WORDS) == 0.0
    assert earned(answer(A="leak"), replace(WORDS, per_item=False)) == 0.0


def test_each_entry_of_a_row_of_marks_earns_its_share_and_never_quite_all() -> None:
    marks = replace(WORDS, oracle=lambda a: np.ones(4))
    assert earned(lambda: np.array([1.0, 0, 1, 1]), marks) == 0.75
    many = replace(WORDS, oracle=lambda a: np.ones(2_090_000))
    assert earned(lambda: np.concatenate([np.zeros(1), np.ones(2_089_999)]), many) < 1.0


def test_a_right_word_is_never_shown() -> None:
    report = check_here(WORDS, lambda: dict.fromkeys("ABCD", "none"))
    assert report.example is None
    assert not {"sign", "leak", "mean", "half"} & set(repr(report).replace("'", " ").split())


# -- what is said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, k: x, "ratio: The result is 0.3333 times"),
        (lambda x, k: x * [], "raised: The function raised ValueError"),
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
    assert earned(answer, PAIR) == 0.0


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


# -- trying --------------------------------------------------------------------------------------------------------


def reply_of(answer: Callable[..., Any]) -> Reply:
    """The reply to the first toy case."""
    return call_twice(TOY, answer, {"x": np.arange(3.0), "k": 3})


def test_what_is_printed_is_kept_from_the_first_call_and_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    import sys
    import warnings

    def chatty(x: np.ndarray, k: int) -> np.ndarray:
        print("out")
        print("err \x1b[31m", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return np.log(0 * x) * 0 + k * x / 0

    reply = reply_of(chatty)
    assert reply.printed == "out\nerr �[31m\n"
    assert capfd.readouterr() == ("", "")
    assert len(reply_of(lambda x, k: print("x" * 10**7)).printed) == MAX_PRINTED


def test_a_function_that_closes_its_output_closes_it_for_nobody() -> None:
    import sys

    def closes(x: np.ndarray, k: int) -> np.ndarray:
        print("before")
        sys.stdout.close()
        return k * x

    reply = reply_of(closes)
    assert np.array_equal(reply.second, [0, 3, 6])
    assert reply.printed == "before\n"
    assert not sys.stdout.closed


def test_whatever_is_raised_is_reported_with_its_line() -> None:
    def leaves_for_good(x: np.ndarray, k: int) -> np.ndarray:
        exit()

    def slips(x: np.ndarray, k: int) -> np.ndarray:
        y = k * x
        return y[7]

    assert reply_of(leaves_for_good).first == Raised("SystemExit", "None (line 2 of leaves_for_good)")
    assert reply_of(slips).first.message == "index 7 is out of bounds for axis 0 with size 3 (line 3 of slips)"
    assert reply_of(np.linalg.inv).first.type == "TypeError"


def test_an_interrupt_from_the_keyboard_gets_through() -> None:
    def interrupted(x: np.ndarray, k: int) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reply_of(interrupted)


def test_an_exception_that_raises_when_it_is_read() -> None:
    class Sulky(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def sulks(x: np.ndarray, k: int) -> np.ndarray:
        raise Sulky

    assert (reply_of(sulks).first.type, reply_of(sulks).first.message) == ("Sulky", "line 2 of sulks")


def test_a_long_and_strange_message_is_cut_and_cleaned() -> None:
    def shouts(x: np.ndarray, k: int) -> np.ndarray:
        raise ValueError("\ud800" + "x" * 10**6)

    message = reply_of(shouts).first.message
    assert message.startswith("�xxx")
    assert len(message) < 500


def test_inputs_are_fresh_for_each_call_and_compared_after_the_first() -> None:
    seen = []

    def looks(x: np.ndarray, k: int) -> np.ndarray:
        seen.append(x.copy())
        x[:] = 9
        return x

    reply = reply_of(looks)
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(reply.inputs["x"], [9, 9, 9])


def test_a_reply_from_elsewhere_is_judged_by_its_numbers_alone() -> None:
    case = toy_cases(np.random.default_rng(1))[0]
    expected = to_plain(TOY.oracle(case.args))
    same_inputs = to_plain(dict(case.args))
    good = assess(TOY, [Attempt(case, expected, Reply(expected, expected, same_inputs))])
    assert good.passed
    other = assess(TOY, [Attempt(case, expected, Reply(expected, expected, {}))])
    assert other.mistake == "inputs-modified"


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
        (Raised("ValueError", "one"), Raised("ValueError", "other"), True),
        (Raised("ValueError", ""), Raised("KeyError", ""), False),
    ],
)
def test_two_answers_are_the_same_within_the_table_and_in_structure(one: Any, other: Any, alike: bool) -> None:
    assert same(one, other, TOLERANCES["exact"]) is alike
    assert same(other, one, TOLERANCES["exact"]) is alike
