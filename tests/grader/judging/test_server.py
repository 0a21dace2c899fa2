"""The judge believes nobody: what comes over its socket can neither earn, nor stall it, nor bring it down."""

from __future__ import annotations

import itertools
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from grader.bank.class_run import class_run
from grader.judging import server as judging
from grader.judging.server import JudgeServer
from gradschool.check.api import check
from gradschool.core import protocol
from gradschool.core.calling import call_twice
from gradschool.core.exercise import find
from gradschool.core.judge_messages import pack_reply

ID = "chain.l2_gradient"


def right(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    return p - l


def wrong(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    return p + l


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeServer]:
    with JudgeServer(seconds=2.0) as listening:
        monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", listening.address)
        yield listening


def talk(judge: JudgeServer, hello: Any = None, answer: Callable[[dict[str, Any]], bytes] | None = None) -> Any:
    """Speak the protocol by hand: a hello, then ``answer`` makes the bytes that answer each question."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(120)
        line.connect(judge.address)
        protocol.send(line, {"check": ID} if hello is None else hello)
        while True:
            message = protocol.receive(line)
            if "args" not in message:
                return message
            line.sendall(answer(message["args"]) if answer else b"")


def honest(args: dict[str, Any]) -> bytes:
    return protocol.encode(pack_reply(call_twice(find(ID), right, args)))


def still_judges(judge: JudgeServer) -> bool:
    judge.open(ID)
    check(ID, right)
    report = judge.close(2.0).report
    return report is not None and report.passed


def test_a_right_answer_passes_and_a_wrong_one_does_not(judge: JudgeServer) -> None:
    assert still_judges(judge)
    judge.open(ID)
    check(ID, wrong)
    report = judge.close().report
    assert report is not None
    assert not report.passed


def test_the_student_learns_no_verdict_from_the_judge(judge: JudgeServer) -> None:
    judge.open(ID)
    assert talk(judge, answer=honest) == {"accepted": True}
    assert judge.close(2.0).report.passed


def test_only_the_first_check_of_a_window_counts(judge: JudgeServer) -> None:
    judge.open(ID)
    check(ID, wrong)
    for _ in range(20):
        assert talk(judge) == {"accepted": False}
    assert not judge.close().report.passed


@pytest.mark.parametrize(
    "hello", [{"check": "chain.maximise"}, {"check": None}, {}, "check", 5, None, {"check": {"a": 1}}]
)
def test_other_hellos_are_told_not_now(judge: JudgeServer, hello: Any) -> None:
    judge.open(ID)
    if hello is None:
        hello = ()
    assert talk(judge, hello=hello) == {"accepted": False}
    assert judge.close().taken is False


def test_without_a_window_nothing_is_examined(judge: JudgeServer) -> None:
    assert talk(judge, answer=honest) == {"accepted": False}
    assert still_judges(judge)


FRAMES: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\x00" * 64,
    "an exabyte announced": struct.pack(">Q", 2**62) + b"x" * 1000,
    "a header longer than its frame": struct.pack(">QI", 10, 2**31) + b"x" * 6,
    "text": protocol.encode("hello"),
    "a report": protocol.encode({"accepted": True, "report": {"fraction": 1.0}, "fraction": 1.0}),
    "half a reply": protocol.encode({"first": {"value": 1}}),
    "huge": protocol.encode(
        {"first": {"value": np.zeros(2**21)}, "second": {"value": 0}, "inputs": 0, "printed": "", "seconds": 0}
    ),
    "deep": struct.pack(">QI", 200_004, 200_000) + b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("name", FRAMES)
def test_garbage_ends_the_examination_without_a_mark(judge: JudgeServer, name: str) -> None:
    judge.open(ID)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(judge.address)
        protocol.send(line, {"check": ID})
        protocol.receive(line)
        with suppress(OSError):  # the judge may hang up before all of it has gone
            line.sendall(FRAMES[name])
    window = judge.close(3.0)
    assert window.report is None or window.report.fraction == 0.0
    assert window.broken == ""
    assert still_judges(judge)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "expected",
        True,
        1,
        1.5,
        float("nan"),
        (),
        {},
        ((((),),),),
        {"x": None},
        np.zeros((0, 3)),
        np.zeros(3, bool),
    ],
)
def test_a_value_of_any_kind_is_only_wrong(judge: JudgeServer, value: Any) -> None:
    def answer(args: dict[str, Any]) -> bytes:
        part = {"value": value}
        return protocol.encode({"first": part, "second": part, "inputs": value, "printed": "x", "seconds": 0.0})

    judge.open(ID)
    talk(judge, answer=answer)
    window = judge.close(2.0)
    assert window.broken == ""
    assert window.report is not None
    assert not window.report.passed


def test_a_slow_student_cannot_hold_the_judge(judge: JudgeServer) -> None:
    judge.open(ID)
    drops = 0  # counted rather than timed: a busy machine sends fewer of them in the same time
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(judge.address)
        protocol.send(line, {"check": ID})
        protocol.receive(line)
        with suppress(OSError):  # a pipe that breaks, or a reset
            while drops < 160:
                line.sendall(b"\x00")
                drops += 1
                time.sleep(0.05)
    assert drops < 100
    assert judge.close().report is None
    assert still_judges(judge)


def test_a_crowd_at_the_door_is_gone_in_a_moment(judge: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "HELLO_SECONDS", 0.5)
    crowd = []
    for _ in range(40):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(0.2)
        try:
            line.connect(judge.address)
        except OSError:
            break
        crowd.append(line)
    for line in crowd:  # the judge hangs up on everybody who says nothing, whoever comes first
        line.settimeout(120)
        with suppress(ConnectionError):
            assert line.recv(1) == b""
    assert still_judges(judge)
    for line in crowd:
        line.close()


def test_threads_that_check_do_not_change_what_counts(judge: JudgeServer) -> None:
    judge.open(ID)
    threads = [threading.Thread(target=lambda: talk(judge, hello={"check": "chain.maximise"})) for _ in range(8)]
    for thread in threads:
        thread.start()
    check(ID, right)
    for thread in threads:
        thread.join()
    assert judge.close(2.0).report.passed


def test_inputs_are_fresh_for_every_worker(judge: JudgeServer) -> None:
    """All students of one worker are asked the same, and no two workers ask the same."""
    seen: list[bytes] = []

    def answer(args: dict[str, Any]) -> bytes:
        seen.append(args["p"].tobytes())
        return honest(args)

    counts = []
    for _ in range(2):
        class_run.cache_clear()
        for _ in range(2):
            judge.open(ID)
            talk(judge, answer=answer)
            judge.close(2.0)
            counts.append(len(seen))
    first, again, second = (set(seen[a:b]) for a, b in itertools.pairwise([0, *counts[:3]]))
    assert first == again
    assert first - second, "every input of the first worker's examination came again in the second's"


def test_nothing_of_the_reference_goes_over_the_line(judge: JudgeServer) -> None:
    def answer(args: dict[str, Any]) -> bytes:
        assert set(args) == {"p", "l"}
        return honest(args)

    judge.open(ID)
    assert talk(judge, answer=answer) == {"accepted": True}
    assert judge.close(2.0).report.passed


def test_the_socket_is_in_a_folder_of_the_graders_alone(judge: JudgeServer) -> None:
    assert os.stat(os.path.dirname(judge.address)).st_mode & 0o077 == 0
    json.dumps(judge.address)


def test_a_reply_of_more_bytes_than_one_may_have_is_not_read(
    judge: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(size: int) -> Any:
        monkeypatch.setattr(judging, "MOST_REPLY", size)
        judge.open(ID)
        with suppress(OSError, protocol.ProtocolError):
            talk(judge, answer=honest)
        return judge.close(2.0).report

    assert of(100) is None
    assert of(2**20).passed


def test_what_is_no_text_is_not_made_one(judge: JudgeServer) -> None:
    """Thousands of arrays where a message belongs took the judge nine seconds to write down."""
    many = tuple(tuple(np.arange(12.0) for _ in range(80)) for _ in range(80))
    part = {"raised": many, "message": many}
    began = time.process_time()
    judge.open(ID)
    answer = protocol.encode({"first": part, "second": part, "inputs": (), "printed": many, "seconds": 0.0})
    with suppress(OSError):
        talk(judge, answer=lambda _: answer)
    assert judge.close().report is None
    assert time.process_time() - began < 3.0
    assert still_judges(judge)


def test_replies_that_take_long_to_read_end_an_examination(judge: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "READING", 0.0)
    judge.open(ID)
    with suppress(OSError):
        talk(judge, answer=honest)
    window = judge.close()
    assert (window.report, window.broken) == (None, "")


def test_an_examination_ends_with_its_window() -> None:
    """Although the kernel's end of the line stays open, and the judge has a quarter of an hour."""
    with JudgeServer(seconds=900.0) as judge, socket.socket(socket.AF_UNIX) as line:
        line.connect(judge.address)
        judge.open(ID)
        protocol.send(line, {"check": ID})
        protocol.receive(line)
        assert not judge.is_thinking()
        window = judge.close(wait=60.0)
        assert window.done.is_set()
        assert (window.report, window.broken) == (None, "")


def test_no_examination_outlives_its_judge() -> None:
    before = set(threading.enumerate())
    with JudgeServer(seconds=900.0) as judge, socket.socket(socket.AF_UNIX) as line:
        line.connect(judge.address)
        judge.open(ID)
        protocol.send(line, {"check": ID})
        protocol.receive(line)
    assert not [t for t in set(threading.enumerate()) - before if "_serve" in t.name]


def test_a_judge_ends_while_it_is_taking_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is known, its thread is not started yet: no thread is joined before it is started."""
    starting, may_start = threading.Event(), threading.Event()

    class SlowThread(threading.Thread):
        def start(self) -> None:
            if self.name != "judge":
                starting.set()
                may_start.wait(30.0)
            super().start()

    monkeypatch.setattr(judging.threading, "Thread", SlowThread)
    with JudgeServer() as judge, socket.socket(socket.AF_UNIX) as crowd:
        crowd.connect(judge.address)
        assert starting.wait(30.0)
        threading.Timer(0.2, may_start.set).start()
    assert not judge._lines


def test_a_judge_that_does_not_get_through_is_broken_and_nobody_fails() -> None:
    """It waits for the machine: the window says so, and no reply of the student's could."""
    go_on = threading.Event()

    def thinks(entry: Any, ask: Any, seed: int) -> Any:
        go_on.wait(60.0)

    with JudgeServer(seconds=900.0, put=thinks) as judge, socket.socket(socket.AF_UNIX) as line:
        line.connect(judge.address)
        judge.open(ID)
        protocol.send(line, {"check": ID})
        until = time.monotonic() + 60.0
        while not judge.is_thinking() and time.monotonic() < until:
            time.sleep(0.01)
        window = judge.close(wait=0.05)
        assert window.broken == "it did not come to an end in 0.05 seconds"
        go_on.set()
