"""The examination: hidden and fresh questions, the mistake's name, what of it is ever shown; the judge's budgets."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from grader.bank.class_run import class_run
from grader.bank.entry import HIDDEN_SEED, MOST_READ, MOST_REPLIES, Entry, KeptReplies, ReadOnce
from grader.bank.registry import find_entry
from grader.judging import examine as examining
from grader.judging import server as judging
from grader.judging.examine import examine
from grader.judging.server import DeadlineConnection, JudgeServer
from gradschool.check.api import CheckFailed, check, check_here
from gradschool.core import compare as comparing
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_once, call_twice
from gradschool.core.compare import same
from gradschool.core.exercise import AnswerUnusable, Reading
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import to_plain
from gradschool.core.report import Report
from gradschool.diagnosis.evidence import fresh_cases
from gradschool.diagnosis.explain import NO_CAUSE, ExplanationFailed
from gradschool.diagnosis.first_look import UNEXPLAINED

ENTRY = find_entry("chain.l2_gradient")
Answer = Callable[..., Any]


def examined(answer: Answer, seed: int = 5) -> tuple[Any, list[Mapping[str, Any]]]:
    """The report on an answer, and every question that it was asked."""
    asked: list[Mapping[str, Any]] = []

    def ask(args: Mapping[str, Any]) -> Reply:
        asked.append(to_plain(dict(args)))
        return call_twice(ENTRY.exercise, answer, args)

    return examine(ENTRY, ask, seed), asked


def right(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    return p - l


def strange(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    return np.sin(p) + l**3


def stub(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    raise NotImplementedError


def equal(one: Any, other: Any) -> bool:
    return same(one, other, TOLERANCES["exact"])


def test_a_known_mistakes_name_must_hold_on_further_inputs_too() -> None:
    """An answer that is a known mistake's on all that it is judged on, and another one's afterwards."""
    first, then = (m.fresh() for m in ENTRY.mutants[:2])
    judged_on = len(ENTRY.hidden) + len(ENTRY.questions(5))
    asked = 0

    def ask(args: Mapping[str, Any]) -> Reply:
        nonlocal asked
        asked += 1
        return call_twice(ENTRY.exercise, first if asked <= judged_on else then, args)

    assert examined(first)[0].mistake == ENTRY.mutants[0].name
    assert examine(ENTRY, ask, 5).mistake != ENTRY.mutants[0].name
    assert asked > judged_on


def fixtures(seed: int) -> list[Any]:
    return [to_plain(dict(case.args)) for case in ENTRY.fixtures(np.random.default_rng(seed))]


def test_a_known_mistake_is_named_by_one_further_draw_of_every_kind_of_inputs() -> None:
    """What is not known is asked about two more draws: a name must hold, an explanation has to be found."""
    entry, asked = find_entry("dqn.output_gradient"), Counter[int]()
    first, others = fresh_cases(entry.fixtures)

    def ask(args: Mapping[str, Any], answer: Any) -> Reply:
        asked[id(args)] += 1
        return call_twice(entry.exercise, answer, args)

    known = examine(entry, partial(ask, answer=entry.mutants[0].fresh()), 1)
    assert known.mistake == entry.mutants[0].name
    assert all(asked[id(case.args)] for case in first)
    assert not any(asked[id(case.args)] for case in others)
    assert f"all {len(entry.hidden) + len(entry.questions(1)) + len(first)} inputs" in known.experiment
    unknown = examine(entry, partial(ask, answer=lambda q, a, y: 0.3 * np.ones_like(q)), 1)
    assert unknown.mistake not in {m.name for m in entry.mutants}
    assert all(asked[id(case.args)] for case in others)


def test_every_hidden_and_every_fresh_question_is_asked() -> None:
    """The hidden ones are the same for all; the fresh ones are those of the seed."""
    _, asked = examined(right, seed=5)
    expected = [*fixtures(HIDDEN_SEED), *fixtures(5)]
    assert len(asked) == len(expected) > 4
    assert all(equal(a, b) for a, b in zip(asked, expected, strict=True))
    _, others = examined(right, seed=6)
    half = len(asked) // 2
    assert not equal(asked[half], others[half])
    assert all(equal(a, b) for a, b in zip(asked[:half], others[:half], strict=True))


def second_calls(entry: Entry, answer: Answer) -> tuple[list[str], Report]:
    """The hidden and fresh questions that an answer was asked twice, by their case's name, and the report."""
    names = {protocol.encode(to_plain(dict(case.args))): case.name for case, _ in entry.hidden}
    twice: list[str] = []

    def ask(args: Mapping[str, Any]) -> Reply:
        twice.append(names.get(protocol.encode(to_plain(dict(args))), "fresh"))
        return call_twice(entry.exercise, answer, args)

    return twice, examine(entry, ask, 5, partial(call_once, entry.exercise, answer))


@pytest.mark.parametrize("exercise_id", ["dqn.agent", "ddpg.agent", "lab.taxi_dqn", "lab.taxi_test", "dqn.td_target"])
def test_whole_agents_are_tried_a_second_time_on_the_first_inputs_alone(exercise_id: str) -> None:
    entry = find_entry(exercise_id)
    asked, report = second_calls(entry, entry.alternatives[0].fresh())
    names = [case.name for case, _ in entry.hidden]
    assert report.passed
    assert asked == (names if exercise_id == "dqn.td_target" else names[:1])


def test_an_agent_that_is_another_one_the_second_time_fails_on_all_its_inputs() -> None:
    entry = find_entry("lab.taxi_dqn")
    made = [0]

    def worse_with_each(*args: Any, lr: float = 0.5, **options: Any) -> Any:
        made[0] += 1
        return entry.reference(*args, lr=lr / made[0], **options)

    _, report = second_calls(entry, worse_with_each)
    assert report.fraction < 0.5


def test_the_points_are_the_entrys() -> None:
    for answer in (right, strange, stub):
        report, _ = examined(answer)
        assert report.points == ENTRY.points
        assert report.exercise == "chain.l2_gradient"
        assert report.title == ENTRY.exercise.title
    assert examined(right)[0].earned == ENTRY.points


def test_right_work_and_work_not_begun_need_no_example() -> None:
    for answer, mistake in ((right, ""), (stub, "untouched")):
        report, _ = examined(answer)
        assert report.mistake == mistake
        assert report.example is None


def test_an_example_is_a_fresh_one_whole() -> None:
    report, asked = examined(strange)
    count = len(ENTRY.hidden)
    hidden, fresh = asked[:count], asked[count : count + len(ENTRY.questions(5))]
    shown = report.example
    assert any(equal(shown.inputs, args) for args in fresh)
    assert not any(equal(shown.inputs, args) for args in hidden)
    p, l = shown.inputs["p"], shown.inputs["l"]
    assert equal(shown.expected, p - l)
    assert equal(shown.got, strange(p, l))
    assert shown.wrong.shape == np.shape(p)
    assert shown.case in {case.name for case in ENTRY.fixtures(np.random.default_rng(5))}
    assert shown.label == shown.error == ""


def test_what_is_wrong_on_hidden_inputs_alone_is_never_shown() -> None:
    hidden = {case.args["p"].tobytes() for case in ENTRY.fixtures(np.random.default_rng(HIDDEN_SEED))}
    report, _ = examined(lambda p, l: p - l + (p.tobytes() in hidden))
    assert not report.passed
    assert report.example is None


def test_each_known_mistake_has_its_name_and_hint_and_keeps_its_example() -> None:
    for mutant in ENTRY.mutants:
        report, _ = examined(mutant.fresh())
        assert (report.mistake, report.hint) == (mutant.name, mutant.hint)
        assert report.points == ENTRY.points
        assert report.fraction < 1


def test_every_attempt_is_compared_once_and_read_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Assessment, diagnosis, example and report read one comparison: each part of each answer is looked at once."""
    counts: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            counts[name] += 1
            return function(*args, **options)

        return call

    td_target = find_entry("dqn.td_target")
    answer = next(m for m in td_target.mutants if m.name == "mean").fresh()
    for name in ("compare", "check_form"):
        monkeypatch.setattr(comparing, name, counted(name, getattr(comparing, name)))
    report = examine(td_target, lambda args: call_twice(td_target.exercise, answer, args), 5)
    assert report.mistake == "mean"
    assert counts["compare"] == counts["check_form"] == len(td_target.hidden) + len(td_target.questions(5))
    counts.clear()
    assert check_here(td_target.exercise, answer).mistake not in UNEXPLAINED
    assert counts["compare"] == counts["check_form"]


def test_an_unknown_mistake_keeps_the_words_of_its_pattern() -> None:
    report, _ = examined(strange)
    assert report.mistake == "values"
    assert report.hint == "The result has the right shape, but the numbers in it are wrong."


def test_a_mistake_is_recognised_by_all_its_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers but one question otherwise is another one; so is one that differs in the second call only."""
    mutant = ENTRY.mutants[0]
    calls = {"n": 0}

    def almost(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        calls["n"] += 1
        return mutant.fresh()(p, l) + (1e-3 if calls["n"] == 8 else 0)

    assert examined(almost)[0].mistake != mutant.name
    named = examining._same_reply
    one = Reply(np.ones(2), np.ones(2), {"p": np.ones(2)})
    for other in (
        Reply(np.zeros(2), np.ones(2), {"p": np.ones(2)}),
        Reply(np.ones(2), np.zeros(2), {"p": np.ones(2)}),
        Reply(np.ones(2), np.ones(2), {"p": np.zeros(2)}),
    ):
        assert not named(one, other)
    assert named(one, one)


# -- the judge's budgets --------------------------------------------------------------------------------------------


@pytest.fixture
def ends() -> Any:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_all_that_comes_over_a_line_is_counted(ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    line = DeadlineConnection(here, 5.0, 10)
    for _ in range(2):
        there.sendall(b"12345")
        assert line.recv(5) == b"12345"
    there.sendall(b"6")
    with pytest.raises(protocol.ProtocolError, match="more than may be said in one examination"):
        line.recv(5)


def test_a_line_ends_at_its_time(ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    line = DeadlineConnection(here, 0.05, 10)
    there.sendall(b"1")
    time.sleep(0.1)
    with pytest.raises(TimeoutError, match="the examination took too long"):
        line.recv(1)
    with pytest.raises(TimeoutError, match="the examination took too long"):
        line.sendall(b"1")


def test_a_seed_fixes_the_fresh_questions_and_none_leaves_them_to_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """One draw for all notebooks of a worker, another one for the next worker."""
    seen: list[int] = []

    def noted(entry: Entry, ask: Any, seed: int, ask_once: Any) -> Report:
        seen.append(seed)
        return examine(entry, ask, seed, ask_once)

    monkeypatch.setattr(judging, "examine", noted)
    for seed in (7, None, None, "the next worker's"):
        if isinstance(seed, str):
            class_run.cache_clear()
        with JudgeServer(seed=seed if isinstance(seed, int) else None) as judge, monkeypatch.context() as here:
            here.setenv("GRADSCHOOL_JUDGE_SOCKET", judge.address)
            judge.open("chain.l2_gradient")
            check("chain.l2_gradient", right)
            assert judge.close(2.0).report.passed
    assert seen[0] == 7
    assert seen[1] == seen[2] != seen[3]
    assert all(0 <= s < 2**64 for s in seen)


@pytest.mark.parametrize("keeps", [False, True])
def test_an_explanation_calls_once_what_gives_the_same_twice(keeps: bool) -> None:
    """Twice on the hidden inputs, once on the fresh ones; then twice only where a second call gave something else."""
    calls, questions = 0, {"ask": 0, "once": 0}

    def answer(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return 3.0 * (p - l) + (calls if keeps else 0)

    def ask(args: Mapping[str, Any]) -> Reply:
        questions["ask"] += 1
        return call_twice(ENTRY.exercise, answer, args)

    def ask_once(args: Mapping[str, Any]) -> Reply:
        questions["once"] += 1
        return call_once(ENTRY.exercise, answer, args)

    report = examine(ENTRY, ask, 5, ask_once)
    assert not report.passed
    hidden, fresh = len(ENTRY.hidden), len(ENTRY.questions(5))
    assert questions["once"] == fresh if keeps else questions["ask"] == hidden
    assert keeps or questions["once"] > fresh
    assert calls == 2 * questions["ask"] + questions["once"]


def test_a_known_mistake_is_run_once_for_a_class() -> None:
    """On the fresh inputs of a seed and on the further ones; what it replied is compared with every student's reply."""
    run: list[int] = []

    def tripled(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        return 3.0 * (p - l)

    entry = replace(ENTRY, mutants=[])
    entry.mutant("tripled", "Where does the 3 come from?")(tripled)
    entry.kept_replies["tripled"]._answer = lambda p, l: (run.append(1), tripled(p, l))[1]
    costs = []
    for _ in range(2):
        run.clear()
        report = examine(entry, lambda args: call_twice(entry.exercise, tripled, args), 5)
        assert report.mistake == "tripled"
        costs.append(len(run))
    assert costs[0] > 0 == costs[1]


def test_only_so_many_replies_of_a_known_mistake_are_kept() -> None:
    kept = KeptReplies(ENTRY.exercise, ENTRY.mutants[0])
    cases = [case for seed in range(MOST_REPLIES) for case in ENTRY.fixtures(np.random.default_rng(seed))]
    for case in cases:
        kept.to(case)
    assert len(kept.kept) == MOST_REPLIES < len(cases)
    assert kept.to(cases[-1]) is kept.to(cases[-1])


def test_an_error_inside_the_judge_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """No marks, and the instructor reads which error it was."""

    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(judging, "examine", breaks)
    with JudgeServer() as judge:
        monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", judge.address)
        judge.open("chain.l2_gradient")
        with pytest.raises(CheckFailed, match="does not answer"):
            check("chain.l2_gradient", right)
        window = judge.close(2.0)
    assert window.broken == "ZeroDivisionError"
    assert window.report is None


def test_closing_what_is_not_open_is_an_error() -> None:
    with JudgeServer() as judge, pytest.raises(AssertionError, match=r"close\(\) without open\(\)"):
        judge.close()


def counted(p: np.ndarray, l: np.ndarray, calls: list[int] = []) -> np.ndarray:  # noqa: B006 - the mistake itself
    calls.append(1)
    return p - l + len(calls)


def test_a_mistake_that_remembers_earlier_questions_is_named() -> None:
    """Its replies to the fresh questions depend on the hidden ones, which come first: so they are asked again."""
    entry = replace(ENTRY, mutants=[])
    entry.mutant("counted", "Something is kept from call to call.")(counted)
    for once in (None, call_once):
        student = entry.mutants[0].fresh()
        asked = [once and partial(once, entry.exercise, student)]
        report = examine(entry, partial(call_twice, entry.exercise, student), 5, *asked)
        assert report.mistake == "counted"


def test_right_answers_to_what_every_student_is_asked_are_worked_out_once() -> None:
    """Of the hidden and the further inputs for a class; those of a seed, while the same seed is asked again."""
    counted: list[int] = []

    def reference(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        counted.append(1)
        return right(p, l)

    entry = replace(ENTRY, reference=reference, mutants=[ENTRY.mutants[0]])
    reports, costs = [], []
    for seed in (1, 1, 2):
        counted.clear()
        wrong = entry.mutants[0].fresh()
        reports.append(examine(entry, lambda args, f=wrong: call_twice(entry.exercise, f, args), seed))
        costs.append(len(counted))
    assert {r.mistake for r in reports} == {ENTRY.mutants[0].name}
    assert costs[0] > 2 * len(entry.hidden)
    assert costs[1:] == [0, len(entry.questions(2))]
    assert not replace(entry, cases=ENTRY.cases).right_to_fresh  # other inputs, other answers


def test_the_same_answer_to_the_same_inputs_is_read_once() -> None:
    """To the last bit; what cannot be used is said each time, and only so many readings are kept."""
    seen: list[Any] = []

    def read(args: Mapping[str, Any], got: Any) -> Reading:
        seen.append(got)
        if got is None:
            raise AnswerUnusable("nothing came back")
        return Reading({"sum": args["x"] + got})

    once, x = ReadOnce(read), np.array([1.0, 2.0])
    answers = [
        ({"x": x}, x),
        ({"x": x + 1e-15}, x),
        ({"x": x}, x.astype(np.float32)),
        ({"x": x}, -x),
        ({"y": x, "x": x}, x),
    ]
    for _ in range(2):
        found = [once(args, got).parts["sum"] for args, got in answers]
        assert [list(sums) for sums in found] == [list(args["x"] + got) for args, got in answers]
        with pytest.raises(AnswerUnusable):
            once({"x": x}, None)
    assert len(seen) == len(answers) + 2
    for k in range(MOST_READ):
        once({"x": x}, np.array(k))
    once(*answers[0])
    assert len(seen) == len(answers) + 2 + MOST_READ + 1


@pytest.mark.filterwarnings("default:Grad School itself ended with an error")
@pytest.mark.parametrize("broken", ["name_mistake", "explain"])
def test_an_error_in_the_search_for_a_cause_costs_no_mark(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = examined(strange)[0]

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(examining, broken, fails)
    with pytest.warns(ExplanationFailed, match="ZeroDivisionError: division by zero"):
        report = examined(strange)[0]
    assert NO_CAUSE in report.notes
    assert NO_CAUSE not in sound.notes
    assert (report.passed, report.fraction) == (False, sound.fraction)
