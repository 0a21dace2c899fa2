"""What the workers of one run share: the seed, and known mistakes' replies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.bank.class_run import SLOW, ClassRun, class_run
from gradschool.core.calling import Raised, Reply

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
