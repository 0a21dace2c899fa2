"""What a judge keeps from one student to the next changes nothing: not in another order, and not for what is forged."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.bank.registry import find_entry
from grader.judging import class_memory, examine
from grader.judging.class_memory import memory_of, without_seconds
from grader.judging.server import JudgeServer
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_raw
from gradschool.core.judge_messages import pack_reply
from gradschool.core.report import Report
from gradschool.diagnosis.explain import NO_CAUSE

IDS = ("chain.l2_gradient", "dqn.td_target")
SEED = 7
Answer = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_memory, "_memories", class_memory.LastUsed(8))


def answers(name: str) -> list[Answer]:
    """Every known mistake and right solution, and answers that no known mistake gives, with one that keeps count."""
    entry = find_entry(name)
    variants = [v.fresh() for v in (*entry.alternatives, *entry.mutants)]
    right = entry.alternatives[0].fresh()
    calls: list[int] = []

    def scaled(*args: Any, **words: Any) -> Any:
        return 1.75 * right(*args, **words)

    def turned_later(*args: Any, **words: Any) -> Any:  # as `scaled` for as long as what is assessed takes
        calls.append(1)
        return (1.75 if len(calls) < 60 else -1.75) * right(*args, **words)

    return [*variants, scaled, turned_later]


def judged(
    name: str, answer: Answer, remembers: bool = True, change: Callable[[dict[str, Any]], None] = lambda _: None
) -> tuple[Report, list[bytes]]:
    """Have an answer judged over the wire; return the report without its seconds, and the questions in order."""
    asked: list[bytes] = []
    with JudgeServer(seconds=120.0, seed=SEED, remembers=remembers) as judge, socket.socket(socket.AF_UNIX) as line:
        judge.open(name)
        line.connect(judge.address)
        protocol.send(line, {"check": name})
        while True:
            question = protocol.receive(line)
            assert isinstance(question, dict)
            if "args" not in question:
                break
            asked.append(protocol.encode(question))
            exercise, once = find_entry(name).exercise, question["once"] is True
            message = dict(pack_reply(call_raw(exercise, answer, question["args"], once=once)))  # type: ignore[arg-type]
            change(message)
            protocol.send(line, message)
        report = judge.close().report
    assert report is not None
    return replace(report, seconds=0.0), asked


def shown(found: tuple[Report, list[bytes]]) -> tuple[str, list[bytes]]:
    with np.printoptions(threshold=100_000, precision=17):
        return repr(found[0]), found[1]


@pytest.mark.parametrize("name", IDS)
def test_reports_and_questions_are_the_same_in_any_order_and_without_a_memory(name: str) -> None:
    many = len(answers(name))
    alone = [shown(judged(name, answers(name)[k], remembers=False)) for k in range(many)]
    for order in (range(many), reversed(range(many))):
        assert all(shown(judged(name, answers(name)[k])) == alone[k] for k in order)


def test_an_explanation_is_searched_for_once_and_asked_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    explained = examine._explained

    def counted(*words: Any) -> tuple[Report, bool]:
        searched.append(words[0].exercise.id)
        return explained(*words)

    monkeypatch.setattr(examine, "_explained", counted)
    scaled = answers(IDS[0])[-2]
    found = [shown(judged(IDS[0], scaled)) for _ in range(3)]
    assert len(searched) == 1
    assert found[0] == found[1] == found[2]


def test_what_was_searched_in_haste_is_not_kept() -> None:
    kept, found = class_memory.KeptExplanations(), Report("x", "x", 0.0, ())
    searched: list[bool] = []

    def search(_: class_memory.Asked) -> tuple[Report, bool]:
        searched.append(True)
        return found, True

    for _ in range(2):
        kept.explain(b"key", found, lambda _: Reply(None, None, None), search)
    assert len(searched) == 2


@pytest.mark.filterwarnings("ignore:Grad School itself ended with an error")
def test_a_search_that_ended_with_an_error_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    scaled = answers(IDS[0])[-2]
    with monkeypatch.context() as patch:
        patch.setattr(examine, "explain", fails)
        failed, _ = judged(IDS[0], scaled)
    assert NO_CAUSE in failed.notes
    assert judged(IDS[0], scaled)[0].hint != failed.hint


def test_a_student_who_answers_otherwise_in_the_middle_of_a_search_is_asked_nothing_more() -> None:
    (report, of_scaled), alone = judged(IDS[0], answers(IDS[0])[-2]), judged(IDS[0], answers(IDS[0])[-1], False)
    found = judged(IDS[0], answers(IDS[0])[-1])
    assert found[1][:40] == of_scaled[:40]
    assert found[0].hint != report.hint
    assert shown(found) == shown(alone)


def test_forged_replies_change_nothing_for_the_next_student() -> None:
    honest = answers(IDS[0])[0]

    def forge(message: dict[str, Any]) -> None:
        message["inputs"], message["printed"] = "forged", '["seconds", 0.5], ["overwritten", false]]}'

    judged(IDS[0], honest, change=forge)
    assert judged(IDS[0], honest)[0] == judged(IDS[0], honest, remembers=False)[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"seconds": 0.25}, {"seconds": 3e-05}, True),
        ({"first": {"value": 1.0}}, {"first": {"value": 2.0}}, False),
        ({"printed": '["seconds", 0.5]'}, {"printed": '["seconds", 0.6]'}, False),
        ({"inputs": {"seconds": 0.5}}, {"inputs": {"seconds": 0.6}}, False),
        ({"inputs": np.zeros(3)}, {"inputs": np.zeros((3, 1))}, False),
        ({"overwritten": True}, {"overwritten": False}, False),
    ],
)
def test_of_a_reply_all_counts_but_its_seconds(one: Mapping[str, Any], other: Mapping[str, Any], same: bool) -> None:
    plain = dict(pack_reply(Reply(np.ones(2), np.ones(2), (np.ones(2),), "said", 0.125)))
    found = [without_seconds(protocol.encode({**plain, **changes})[protocol.LENGTH :]) for changes in (one, other)]
    assert all(found)
    assert (found[0].digest == found[1].digest) is same  # type: ignore[union-attr]


@pytest.mark.parametrize("end", [b"", b" ", b"}", b'["seconds", 1.0], ["overwritten", 1]]}'])
def test_what_does_not_end_as_a_reply_does_is_not_kept(end: bytes) -> None:
    header = b'{"~dict": [["seconds", 1.0], ["overwritten", false]]}'[: -2 if end else -1] + end
    assert without_seconds(len(header).to_bytes(4, "big") + header) is None


def test_an_attempt_is_worked_out_once_and_says_its_own_seconds() -> None:
    entry, answer = find_entry(IDS[0]), answers(IDS[0])[0]
    judged(IDS[0], answer)
    kept = [k for k in memory_of(entry).small._kept.values() if k.attempt]
    assert kept
    assert all("comparisons" in vars(k.attempt) for k in kept)
