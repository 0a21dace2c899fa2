"""The canary before a class: where students' kernels are not in order, nobody is graded and no mark changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader.course import ROOT, Chapter, CourseDirectory, chapters
from grader.execution import canary
from grader.execution.config import ExecutionConfig
from grader.notebooks.nbgrader_cells import is_grade
from grader.notebooks.source import source_notebook, template
from tests.support import broken_environments as environments
from tests.support.class_without_kernels import grade, hand_in

pytestmark = pytest.mark.slow

CONFIG = ExecutionConfig(ROOT / "build")
NOBODY = "grader: no submission was graded and no mark has changed, since the kernels in which students' notebooks run "
Marks = dict[str, float | None]


def marks(course: CourseDirectory, chain: Chapter, student: str) -> Marks:
    """A student's automatic marks as the gradebook has them; none for a student whom it does not know."""
    with Gradebook(course.db_url) as gradebook:
        found = [s for s in gradebook.assignment_submissions(chain.assignment_id) if s.student_id == student]
        return {g.name: g.auto_score for s in found for g in s.notebooks[0].grades}


@pytest.mark.parametrize("how", [{}, {"fork": False}, {"sandbox": False}], ids=["forked", "cold", "no sandbox"])
def test_it_finds_nothing_where_all_is_well(how: dict[str, bool]) -> None:
    for chapter in chapters() if not how else chapters()[:1]:
        assert canary.problem(chapter, replace(CONFIG, **how)) == ""


def test_it_runs_the_instructors_cells_alone_and_one_check(chain: Chapter) -> None:
    """Also of a notebook that was graded: the student's answers are not in it."""
    graded = template(chain)
    for cell in graded.cells:
        if cell.cell_type == "code":
            cell.source += "\nstudent = 1"
    lesson = source_notebook(chain)
    found = canary.instructors_cells(graded, lesson)
    solutions = {c.metadata.nbgrader.grade_id: c.source for c in lesson.cells if "nbgrader" in c.metadata}
    for cell in found:
        if cell.metadata.nbgrader.solution:
            assert cell.source == solutions[cell.metadata.nbgrader.grade_id]
    assert [c.metadata.nbgrader.grade_id for c in found][:2] == ["setup", "imports"]
    assert sum(is_grade(c) for c in found) == 1


def broken(tmp_path: Path) -> dict[str, tuple[list[str], str]]:
    """What kernels of each broken environment see, and how the sentence goes on."""
    return {
        "gradschool": (environments.not_installed("gradschool"), "cannot import gradschool"),
        "matplotlib": (environments.hidden("matplotlib"), "cannot import matplotlib"),
        "version": (environments.another("gradschool", "9.9", tmp_path), "import gradschool 9.9 from "),
    }


@pytest.mark.parametrize(
    ("which", "words"),
    [("gradschool", ()), ("matplotlib", ()), ("matplotlib", ("--no-fork",)), ("version", ())],
)
def test_a_broken_environment_grades_nobody(
    course: CourseDirectory, chain: Chapter, tmp_path: Path, which: str, words: tuple[str, ...]
) -> None:
    hand_in(course, chain, "ada", 7)
    (before,) = grade(course, chain)
    hand_in(course, chain, "ada", 9)
    hand_in(course, chain, "bob", 9)
    earlier = marks(course, chain, "ada")
    more, sentence = broken(tmp_path)[which]
    done = environments.run(course, "autograde", "chain", *words, more=more)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(NOBODY + sentence)
    assert line.endswith(", then run the same command again.")
    assert "; install it where kernels see it (`" in line
    assert before.score
    assert marks(course, chain, "ada") == earlier
    assert marks(course, chain, "bob") == {}
    assert not (course.autograded / "bob").exists()


def test_doctor_sees_it_beforehand(course: CourseDirectory) -> None:
    done = environments.run(course, "doctor", "chain", more=environments.hidden("matplotlib"))
    assert done.returncode == 1
    lines = done.stdout.replace("\n[", "\0[").replace("\n", " ").split("\0")
    bad = [" ".join(line.split()) for line in lines if line.startswith("[!]") and "cgroup" not in line]
    assert len(bad) == 2, lines
    assert all("cannot import matplotlib.pyplot" in line for line in bad)


def test_without_the_canary_a_broken_environment_still_gives_no_zero(course: CourseDirectory, chain: Chapter) -> None:
    """The second line of defense, and the proof that the sentence before a class is the canary's."""
    hand_in(course, chain, "ada", 7)
    grade(course, chain)
    hand_in(course, chain, "ada", 9)
    hand_in(course, chain, "bob", 9)
    earlier = marks(course, chain, "ada")
    more = environments.not_installed("gradschool")
    done = environments.run(course, "autograde", "chain", more=more, patch=environments.WITHOUT_CANARY)
    assert done.returncode == 1
    assert "no submission was graded" not in done.stderr
    text = " ".join(done.stdout.replace("│", " ").split())
    assert "2 could not be graded" in text
    assert "for no fault of the student's: The cell imports imports gradschool, which is not installed" in text
    assert marks(course, chain, "ada") == earlier
    assert set(marks(course, chain, "bob").values()) == {None}
    assert not (course.autograded / "bob").exists()


BREAK_A_LOCKED_CELL = """
broken = Path({file!r})
Chapter.source = property(lambda chapter: broken)
"""


def with_locked_cell(chain: Chapter, folder: Path, text: str, after: str = "") -> Path:
    """The chapter's source with one more locked cell, before its first exercise or after the cell named ``after``."""
    source, mark = chain.source.read_text(), f":check: {after}" if after else ":locked: imports"
    begin = source.index("```{code-cell} ipython3\n" + mark)
    end = source.index("\n```\n", begin) + len("\n```\n")
    made = folder / chain.source.name
    made.write_text(source[:end] + "\n```{code-cell} ipython3\n:locked: shown\n\n" + text + "\n```\n" + source[end:])
    return made


def test_a_broken_cell_of_the_lesson_grades_nobody(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    file = with_locked_cell(chain, tmp_path, "plt.no_such_function()")
    hand_in(course, chain, "bob", 9)
    done = environments.run(course, "autograde", "chain", patch=BREAK_A_LOCKED_CELL.format(file=str(file)))
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "the lesson's own cell shown of 01-loss-as-chain-rule fails in a student's kernel (AttributeError: " in line
    assert marks(course, chain, "bob") == {}


def test_a_judge_that_cannot_be_reached_or_breaks(chain: Chapter, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.judging.server.examine", breaks)
    found = canary.problem(chain, CONFIG)
    assert found.startswith("the check of chain.l2_gradient does not reach the judge (ZeroDivisionError); ")


def test_plain_nbgrader_grades_nobody_either(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    """Here the grader's own process has gradschool by PYTHONPATH alone, which no kernel in the sandbox gets."""
    hand_in(course, chain, "bob", 9)
    more = environments.another("gradschool", "9.9", tmp_path)
    own = Path(next(word for word in more if word.endswith("/src")))
    env = {**os.environ, "PYTHONPATH": str(own), "GRADSCHOOL_NO_FORK": "1"}
    command = [str(Path(sys.executable).parent / "nbgrader"), "autograde", chain.assignment_id]
    done = subprocess.run(command, cwd=ROOT / "grader", env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "no submission was graded and no mark has changed" in done.stderr
    assert set(marks(course, chain, "bob").values()) <= {None}


def test_a_clusters_worker_says_what_its_canary_found(course: CourseDirectory, chain: Chapter) -> None:
    ask = (
        "if __name__ == '__main__':\n"
        "    from grader.executors.dask_task import worker_fingerprint\n"
        f"    print('SAID', worker_fingerprint([{chain.assignment_id!r}])['canary'])\n"
        "    sys.exit()"
    )
    well = environments.run(course, patch=ask)
    assert well.stdout.strip() == "SAID", well.stderr
    ill = environments.run(course, more=environments.hidden("matplotlib"), patch=ask)
    assert "cannot import matplotlib" in ill.stdout


def test_a_worker_whose_canary_failed_is_not_used(tmp_path: Path) -> None:
    from grader.executors.dask_run import DaskRun
    from grader.executors.dask_task import CANARY, worker_fingerprint

    run = DaskRun(None, ExecutionConfig(tmp_path), 1.0, 1.0, print)
    theirs = worker_fingerprint()
    assert theirs[CANARY] == ""
    mismatch: Callable[[object], str] = run._mismatch
    assert mismatch(theirs) == ""
    assert mismatch({**theirs, CANARY: "its kernels cannot import numpy"}) == "its kernels cannot import numpy"
