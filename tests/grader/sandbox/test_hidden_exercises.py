"""A grading kernel sees rows and adapters alone: no case and no oracle of an exercise, and nothing of the bank."""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from grader import sample_class
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory, chapters
from grader.execution import grade_notebook
from grader.execution.config import ExecutionConfig
from grader.execution.fork_client import fork_server_pool
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer
from grader.publish.build import build
from grader.results import GradeRecord
from grader.sandbox import bubblewrap
from gradschool.core.exercise import CHAPTERS, in_chapter
from tests.support.time_limits import PATIENT

SHOWN = {"__init__.py", *(f"{part}/{name}" for part in CHAPTERS for name in bubblewrap.SHOWN)}
FILES = {str(f.relative_to(bubblewrap.EXERCISES)) for f in bubblewrap.EXERCISES.rglob("*.py")}
FAULTS = sorted(f"gradschool.lessons.clinics.faults.{f.stem}" for f in bubblewrap.FAULTS.glob("[a-z]*.py"))
HIDDEN = sorted("gradschool.exercises." + f.removesuffix(".py").replace("/", ".") for f in FILES - SHOWN)
# Words of docstrings, which source and bytecode keep: of every exercise's file, of their shared helpers, of the bank.
MARKS = (
    "Inputs and oracle of ``",
    "that several exercises",
    "that several oracles",
    "mistakes and alternative solutions",
    "what the inputs of an exercise must include",
    "Numbers whose sizes and signs are known",
    "Ordinary inputs beside special ones",
    "What whole updates have in common",
    "What a step of plain SGD did",
    "The formula behind recovered gradients",
    "What the labels and errors of one call",
    "What an actor's step and two soft updates did",
    "What a step may have been, in sentences",
    "How often optimizers step in each call of an update",
    "What no straight line in Q, reward and value explains",
    "What an actor followed, and how far target networks moved",
    "of a student's update: the advice",
    "what several exercises may be answered with",
    "What an actor may be pushed by instead of dQ/da",
    "and which letter has which: a grading kernel has no such file",
)


def imported(file: Path) -> set[str]:
    """Every module, and every name as if it were one, that a file's imports name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_what_a_grading_kernel_has_imports_nothing_that_it_has_not(name: str) -> None:
    """Nothing of a class could be graded: the kernel would not find the module."""
    assert imported(bubblewrap.EXERCISES / name).isdisjoint(HIDDEN)


# Run in a kernel: all that it can find of what should be hidden, as JSON.
LOOK = """
import gc, importlib, json, os, sys
import numpy as np
import gradschool
from gradschool.core.exercise import CHAPTERS, in_chapter

found = {key: [] for key in ("imported", "called", "loaded", "objects", "files", "texts")}
exercises = os.path.join(os.path.dirname(gradschool.__file__), "exercises")
OURS = ("gradschool.exercises.", "gradschool.lessons.clinics.faults", "grader")
faults = os.path.join(os.path.dirname(gradschool.__file__), "lessons", "clinics", "faults")

rows = [e for part in CHAPTERS for e in in_chapter(part)]
shown = {"gradschool.exercises"} | {f"gradschool.exercises.{p}{m}" for p in CHAPTERS for m in ("", ".adapters")}
found["loaded"] = [m for m in sys.modules if m.startswith("gradschool.exercises") and m not in shown]
for thing in gc.get_objects():
    home = getattr(thing, "__module__", None) if callable(thing) else None
    code = getattr(thing, "__code__", None)
    file = code.co_filename if hasattr(code, "co_filename") else ""
    if isinstance(home, str) and home.startswith(OURS) and home not in shown:
        found["objects"].append(home)
    if isinstance(file, str) and file.startswith(exercises + "/") and os.path.basename(file) not in SHOWN:
        found["objects"].append(file)
for name in HIDDEN:
    try:
        importlib.import_module(name)
        found["imported"].append(name)
    except ModuleNotFoundError:
        pass
for e in rows:
    for what in (lambda: e.cases(np.random.default_rng(0)), lambda: e.oracle({})):
        try:
            found["called"].append((e.id, repr(what())[:50]))
        except ModuleNotFoundError:
            pass
        except Exception as error:
            found["called"].append((e.id, repr(error)[:50]))
stems = {name.rpartition(".")[2] for name in HIDDEN}
for top, folders, names in os.walk("/"):
    if top == "/":
        folders[:] = [f for f in folders if f not in ("proc", "sys")]
    for name in names:
        path = os.path.join(top, name)
        ours = path.startswith((exercises + "/", faults + "/"))
        if ours and name not in SHOWN:
            found["files"].append(path)
        if ours or name.partition(".")[0] in stems and name.endswith((".py", ".pyc")):
            with open(path, "rb") as file:
                text = file.read()
            found["texts"] += [(path, mark) for mark in MARKS if mark.encode() in text]
print(json.dumps([len(rows), found]))
"""


@pytest.fixture(params=["forked", "cold"])
def attempt(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which a kernel starts; a fork server that was there before does not know what a test has changed."""
    fork_server_pool().end()
    yield request.param
    fork_server_pool().end()


def seen_in_a_kernel(attempt: str) -> dict[str, list[Any]]:
    """What the look above finds in a real grading kernel that was started this way."""
    program = f"HIDDEN, SHOWN, MARKS = {[*HIDDEN, *FAULTS]!r}, {bubblewrap.SHOWN!r}, {MARKS!r}\n{LOOK}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(program)])

    config = ExecutionConfig(ROOT / "build", fork=attempt == "forked")
    with JudgeServer() as judge, Kernel(notebook, judge.address, config) as kernel:
        assert kernel.attempt == attempt
        outcome = kernel.run(0, 120.0)
    shown = "".join(o.get("text", o.get("evalue", "")) for o in notebook.cells[0].outputs)
    assert outcome == "ok", shown
    rows, found = json.loads(shown)
    assert rows == sum(len(in_chapter(part)) for part in CHAPTERS)
    return found


def test_every_hidden_file_can_be_imported_here_and_bears_a_mark() -> None:
    """So that the tests below look for what there is."""
    assert len(HIDDEN) > sum(len(in_chapter(part)) for part in CHAPTERS)
    for name in [*HIDDEN, *FAULTS]:
        assert any(mark in str(importlib.import_module(name).__doc__) for mark in MARKS), name
    for part in CHAPTERS:
        for e in in_chapter(part):
            cases = e.cases(np.random.default_rng(0))
            assert e.oracle(cases[0].args) is not None, e.id
            assert f"gradschool.exercises.{e.id}" in HIDDEN


@pytest.mark.slow
def test_no_oracle_and_no_case_can_be_imported_or_read_while_grading(attempt: str) -> None:
    assert not {key: found for key, found in seen_in_a_kernel(attempt).items() if found}


@pytest.mark.slow
def test_without_the_hiding_all_of_it_is_found(attempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(bubblewrap, "_exercises", lambda: iter(()))
    monkeypatch.setattr(bubblewrap, "_covered", lambda folder: ())
    found = seen_in_a_kernel(attempt)
    assert found["imported"] == [*HIDDEN, *FAULTS]
    assert {i for i, _ in found["called"]} == {e.id for part in CHAPTERS for e in in_chapter(part)}
    sources = {Path(path) for path, _ in found["texts"] if path.endswith(".py")}
    read = {
        str(path.relative_to(bubblewrap.EXERCISES)) for path in sources if path.is_relative_to(bubblewrap.EXERCISES)
    }
    assert read == FILES - SHOWN
    assert {path.stem for path in sources if path.parent == bubblewrap.FAULTS} == {"dqn", "ddpg"}


def test_a_file_that_somebody_adds_anywhere_among_the_exercises_is_hidden() -> None:
    """What is bound into the emptied folder is named; all else is not there, nor can anything be written there."""
    line = list(bubblewrap._exercises())
    assert line[:2] == ["--tmpfs", str(bubblewrap.EXERCISES)]
    assert line[-2:] == ["--remount-ro", str(bubblewrap.EXERCISES)]
    bound = {line[i + 1] for i, word in enumerate(line) if word == "--ro-bind"}
    assert bound == {str(bubblewrap.EXERCISES / name) for name in SHOWN}


@pytest.fixture(scope="module")
def term(tmp_path_factory: pytest.TempPathFactory) -> CourseDirectory:
    """One course directory for all chapters, whose kernels are forked from one server."""
    folder = tmp_path_factory.mktemp("term")
    return CourseDirectory(folder / "work", folder / "course")


@pytest.mark.slow
@pytest.mark.parametrize("which", chapters(), ids=lambda c: c.key)
def test_right_work_earns_everything_in_a_real_kernel(which: Chapter, term: CourseDirectory) -> None:
    course = term
    build(which, course)
    sample_class.fill_class(course, which, mistaken=0)
    full = {i: e.points for i, e in entries(which.key).items()}
    for student in ("perfect", "alternative-2"):
        file = course.notebook_path(course.submitted, student, which)
        graded = grade_notebook.grade_notebook(file, which, ExecutionConfig(course.work, limits=PATIENT))
        assert GradeRecord.read(graded).earned() == full, student
