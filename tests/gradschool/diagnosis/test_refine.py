"""A closer look at a wrong answer: it says how, where the patterns only say where; only what is literally true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradschool.check.api import check_here
from gradschool.diagnosis.patterns import UNEXPLAINED
from tests.support.two_inputs import Answer, exercise, hint


def at_action(x: np.ndarray, action: np.ndarray) -> np.ndarray:
    return np.eye(3)[action] * x


SAID: dict[str, tuple[Answer, Answer, str]] = {
    "echo": (
        lambda x, w: x * w,
        lambda x, w: w,
        "The result is `w`, exactly as it went in: what should have happened to it?",
    ),
    "echo-negative": (
        lambda x, w: x * w,
        lambda x, w: -w,
        "The result is minus `w` as it went in: what else should have happened to it?",
    ),
    "opposite-step": (
        lambda x, w: x - w**2,
        lambda x, w: x + w**2,
        "The step from `x` to the result is as long as it should be, and points the opposite way.",
    ),
    "step-length": (
        lambda x, w: x + w**3,
        lambda x, w: x + 0.3 * w**3,
        "The step from `x` to the result has the right direction, but it is too short.",
    ),
    "factor-too-many": (
        lambda x, w: np.cos(w),
        lambda x, w: np.cos(w) * x,
        "Each entry of the result is `x` times what it should be.",
    ),
    "factor-missing": (
        lambda x, w: np.cos(w) * x,
        lambda x, w: np.cos(w),
        "Each entry of the result lacks the factor `x`.",
    ),
    "term-too-many": (
        lambda x, w: np.cos(x * w),
        lambda x, w: np.cos(x * w) + x,
        "The result is too large by exactly `x`, in every entry.",
    ),
    "term-missing": (
        lambda x, w: np.cos(x * w) + x,
        lambda x, w: np.cos(x * w),
        "The result is too small by exactly `x`, in every entry.",
    ),
    "displaced": (
        lambda x, w: np.sin(x * w),
        lambda x, w: np.sin(x * w)[::-1],
        "The result has the right numbers, but not in the right places.",
    ),
    "signs": (
        lambda x, w: np.sin(x + w),
        lambda x, w: np.abs(np.sin(x + w)),
        "The result has the right size in every entry, and the wrong sign in some.",
    ),
    "missing": (
        lambda x, w: np.sin(x + w),
        lambda x, w: np.maximum(np.sin(x + w), 0),
        "The result is 0 where it should not be; wherever it is not 0, it is right.",
    ),
    "ignored": (
        lambda x, w: np.sin(x * w),
        lambda x, w: np.sin(x) + 0.1,
        "When `w` changes, the right result changes too, and yours does not: where does it come in?",
    ),
    "unwanted": (
        lambda x, w: np.sin(x),
        lambda x, w: np.sin(x + 0.1 * np.tanh(w)),
        "When `w` changes, the right result stays as it is, and yours changes: where does it get in?",
    ),
    "rows-mixed": (
        lambda x, w: np.sin(x) * w,
        lambda x, w: np.sin(x) * w - (np.sin(x) * w).mean(axis=0),
        "When only `x[0]` changes, the right result changes in row 0 alone, and yours in other rows too: rows must not "
        "mix.",
    ),
    "growth": (
        lambda x, w: x * np.cos(w),
        lambda x, w: x * np.abs(x) * np.cos(w) + 0.0,
        "When `x` is doubled, the right result doubles; yours becomes 4 times as large.",
    ),
    "turned": (
        lambda x, w: np.tanh(x) * w,
        lambda x, w: np.tanh(np.maximum(x, 0.3 * x)) * w,
        "When `x` changes its sign, the right result changes its sign too; yours does not.",
    ),
    "lifted": (
        lambda x, w: np.exp(x - x.max(axis=1, keepdims=True)) * np.sin(w),
        lambda x, w: np.exp(x - 0.5 * x.max(axis=1, keepdims=True)) * np.sin(w) ** 3,
        "When 1 is added to all of `x`, the right result stays as it is; yours does not.",
    ),
    "right-without": (
        lambda x, w: np.exp(x) + np.cos(w),
        lambda x, w: np.exp(x) + np.cos(w) ** 2,
        "With `w` next to 0, yours is right: look at what `w` does in your function.",
    ),
    "close": (
        lambda x, w: np.exp(x + w),
        lambda x, w: np.exp(x + w) * (1 + 1e-3 * np.sin(np.exp(x * w))),
        "The result is nearly right: off by at most 1 % of its largest entry.",
    ),
    "lengths": (
        lambda x, w: np.exp(x + w),
        lambda x, w: np.exp(x + w) * (2 + np.sin(np.exp(x * w))),
        "The result has the right sign in every entry; the sizes are not right.",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_each_sentence_to_the_letter(name: str) -> None:
    right, wrong, sentence = SAID[name]
    assert hint(right, wrong) == (name, sentence)


OTHERS: dict[str, tuple[str, Answer, Answer, tuple[str, str]]] = {
    "factor-by-name": (
        "x, h",
        lambda x, h: np.sin(x) * h,
        lambda x, h: np.sin(x) * h**2,
        ("factor", "The result is `h` times what it should be."),
    ),
    "step-factor": (
        "x, h",
        lambda x, h: x - h * np.sin(x),
        lambda x, h: x - np.sin(x),
        ("step-factor", "The step from `x` to the result is 1 / `h` times as long as it should be."),
    ),
    "column-factor": (
        "x, row",
        lambda x, row: np.sin(x) * np.exp(row),
        lambda x, row: np.sin(x) * np.cos(row),
        ("column-factor", "The result is in each column off by a factor of its own, the same in every row."),
    ),
    "column-offset": (
        "x, row",
        lambda x, row: np.sin(x) + np.log(row),
        lambda x, row: np.sin(x) + np.log(row) ** 2,
        (
            "column-offset",
            "The result is in each column off by an amount of its own, the same in every row: is something added to, "
            "or left out of, every row?",
        ),
    ),
    "taken": (
        "x, action",
        lambda x, action: np.exp(x),
        lambda x, action: np.exp(x) + at_action(np.exp(x) * np.sin(5 * x), np.arange(len(x)) % 3),
        ("taken", "The result is wrong at actions that were taken, and right at all the others."),
    ),
    "untaken": (
        "x, action",
        lambda x, action: np.exp(x) + at_action(np.sin(x), action),
        lambda x, action: np.exp(x) * (2 + np.sin(x)) + at_action(np.sin(x) - np.exp(x) * (1 + np.sin(x)), action),
        ("untaken", "The result is right at the actions taken; what is wrong stands at other actions."),
    ),
    "by-sign": (
        "x",
        lambda x: np.exp(x),
        lambda x: np.where(x > 0, np.exp(x), np.exp(2 * x)),
        ("by-sign", "The result is wrong exactly where `x` is negative."),
    ),
    "rolled": (
        "action",
        lambda action: np.eye(3)[action],
        lambda action: np.roll(np.eye(3)[action], 1, axis=1),
        ("rolled", "The result is right, but stands one place too far in its last axis."),
    ),
    "right-if-off": (
        "x, flag",
        lambda x, flag: np.exp(x) * np.where(flag, 2.0, 1.0)[:, None],
        lambda x, flag: np.exp(x) * np.where(flag.any(), 2.0 + np.sin(np.exp(x)) * (1 + flag[:, None]), 1.0),
        (
            "right-if-off",
            "With `flag` off everywhere, yours is right: look at what `flag` does in your function.",
        ),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_sentences_that_need_inputs_of_their_own(name: str) -> None:
    names, right, wrong, said = OTHERS[name]
    assert hint(right, wrong, names) == said


def test_a_case_that_is_right_is_the_last_thing_to_point_at() -> None:
    def wrong(x: np.ndarray) -> np.ndarray:
        return np.exp(x) if len(x) == 1 else np.exp(2 * x) * np.sin(40 * x)

    assert hint(lambda x: np.exp(x), wrong, "x", edge=True) == (
        "right-case",
        'On the case "a batch of 1" it is right: what is different in the others?',
    )


def test_parts_that_are_right_are_named() -> None:
    parts = replace(exercise(lambda x: (np.exp(x), np.exp(x), np.exp(-x)), "x"), returns=("a", "b", "c"))
    report = check_here(parts, lambda x: (np.exp(x), 1 - np.sin(9 * x), 2 - np.sin(x * 7)))
    assert (report.mistake, report.hint) == ("parts-right", "`a` is right; `b` and `c` are not.")


def test_an_input_that_should_come_back_as_it_went_in() -> None:
    both = replace(exercise(lambda x, w: (x * w, w), "x, w"), returns=("x", "w"))
    report = check_here(both, lambda x, w: (np.exp(x), w - 0.1 * np.sin(x)))
    assert (report.mistake, report.hint) == ("kept", "`w` has changed: it should come back as `w` went in.")
    assert report.example is not None
    assert report.example.label == "w"  # the sentence and the example are about one part


def test_nothing_is_said_that_holds_on_one_case_alone() -> None:
    """On the batch of 4 the answer is `w` itself, on the batch of 5 something else."""
    name, _ = hint(lambda x, w: np.sin(x * w), lambda x, w: w if len(w) == 4 else np.exp(w + x))
    assert name not in {"echo", "ignored"}


def test_a_right_answer_and_a_named_mistake_are_left_alone() -> None:
    asked: list[int] = []

    def right(x: np.ndarray) -> np.ndarray:
        asked.append(len(x))
        return np.sin(x)

    assert check_here(exercise(np.sin, "x"), right).passed
    assert asked == [4, 4, 5, 5]  # no question beyond the check's own two for each case
    assert hint(np.sin, lambda x: -np.sin(x), "x")[0] == "sign"


def test_answers_that_are_earned_one_by_one_are_never_looked_into() -> None:
    each = replace(exercise(lambda x, w: np.sin(x * w)), per_item=True)
    assert check_here(each, lambda x, w: np.where(x > 0, np.sin(x * w), w)).mistake in UNEXPLAINED


def test_inputs_of_which_the_lesson_does_not_speak_are_not_named() -> None:
    hidden = replace(exercise(lambda x, w: np.sin(x * w)), signature="it(x) -> (B, 3)")
    assert "`w`" not in check_here(hidden, lambda x, w: w).hint
