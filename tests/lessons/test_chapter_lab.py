"""Chapter 4, the debugging lab: its files, its lesson, tests of recorded agents, and what the examiner says."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.lab_returns import versions
from grader.bank.lab import FOLDER, version
from grader.bank.registry import entries, find_entry
from grader.course import chapter
from grader.judging.examine import examine as judged
from gradexaminer import Report, examine
from gradexaminer.findings import FAULT, SUSPICION
from gradschool.core.calling import call_twice
from gradschool.core.exercise import AnswerUnusable, in_chapter
from gradschool.core.plain_data import iter_leaves
from gradschool.lessons import lab
from gradschool.lessons.lab import small
from tests.support.lesson_cells import cells_of, marked, names_of

FILES = [Path(name).stem for name in lab.FILES]
PLANTED = {name: list(import_module(f"grader.bank.lab.{name}").PLANTED) for name in FILES}
SMALL: dict[str, Callable[..., Any]] = {
    "taxi_dqn": small.small_taxi,
    "cartpole_dqn": small.small_cartpole,
    "pendulum_ddpg": small.small_pendulum,
}
CODES = {  # the examiner's word for each planted fault
    "mask-on-reward": "mask-on-reward",
    "not-zeroed": "grads-not-zeroed",
    "alias": "alias",
    "argmax-of-s": "argmax-of-s",
    "gamma-missing": "gamma-missing",
    "polyak-swapped": "polyak-swapped",
    "one-optimizer": "critic-moved-by-actor",
    "target-action-at-s": "target-action-state",
    "slope-at-stored-actions": "actor-slope-replayed",
}
SINGLE = [(name, fault) for name in FILES for fault in PLANTED[name]]


def run(name: str, faults: list[str]) -> dict[str, Any]:
    """The names that a version of a file defines."""
    names: dict[str, Any] = {"__name__": name}
    exec(compile(version(name, faults), f"{name}.py", "exec"), names)
    return names


def agent_class(name: str, faults: list[str]) -> Any:
    return run(name, faults)[find_entry(f"lab.{name}").exercise.function]


def said(name: str, faults: list[str]) -> Report:
    return examine(**run(name, faults)["examined"])


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    return SimpleNamespace(**names_of(cells_of(chapter("lab").source)))


# -- the files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_mended_one_with_its_planted_faults_and_nothing_else(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert 100 <= len(text.splitlines()) <= 150
    assert len(PLANTED[name]) == 3
    assert version(name, PLANTED[name]) == text
    assert len({version(name, faults) for faults in versions(PLANTED[name])}) == 6  # every replacement changes the text


@pytest.mark.parametrize("name", FILES)
def test_the_examiner_names_every_planted_fault_of_a_file_and_no_other(name: str) -> None:
    report = said(name, PLANTED[name])
    assert {f.code for f in report.of(FAULT)} == {CODES[fault] for fault in PLANTED[name]}
    assert not report.of(SUSPICION)


@pytest.mark.parametrize("name", FILES)
def test_the_examiner_has_nothing_to_say_of_a_mended_file(name: str) -> None:
    assert said(name, []).findings == []


@pytest.mark.parametrize(("name", "fault"), SINGLE)
def test_the_examiner_names_each_fault_that_stands_alone(name: str, fault: str) -> None:
    report = said(name, [fault])
    assert {f.code for f in report.of(FAULT)} == {CODES[fault]}


def test_files_are_copied_once_and_a_student_s_own_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taxi_dqn.py").write_text("mine")
    lab.copy_files(tmp_path)
    assert (tmp_path / "taxi_dqn.py").read_text() == "mine"
    assert (tmp_path / "pendulum_ddpg.py").read_text() == version("pendulum_ddpg", PLANTED["pendulum_ddpg"])
    assert "taxi_dqn.py is there already" in capsys.readouterr().out


# -- a student's test on agents of a class, at home -----------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_lesson_s_test_passes_mended_agents_and_fails_each_fault(name: str, lesson: SimpleNamespace) -> None:
    test = getattr(lesson, name.split("_")[0] + "_test")
    for seed in range(5):
        test(*SMALL[name](agent_class(name, []), seed))
    for faults in ([fault] for fault in PLANTED[name]):
        failed = [lab._fails(test, *SMALL[name](agent_class(name, faults), seed)) for seed in range(5)]
        assert any(failed), faults


def test_what_is_printed_of_a_test(capsys: pytest.CaptureFixture[str], lesson: SimpleNamespace) -> None:
    classes = {"the file": agent_class("taxi_dqn", PLANTED["taxi_dqn"]), "mended": lesson.TaxiAgent}
    lab.try_test(lesson.taxi_test, small.small_taxi, classes)
    assert capsys.readouterr().out.splitlines() == [
        "the file: the test fails for 5 of 5 agents.",
        "mended: the test passes.",
    ]


# -- recorded agents: what a kernel is told ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lab.taxi_test", "lab.cartpole_test", "lab.pendulum_test"])
def test_recorded_agents_are_numbers_with_weights_of_their_own_in_an_order_that_is_drawn(name: str) -> None:
    entry = find_entry(name)
    orders = set()
    for seed in range(6):
        for case in entry.cases(np.random.default_rng(seed)):
            leaves = [leaf for _, leaf in iter_leaves(case.plain_args)]
            assert all(isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fi" for leaf in leaves)
            rewards = case.args["batches"]["reward"]
            assert len({x.tobytes() for x in rewards}) == len(rewards)
            right = entry.exercise.oracle(case.args)
            assert all(0 < np.sum(verdicts) < len(verdicts) for verdicts in right.values())  # type: ignore[attr-defined]
            orders.add(tuple(np.concatenate(list(right.values()))))  # type: ignore[attr-defined]
    assert len(orders) > 10


def test_a_recorded_agent_learns_from_its_own_batches_alone() -> None:
    agent, batches = small.small_taxi(agent_class("taxi_dqn", []))
    nets = {"q_net": agent.q_net, "target_net": agent.target_net}
    after = {key: np.zeros((4, 8, 4)) for key in nets}
    recorded = small.Recorded(nets, after, batches, small.load_table, {"gamma": 0.9})
    with pytest.raises(ValueError, match="the batches themselves, in their order"):
        recorded.learn(batches[1])
    recorded.learn(tuple(batches[0]))
    obs, *rest = batches[1]
    recorded.learn((obs, *rest))
    with pytest.raises(ValueError, match="no copy"):
        recorded.learn(tuple(x.clone() for x in batches[2]))
    assert recorded.target_net is recorded.q_net  # two names of one network, as far as weights can tell
    assert not recorded.q_net.weight.any()


def test_a_third_for_each_fault_that_a_test_catches() -> None:
    """A test that looks at the first update alone catches one fault of Taxi's three."""
    entry = find_entry("lab.taxi_test")
    answer = next(m for m in entry.mutants if m.name == "first-update-alone").fresh()
    report = judged(entry, lambda args: call_twice(entry.exercise, answer, args), 3)
    assert report.fraction == pytest.approx(1 / 3, abs=1e-5)
    assert "`first`" in " ".join(report.notes)


def test_a_quarter_for_each_fault_that_is_mended() -> None:
    entry = find_entry("lab.pendulum_ddpg")
    for mended, at_least in ((1, 0.25), (2, 0.5)):
        names = run("pendulum_ddpg", PLANTED["pendulum_ddpg"][mended:])
        report = judged(entry, lambda args, c=names["PendulumAgent"]: call_twice(entry.exercise, c, args), 3)  # type: ignore[misc]
        assert at_least < report.fraction < at_least + 0.1
        assert not report.passed


def test_a_test_that_returns_something_is_told() -> None:
    entry = find_entry("lab.taxi_test")
    case = entry.cases(np.random.default_rng(0))[0]
    reply = call_twice(entry.exercise, lambda agent, batches: True, case.args)
    assert "let an assert fail" in reply.first.message  # type: ignore[union-attr]


def test_an_agent_without_its_networks_is_told() -> None:
    class Empty:
        def __init__(self, make_net: Any, **options: Any) -> None:
            pass

    with pytest.raises(AnswerUnusable, match="no network `q_net`"):
        small.small_taxi(Empty)


def test_an_error_in_a_method_of_the_class_names_its_line() -> None:
    entry = find_entry("lab.taxi_dqn")
    broken = version("taxi_dqn").replace("loss.backward()", "loss.backwards()")
    names: dict[str, Any] = {"__name__": "taxi_dqn"}
    exec(compile(broken, "<taxi>", "exec"), names)
    case = entry.cases(np.random.default_rng(0))[0]
    reply = call_twice(entry.exercise, names["TaxiAgent"], case.args)
    assert reply.first.type == "AttributeError"  # type: ignore[union-attr]
    assert "of learn" in reply.first.message  # type: ignore[union-attr]


# -- the oracles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [e.id for e in in_chapter("lab")])
def test_oracle_and_reference_agree(name: str) -> None:
    entry = find_entry(name)
    for seed in range(4):
        for case, right in entry.questions(seed):
            found = dict(iter_leaves(entry.exercise.oracle(case.args), entry.exercise.returns))
            expected = dict(iter_leaves(right, entry.exercise.returns))
            assert list(found) == list(expected)
            for label, leaf in expected.items():
                np.testing.assert_allclose(
                    np.asarray(found[label], float), np.asarray(leaf, float), rtol=1e-9, atol=1e-12
                )


# -- the lesson ----------------------------------------------------------------------------------------------------


def test_each_exercise_has_its_cells_and_three_hints() -> None:
    cells = cells_of(chapter("lab").source)
    ids = [e.id for e in in_chapter("lab")]
    assert marked(cells, "exercise") == marked(cells, "check") == ids
    functions = {e.id: e.function for e in in_chapter("lab")}
    checks = [c.source for c in cells if "check" in c.metadata]
    assert checks == [f'check("{i}", {functions[i]})' for i in ids]
    text = chapter("lab").source.read_text(encoding="utf-8")
    assert all(text.count(f"**Exercise `{i}`**") == 1 for i in ids)
    assert text.count("<summary>Hint ") == 3 * len(ids)


def test_the_table_tells_every_version_of_taxi_that_was_trained() -> None:
    text = chapter("lab").source.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z-]+(?:, [a-z-]+)*|none) \| (−?[\d.]+) to (−?[\d.]+) \|$", text, re.MULTILINE)
    told = [[] if which == "none" else which.split(", ") for which, _, _ in rows]
    assert told == versions(PLANTED["taxi_dqn"])


def test_no_fault_s_name_is_in_the_files_of_a_student() -> None:
    assert not [f for f in lab.FILES for code in CODES if code in (FOLDER / f).read_text(encoding="utf-8")]


def test_points() -> None:
    assert {i: e.points for i, e in entries("lab").items()} == dict.fromkeys([e.id for e in in_chapter("lab")], 6)
