"""Kernels get the public halves without their oracles, and can still examine every exercise of every chapter."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader import sample_class
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory, chapters
from grader.execution import grade_notebook
from grader.execution.notebook_run import TimeLimits
from grader.publish.build import build
from grader.results import GradeRecord
from grader.sandbox.oracles import stripped

LOOK = """
from gradschool.core.exercise import CHAPTERS, in_chapter
found = [e for part in CHAPTERS for e in in_chapter(part)]
assert all(e.oracle is None for e in found), [e.id for e in found if e.oracle]
print(len(found))
"""


def test_a_copy_without_oracles_has_every_exercise_and_no_oracle(tmp_path: Path) -> None:
    package = tmp_path / "gradschool"
    shutil.copytree(ROOT / "src" / "gradschool", package, ignore=shutil.ignore_patterns("__pycache__"))
    for copy, original in stripped(tmp_path / "oracle-free"):
        shutil.copy(copy, package / "exercises" / original.name)
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(sum(len(entries(c.key)) for c in chapters())), done.stderr


def test_the_functions_that_were_oracles_have_no_body_left(tmp_path: Path) -> None:
    bodies = {
        node.name: ast.unparse(node.body[0])
        for copy, _ in stripped(tmp_path)
        for node in ast.walk(ast.parse(copy.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    for name in ("l2_expect", "mlp_expect", "adam_expect", "semi_expect", "actor_expect"):
        assert bodies[name] == "raise LookupError('no oracle while grading')"
    assert "raise" not in bodies["inject_run"]


@pytest.mark.slow
@pytest.mark.parametrize("which", chapters(), ids=lambda c: c.key)
def test_right_work_earns_everything_in_a_real_kernel(which: Chapter, tmp_path: Path) -> None:
    course = CourseDirectory(tmp_path / "work", tmp_path / "course")
    build(which, course)
    sample_class.fill_class(course, which, mistaken=0)
    full = {i: e.points for i, e in entries(which.key).items()}
    for student in ("perfect", "alternative-2"):
        graded = grade_notebook.grade_notebook(
            course.notebook_path(course.submitted, student, which), which, TimeLimits()
        )
        assert GradeRecord.read(graded).earned() == full, student


def test_the_copies_may_be_made_by_many_threads_at_once(tmp_path: Path) -> None:
    """The public suite starts kernels from threads: one thread's half-written copy is not another's."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [copy.read_text() for copy, _ in stripped(tmp_path / "new")], range(16)))
    assert all(m == made[0] for m in made)
    assert {f.suffix for f in (tmp_path / "new").iterdir()} == {".py"}
