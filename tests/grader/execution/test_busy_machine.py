"""A class on a machine with eight neighbors that compute gets the marks that it gets on a quiet one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import nbformat
import pytest
from nbformat import NotebookNode

from grader.bank.registry import find_entry
from grader.course import ROOT, chapter
from grader.execution import grade_notebook, kernel
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.execution.fork_client import fork_server_pool
from grader.execution.student_time import Seconds, StudentClock, never
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.redteam.cells import named
from grader.redteam.harness import lesson, right_work
from grader.results import GradeRecord
from grader.sandbox.resources import process_tree
from gradschool.core.exercise import grade_id
from tests.support.running_kernels import ask

pytestmark = pytest.mark.slow

NEIGHBORS = 8
# Each function takes a quarter of a CPU second at its first call, of the 0.8 that a check may take: with eight others
# on its processor more than two seconds on the wall.
LIMITS = TimeLimits(check=0.8, cell=0.8, wall=10_000.0)
CONFIG = ExecutionConfig(ROOT / "build", limits=LIMITS)
SLOWER = """
_answer, _until = {name}, []
def {name}(*given):
    import time
    if not _until:
        _until.append(time.thread_time() + 0.25)
        while time.thread_time() < _until[0]: pass
    return _answer(*given)
"""
CLASS = {
    "right in chapter 1": ("chain.l2_gradient", ""),
    "right in chapter 2": ("dqn.one_hot", ""),
    "wrong": ("chain.l2_gradient", "def l2_gradient(p, l):\n    return l - p\n"),
}


def handed_in(exercise: str, answer: str) -> NotebookNode:
    """A lesson of one exercise, answered, with the answer made slower."""
    notebook = nbformat.reads(right_work((exercise,)), as_version=4)
    solution = named(notebook, grade_id(exercise) + "-solution")
    solution.source = (answer or solution.source) + SLOWER.format(name=find_entry(exercise).exercise.function)
    return notebook


def marks() -> dict[str, list[tuple[float, str, str]]]:
    """Everybody's marks, mistakes and hints."""
    found = {}
    for student, (exercise, answer) in CLASS.items():
        lesson_of_one = lesson((exercise,))
        notebook, notes = overwrite_cells(handed_in(exercise, answer), lesson_of_one)
        chosen = chapter(exercise.partition(".")[0])
        grade_notebook.execute_and_judge(notebook, chosen, notes, CONFIG)
        record = GradeRecord.read(notebook)
        found[student] = [(e.earned, e.mistake, e.hint) for e in record.exercises if e.exercise == exercise]
    return found


@contextlib.contextmanager
def neighbors(processor: int) -> Iterator[None]:
    """Eight processes of the same standing that compute on this processor without end."""
    text = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nprint(flush=True)\nwhile True: pass"
    some = [
        subprocess.Popen([sys.executable, "-S", "-c", text], stdout=subprocess.PIPE, start_new_session=True)
        for _ in range(NEIGHBORS)
    ]
    try:
        for one in some:
            assert one.stdout
            one.stdout.readline()
        yield
    finally:
        for one in some:
            one.kill()
            one.communicate()


@pytest.fixture
def processor() -> Iterator[int]:
    """One processor, to which the kernels of this test are held; the grader itself has them all."""
    ask("print(1)")
    server = fork_server_pool().server
    assert server is not None
    assert server.process is not None
    chosen = min(os.sched_getaffinity(0))
    for pid in process_tree(server.process.pid):
        os.sched_setaffinity(pid, {chosen})
    yield chosen
    fork_server_pool().end()


class WallClock(StudentClock):
    """A clock that takes the seconds on the wall for the student's, as grading once did."""

    def look(self, excused: Callable[[], bool] = never) -> Seconds:
        wall = super().look(excused).wall
        return Seconds(wall, 0.0, wall)


def test_a_busy_machine_costs_nobody_a_mark(processor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it would, if the seconds on the wall were counted."""
    quiet = marks()
    assert [e[0] for e in quiet["right in chapter 1"]] == [find_entry("chain.l2_gradient").points]
    assert [e[0] for e in quiet["right in chapter 2"]] == [find_entry("dqn.one_hot").points]
    assert quiet["wrong"] != quiet["right in chapter 1"]
    with neighbors(processor):
        assert marks() == quiet
        monkeypatch.setattr(kernel, "StudentClock", WallClock)
        monkeypatch.delitem(CLASS, "right in chapter 2")
        monkeypatch.delitem(CLASS, "wrong")
        assert [(e[0], e[1]) for e in marks()["right in chapter 1"]] == [(0.0, "never-returned")]
