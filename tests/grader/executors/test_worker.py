"""A worker grades: it replies in text whatever happens, and holds no gradebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import ROOT, Chapter, CourseDirectory
from grader.execution.config import ExecutionConfig
from grader.executors import worker
from grader.executors.base import Failed, Graded, Submission, outcome_of
from grader.results import GradeRecord

GRADEBOOK = {"sqlalchemy", "nbgrader", "alembic"}
LOADED = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
GRADE = """
import json, sys
from pathlib import Path
import grader.executors.preload, grader.executors.local, grader.executors.dask_task
from grader.course import chapter
from grader.execution.config import ExecutionConfig
from grader.executors.worker import grade_submission
graded, text = grade_submission(Path(sys.argv[1]), chapter("chain"), ExecutionConfig(Path(sys.argv[2])))
assert graded, text
"""


def loaded(program: str, *words: object) -> set[str]:
    """Return the packages that a fresh interpreter has loaded after this program."""
    command = [sys.executable, "-c", f"import json, sys\n{program}\n{LOADED}", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("module", ["preload", "local", "dask", "dask_task", "worker"])
def test_an_executor_loads_no_gradebook(module: str) -> None:
    found = loaded(f"import grader.executors.{module}")
    assert {"grader", "nbformat"} <= found
    assert found.isdisjoint(GRADEBOOK)


@pytest.mark.slow
def test_a_worker_that_has_graded_has_loaded_no_gradebook(course: CourseDirectory, chain: Chapter) -> None:
    """Everything that a process of an executor imports, and then a real kernel."""
    released = course.release / chain.assignment_id / f"{chain.notebook}.ipynb"
    found = loaded(GRADE, released, course.work)
    assert {"torch", "grader", "nbformat"} <= found
    assert found.isdisjoint(GRADEBOOK)


def test_a_worker_replies_whatever_the_file_is(chain: Chapter, tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text("not a notebook")
    submission = Submission("ada", chain, tmp_path / "nb.ipynb")
    reply = worker.grade_submission(submission.file, chain, ExecutionConfig(tmp_path))
    sentence = "nb.ipynb is not a notebook (it is not JSON): ask for the file again."
    assert outcome_of(submission, reply) == Failed(submission, sentence)


def test_a_reply_becomes_a_graded_notebook(chain: Chapter, tmp_path: Path) -> None:
    submission = Submission("ada", chain, tmp_path / "nb.ipynb")
    outcome = outcome_of(submission, (True, '{"cells": [], "metadata": {"gradschool": {"notes": ["hm"]}}}'))
    assert isinstance(outcome, Graded)
    assert GradeRecord.read(outcome.notebook).notes == ("hm",)


def test_an_error_that_nobody_expected_is_one_sentence(
    chain: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(worker, "grade_notebook", broken)
    reply = worker.grade_submission(tmp_path / "nb.ipynb", chain, ExecutionConfig(tmp_path))
    assert reply == (None, "Grading failed with ZeroDivisionError (by nothing): please report this.")
