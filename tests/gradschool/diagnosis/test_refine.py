"""A second look at a wrong answer: it says how, where the doctor can only say where; only what is literally true.

The figures are measured on the whole bank of known mistakes, by the check of a student's own machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.bank.entry import Entry, Variant
from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.exercise import CHAPTERS, Case, Exercise
from gradschool.core.report import Report
from gradschool.diagnosis import sensitivity as probing
from gradschool.diagnosis.patterns import UNEXPLAINED
from gradschool.diagnosis.perturbations import perturbed
from gradschool.diagnosis.sensitivity import PROBES, moved, unchanged

PROBED = {name for name, *_ in (*PROBES, *probing.LAST_PROBES)}
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def looks() -> list[tuple[Entry, Variant, Report]]:
    """Every known mistake with what the public check says of it, given the time to say it on any machine."""
    every = [(e, m) for part in CHAPTERS for e in entries(part).values() for m in e.mutants]
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(probing, "CPU_SECONDS", 60.0)
        patience.setattr(probing, "SECONDS", 60.0)
        return [(entry, mutant, check_here(entry.exercise, mutant.fresh())) for entry, mutant in every]


Looks = list[tuple[Entry, Variant, Report]]


@pytest.mark.slow
def test_few_known_mistakes_get_no_more_than_where_the_numbers_are_wrong(looks: Looks) -> None:
    """81 of the 299 that the public check catches were told only that, and 94 only how many entries are right."""
    caught = [(e, r) for e, _, r in looks if not r.passed and not e.exercise.per_item]
    assert len(caught) > 280
    assert sum(r.mistake == "values" for _, r in caught) <= 5
    assert sum(r.mistake in UNEXPLAINED for _, r in caught) <= 10


@pytest.mark.slow
def test_what_a_probe_says_is_true_of_the_reference_too(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public oracle stands in for the right answer: the same sentence comes from the instructor's reference."""
    monkeypatch.setattr(probing, "CPU_SECONDS", 60.0)
    monkeypatch.setattr(probing, "SECONDS", 60.0)
    said = [(e, m, r) for e, m, r in looks if r.mistake in PROBED]
    assert len(said) > 80
    for entry, mutant, report in said:

        def reference(args: Mapping[str, Any], entry: Entry = entry) -> Any:
            return entry.exercise.adapter(entry.reference, args)

        by_reference = check_here(replace(entry.exercise, oracle=reference), mutant.fresh())
        assert by_reference.hint == report.hint, (entry.exercise.id, mutant.name)


@pytest.mark.slow
def test_the_card_says_where_and_the_hint_says_how(looks: Looks) -> None:
    """The line on the values keeps the doctor's word; nothing is told twice."""
    for entry, mutant, report in looks:
        if report.mistake in PROBED:
            values = next(p for p in report.properties if not p.met)
            assert values.sentence != report.hint, (entry.exercise.id, mutant.name)


# -- one sentence at a time, on an exercise made for it ----------------------------------------------------------

Answer = Callable[..., Any]


def exercise(right: Answer, names: str = "x, w", edge: bool = False, **others: Callable[[int], Any]) -> Exercise:
    """An exercise whose right answer is ``right(x, w)``, on x and w (B, 3) for B = 4 and 5, w a row where asked."""

    def cases(rng: np.random.Generator) -> list[Case]:
        def case(B: int, edge: bool = False) -> Case:
            known = {"x": lambda B: rng.uniform(0.5, 2, (B, 3)) * rng.choice([-1, 1], (B, 3))}
            known |= {
                "w": lambda B: rng.normal(size=(B, 3)),
                "row": lambda B: rng.uniform(2, 3, 3),
                "h": lambda B: 0.1 * B,
            }
            known |= {"action": lambda B: np.arange(B) % 3, "flag": lambda B: np.arange(B) % 2 == 0, **others}
            return Case(f"a batch of {B}", {n: known[n](B) for n in names.split(", ")}, edge, {"B": B})

        return [case(4), case(5), *([case(1, edge=True)] if edge else [])]

    return Exercise("test.it", "A test", f"it({names}) -> (B, 3)", cases, lambda a: right(*a.values()))


def hint(right: Answer, wrong: Answer, names: str = "x, w", **more: Any) -> tuple[str, str]:
    """The name and the sentence that a wrong answer gets."""
    report = check_here(exercise(right, names, **more), wrong)
    assert not report.passed
    return report.mistake, report.hint


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


def test_a_function_that_fails_on_changed_inputs_harms_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[bytes] = []

    def moody(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        if x.tobytes() + w.tobytes() not in seen:
            if len(seen) >= 2:
                print("noise")
                raise SystemExit(3)
            seen.append(x.tobytes() + w.tobytes())
        return 2 - np.sin(x * w + np.cos(9 * x))

    name, sentence = hint(lambda x, w: np.sin(x * w), moody)
    assert name in {*UNEXPLAINED, "lengths"}
    assert sentence
    assert capsys.readouterr().out == ""


def test_no_question_is_asked_once_patience_is_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def wrong(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        asked.append(1)
        return np.sin(x) + 0.1

    for name in ("CPU_SECONDS", "SECONDS"):
        asked.clear()
        with monkeypatch.context() as m:
            m.setattr(probing, name, -1.0)
            assert hint(lambda x, w: np.sin(x * w), wrong)[0] != "ignored"
        assert len(asked) == 4


def test_nothing_is_asked_twice() -> None:
    asked: list[bytes] = []

    def wrong(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        asked.append(x.tobytes() + w.tobytes())
        return np.exp(x + w) * (2 + np.sin(np.exp(x * w)))

    hint(lambda x, w: np.exp(x + w), wrong)
    assert len(asked[4:]) == len(set(asked[4:])) > 5


def test_changes_stay_within_the_kind_of_an_input() -> None:
    flags, floats = np.array([True, False]), np.array([0.0, 1.0, 1.0])
    assert perturbed(flags).tolist() == [False, True]
    assert perturbed(floats).tolist() == [1.0, 0.0, 0.0]
    assert perturbed(np.array([0, 3, 1])).tolist() == [1, 0, 2]
    assert (perturbed(0.4), perturbed(3)) == (0.2, 4)
    x = RNG.normal(size=(3, 2))
    pair = perturbed((x, x))
    assert all(((y > x) & (y < x + 0.2 * np.abs(x).max())).all() for y in pair)
    assert perturbed(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_between_still_and_moved_nothing_is_claimed() -> None:
    x = np.array([1.0, -2.0])
    for by, verdict in ((0.0, (True, False)), (1e-7, (False, False)), (1e-4, (False, True))):
        assert (unchanged(x + by, x), moved(x + by, x)) == verdict
