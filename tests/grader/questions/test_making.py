"""Questions on one's own code: every key is what the code does, and nothing ambiguous is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.bank.registry import entries, find_entry
from grader.course import chapter
from grader.questions.inputs import CHANGED, FLAGS_ONLY, GRADIENTS, SMALL, WITH_FLAGS
from grader.questions.making import DRAWS, draw_inputs, inputs_to_ask, make_sheet, rng_for
from grader.questions.options import distinct, row_set, rows_that_change, usable_parts
from grader.questions.question import KINDS, Question, are_apart, as_text, from_json
from gradschool.core.calling import call_twice
from gradschool.core.exercise import Answer
from tests.support.own_code import Functions, replies, sheet_of, sheets, solution

# -- answering by running the code ------------------------------------------------------------------------------


def run(question: Question, answer: Answer, with_change: bool = False) -> Any:
    """What a function returns for the inputs that stand on the sheet; the part that is asked for."""
    exercise = find_entry(question.exercise).exercise
    args = from_json(json.loads(json.dumps(question.inputs)))
    if with_change:
        place, change = args.get("batch", args), question.change
        if change.at:
            place[change.name][change.at] = change.new
        else:
            place[change.name] = change.new
    found = exercise.adapter(answer, args)
    return found[exercise.returns.index(question.part)] if question.part else found


def answered(question: Question, own: Answer) -> list[str]:
    """Every choice that fits what the code does when it is run: exactly one, if the question is a good one."""
    if question.kind == "changes":
        before, after = np.asarray(run(question, own)), np.asarray(run(question, own, with_change=True))
        rows = [k for k in range(len(before)) if not np.array_equal(before[k], after[k])]
        words = {"no row": [], "every row": list(range(len(before)))}
        read = {k: words.get(text, [int(w.strip(",")) for w in text.split() if w.strip(",").isdigit()])
                for k, text in question.options.items()}  # fmt: skip
        return [k for k, some in read.items() if some == rows]
    mine = [k for k, text in question.options.items() if text == as_text(run(question, own))]
    if question.kind == "returns":
        return mine
    other = next(text for k, text in question.options.items() if k not in mine)
    made = [m for m in find_entry(question.exercise).mutants if m.hint in question.remarks.values()]
    makers = [m.hint for m in made if as_text(run(question, m.fresh())) == other]
    numbers = [n for n, hint in question.remarks.items() if hint in makers]
    return [letter + n for letter in mine for n in numbers]


def assert_all_answered(rounds: int, least: int) -> None:
    count = Counter[str]()
    for functions, sheet in sheets(rounds):
        for question in sheet.questions:
            assert answered(question, functions[question.exercise]) == [question.key], question
            count[question.kind] += 1
    assert sum(count.values()) >= least
    assert min(count[kind] for kind in KINDS) > least / 4


def test_a_hundred_questions_are_answered_by_running_the_code() -> None:
    assert_all_answered(12, 100)


@pytest.mark.slow
def test_a_thousand_questions_are_answered_by_running_the_code() -> None:
    assert_all_answered(115, 1000)


def test_a_key_of_another_function_would_be_noticed() -> None:
    """The test above can fail: another's function gives another choice for most questions."""
    made = [(f, q) for f, sheet in sheets(6) for q in sheet.questions if q.kind == "returns"]
    wrong = [answered(q, find_entry(q.exercise).reference) != [q.key] for _, q in made]
    assert sum(wrong) > len(wrong) / 3


# -- what is asked ----------------------------------------------------------------------------------------------


def test_a_sheet_has_one_question_of_each_kind_on_three_exercises() -> None:
    for _, sheet in sheets(4, lambda entry, k: [entry.reference, *(a.fresh() for a in entry.alternatives)][k % 3]):
        assert [q.kind for q in sheet.questions] == list(KINDS), sheet
        assert len({q.exercise for q in sheet.questions}) == 3
        assert sheet.why == ""


def test_wrong_code_gives_three_questions_too_if_not_always_of_three_kinds() -> None:
    made = [sheet for _, sheet in sheets(8)]
    assert all(len(sheet.questions) == 3 for sheet in made)
    assert sum([q.kind for q in sheet.questions] == list(KINDS) for sheet in made) > 0.8 * len(made)


def test_the_same_seed_gives_the_same_sheet_and_another_seed_or_student_another() -> None:
    dqn = chapter("dqn")
    functions = {name: e.reference for name, e in entries("dqn").items()}
    one = sheet_of("ada", dqn, functions)
    assert one == sheet_of("ada", dqn, functions)
    assert one.questions != sheet_of("ada", dqn, functions, seed=1).questions
    assert one.questions != sheet_of("ben", dqn, functions).questions


def test_keys_stand_at_every_letter() -> None:
    keys = Counter(q.key for _, sheet in sheets(12) for q in sheet.questions)
    assert {"a", "b", "c", "d"} <= set(keys)
    assert {k[1] for k in keys if len(k) == 2} == {"1", "2", "3"}


@pytest.mark.parametrize("exercise_id", SMALL)
def test_inputs_are_small_and_their_numbers_short(exercise_id: str) -> None:
    for seed in range(5):
        inputs = SMALL[exercise_id](np.random.default_rng(seed))
        if exercise_id in FLAGS_ONLY:
            inputs = {k: inputs["batch"][k] for k in ("reward", "terminated", "truncated")}
        for name, value in inputs.items():
            array = np.asarray(value)
            assert array.ndim <= 2, name
            assert array.size <= 12, name
            assert np.array_equal(np.round(array.astype(float), 1), array.astype(float)), name


@pytest.mark.parametrize("exercise_id", SMALL)
def test_the_reference_takes_the_small_inputs_and_every_exercise_gives_questions(exercise_id: str) -> None:
    """In the chapter's own way: as a student's sheet on this exercise alone."""
    entry, part = find_entry(exercise_id), exercise_id.partition(".")[0]
    kinds = set()
    for seed in range(4):
        rng = rng_for(seed, "ada", part)
        draws = {exercise_id: draw_inputs(part, rng)[exercise_id]}
        functions = {exercise_id: entry.reference}
        sheet = make_sheet("ada", part, draws, replies(functions, inputs_to_ask(draws)), rng)
        kinds |= {q.kind for q in sheet.questions}
    assert ("returns" in kinds) == (exercise_id not in FLAGS_ONLY)
    assert ("changes" in kinds) == (exercise_id in CHANGED)
    assert ("whose" in kinds) == (exercise_id in GRADIENTS)


def test_flags_are_asked_about_first_where_a_chapter_has_them() -> None:
    made = [q for _, sheet in sheets(5) for q in sheet.questions if q.kind == "changes"]
    assert all(q.exercise in WITH_FLAGS for q in made if not q.exercise.startswith(("chain.", "next.")))


# -- what is not asked ------------------------------------------------------------------------------------------


def only(answer: Answer, exercise_id: str = "dqn.td_target") -> list[Question]:
    """The questions of a student with this one function, over a few seeds."""
    found: list[Question] = []
    for seed in range(4):
        rng = rng_for(seed, "ada", "dqn")
        draws = {exercise_id: draw_inputs("dqn", rng)[exercise_id]}
        given = replies({exercise_id: answer}, inputs_to_ask(draws))
        found += make_sheet("ada", "dqn", draws, given, rng).questions
    return found


def right(reward: Any, q_next: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
    return reward + gamma * q_next.max(axis=1) * ~terminated


def changes_its_input(reward: Any, q_next: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
    reward += gamma * q_next.max(axis=1) * ~terminated
    return reward.copy()


@pytest.mark.parametrize(
    "answer",
    [
        lambda *a: 1 / 0,
        lambda *a: None,
        lambda *a: np.full(4, np.nan),
        lambda *a: right(*a) * np.array([1, 1, 1, np.inf]),
        lambda *a: right(*a) + np.random.default_rng().normal(size=4),
        lambda *a: np.zeros((40, 40)),
        lambda *a: right(*a).sum(),
        lambda *a: "right",
        changes_its_input,
    ],
    ids=["raises", "none", "nan", "infinite", "random", "large", "a-number", "text", "in-place"],
)
def test_nothing_is_asked_where_the_code_makes_it_ambiguous(answer: Answer) -> None:
    assert only(answer) == []
    assert {q.kind for q in only(right)} == {"returns", "changes"}


@pytest.mark.parametrize(
    "answer",
    [
        lambda reward, q_next, terminated, truncated, gamma: reward,
        lambda reward, q_next, terminated, truncated, gamma: reward + terminated.sum() + truncated.sum(),
        lambda reward, q_next, terminated, truncated, gamma: reward + 1e-3 * terminated,
    ],
    ids=["no-row", "every-row", "by-too-little"],
)
def test_no_flag_that_changes_nothing_everything_or_too_little(answer: Answer) -> None:
    assert "changes" not in {q.kind for q in only(answer)}


def test_with_too_little_code_a_sheet_says_why() -> None:
    functions: Functions = {name: lambda *a: 1 / 0 for name in entries("dqn")}
    sheet = sheet_of("ada", chapter("dqn"), functions)
    assert (sheet.questions, sheet.why.startswith("Too little of the code")) == ((), True)


def test_an_exercise_that_broke_off_is_left_out() -> None:
    rng = rng_for(0, "ada", "dqn")
    draws = draw_inputs("dqn", rng)
    given = replies({name: find_entry(name).reference for name in draws}, inputs_to_ask(draws))
    short = {name: some[:-1] if name.startswith("dqn.t") else some for name, some in given.items()}
    sheet = make_sheet("ada", "dqn", draws, short, rng)
    assert len(sheet.questions) == 3
    assert not any(q.exercise.startswith("dqn.t") for q in sheet.questions)


def test_options_can_be_told_apart() -> None:
    own = np.array([1.0, 2.0])
    near, far, column = np.array([1.0, 2.04]), np.array([1.0, 2.06]), own[:, None]
    assert [x is far for x in distinct(own, [own, near, far, far.copy()])] == [True]
    assert distinct(own, [column])[0] is column
    assert not are_apart(own, None)
    for _, sheet in sheets(6):
        for q in sheet.questions:
            assert len(set(q.options.values())) == len(q.options) >= (2 if q.kind == "whose" else 3)
            assert q.remarks is None or len(set(q.remarks.values())) == 3


def test_rows_that_change_are_plain_to_see() -> None:
    y = np.arange(6.0).reshape(3, 2)
    moved = y + np.array([[0, 0], [0, 1], [0, 0]])
    assert rows_that_change(y, moved) == (1,)
    assert rows_that_change(y, y) == ()
    assert rows_that_change(y, y + 1e-3) is None
    assert rows_that_change(y, moved + 1e-12) is None
    assert rows_that_change(y, y[:2]) is None
    assert rows_that_change(np.array(1.0), np.array(2.0)) is None
    assert row_set((0, 1, 3), 5) == "rows 0, 1 and 3"


def test_a_reply_with_a_part_that_cannot_be_shown_is_not_used() -> None:
    exercise = find_entry("chain.linear_vjp").exercise
    args = {"W": np.ones((2, 2)), "b": np.ones(2), "x": np.ones(2), "g": np.ones(2)}
    whole = call_twice(exercise, lambda W, b, x, g: (np.outer(g, x), g, W.T @ g), args)
    assert list(usable_parts(whole, args, exercise.returns)) == ["grad_W", "grad_b", "grad_x"]
    partly = call_twice(exercise, lambda W, b, x, g: (np.outer(g, x), None, W.T @ g), args)
    assert usable_parts(partly, args, exercise.returns) == {}


def test_every_round_has_other_solutions() -> None:
    entry = find_entry("dqn.td_target")
    picks: list[Callable[..., Any]] = [solution(entry, k) for k in range(3)]
    assert len({p.__name__ for p in picks}) == 3
    assert DRAWS >= 2
