"""What the workers of one run share: the seed, right answers, and known mistakes' replies."""

from __future__ import annotations

import hashlib
import importlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from grader.bank.class_run import SLOW, ClassRun, class_run
from grader.bank.registry import entries
from grader.file_lock import try_lock
from gradschool.core import protocol
from gradschool.core.calling import Raised, Reply
from gradschool.core.exercise import CHAPTERS
from gradschool.core.plain_data import PlainData, alike

module = importlib.import_module("grader.bank.class_run")

REPLY = Reply(np.array([1.5, -0.0]), Raised("ValueError", "no"), (np.arange(3),), "printed", 10 * SLOW)


class Workers:
    """Workers of one run, each of which would make the same reply."""

    def __init__(self, folder: Path | None, reply: Reply = REPLY) -> None:
        self.folder, self.reply, self.made = folder, reply, 0

    def ask(self, what: object = "question 1") -> Reply:
        """Return what a new worker is told."""
        return ClassRun(folder=self.folder).replies(what, self._make)[0]

    def _make(self) -> list[Reply]:
        self.made += 1
        return [self.reply]


def as_told(reply: Reply) -> tuple[object, ...]:
    assert isinstance(reply.first, np.ndarray)
    assert isinstance(reply.inputs, tuple)
    return reply.first.tobytes(), reply.second, np.asarray(reply.inputs[0]).tobytes(), reply.printed


def test_what_one_worker_has_made_another_reads(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    first, second = workers.ask(), workers.ask()
    assert workers.made == 1
    assert as_told(first) == as_told(second) == as_told(REPLY)


def test_other_inputs_are_another_question(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    for what in (["name", {"p": np.zeros(2)}], ["name", {"p": np.zeros(3)}], ["name", {"p": np.zeros(2)}]):
        workers.ask(what)
    assert workers.made == 2


def test_a_quick_reply_is_worth_no_file(tmp_path: Path) -> None:
    workers = Workers(tmp_path, replace(REPLY, seconds=SLOW / 2))
    workers.ask(), workers.ask()
    assert workers.made == 2
    assert not list(tmp_path.iterdir())


def test_without_a_folder_each_makes_its_own() -> None:
    workers = Workers(None)
    workers.ask(), workers.ask()
    assert workers.made == 2


@pytest.mark.parametrize("content", [b"", b"12345678", b"x" * 100])
def test_a_file_that_is_not_whole_is_made_again(tmp_path: Path, content: bytes) -> None:
    workers = Workers(tmp_path)
    workers.ask()
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert as_told(workers.ask()) == as_told(REPLY)
    assert workers.made == 2
    workers.ask()
    assert workers.made == 2


def test_a_folder_that_is_gone_costs_the_work_and_nothing_else(tmp_path: Path) -> None:
    workers = Workers(tmp_path / "gone")
    workers.ask(), workers.ask()
    assert workers.made == 2


def test_a_process_that_joins_a_run_has_its_seed_and_its_folder(tmp_path: Path) -> None:
    class_run.cache_clear()
    own, run = class_run().seed, ClassRun(folder=tmp_path)
    assert own != run.seed
    class_run().join(run)
    assert (class_run().seed, class_run().folder) == (run.seed, tmp_path)
    class_run.cache_clear()
    assert class_run().folder is None


def test_right_answers_are_worked_out_once_and_read_as_they_were(tmp_path: Path) -> None:
    made = []

    def make() -> list[PlainData]:
        made.append(1)
        return [{"a": np.array([0.1, -0.0, np.inf])}, (np.zeros((0, 3)), 1, 2.5, "text", None, True)]

    first, second = (ClassRun(folder=tmp_path).answers("right", make) for _ in range(2))
    assert made == [1]
    assert len(first) == len(second) == 2
    assert all(alike(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("part", CHAPTERS)
def test_every_exercises_right_answers_travel_unchanged(tmp_path: Path, part: str) -> None:
    for entry in entries(part).values():
        right = [answer for _, answer in entry.hidden]
        ClassRun(folder=tmp_path).answers(entry.exercise.id, lambda right=right: right)
        read = ClassRun(folder=tmp_path).answers(entry.exercise.id, list)
        assert all(alike(one, other) for one, other in zip(right, read, strict=True)), entry.exercise.id


def test_a_worker_waits_for_one_that_is_just_making_the_same(tmp_path: Path) -> None:
    started, go_on, made = Event(), Event(), []

    def slowly() -> list[PlainData]:
        made.append(1)
        started.set()
        assert go_on.wait(60)
        return [np.ones(2)]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ClassRun(folder=tmp_path).answers, "right", slowly)
        assert started.wait(60)
        second = pool.submit(ClassRun(folder=tmp_path).answers, "right", slowly)
        assert not second.done()
        go_on.set()
        assert alike(first.result(60)[0], second.result(60)[0])
    assert made == [1]


def test_a_worker_that_takes_too_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    name = hashlib.blake2b(protocol.encode("right"), digest_size=20).hexdigest()
    with (tmp_path / f"{name}.lock").open("w") as lock:
        assert try_lock(lock)
        assert ClassRun(folder=tmp_path).answers("right", lambda: [1.0]) == [1.0]
