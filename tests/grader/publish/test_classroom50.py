"""Classroom 50's autograder: nothing in it is secret, and a run of it writes the result that its runner reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from grader.course import ROOT, CourseDirectory, chapter
from grader.errors import GraderError
from grader.notebooks.source import source_notebook
from grader.publish.classroom50 import pack as packing
from grader.publish.gradescope.pack import package_files
from grader.redteam.cells import named
from gradschool.core.exercise import grade_id

NEXT = chapter("next")
COURSE = CourseDirectory(ROOT / "build", ROOT / "course")
RUNNER = {
    "CLASSROOM": "rl",
    "ASSIGNMENT": "next",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/c",
    "RELEASE_URL": "https://git.example/r",
    "OWNER": "ada",
    "GITHUB_TOKEN": "secret",
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("classroom50") / "next"
    packing.pack(NEXT, COURSE, to)
    return to


def test_only_the_public_half_is_in_the_folder(packed: Path) -> None:
    """All of the package is what a student installs anyway; there is no file of the grader's and no solution."""
    files = sorted(str(f.relative_to(packed)) for f in packed.rglob("*") if f.is_file())
    assert [f for f in files if "/" not in f] == ["autograder.py", "points.json", "requirements.txt"]
    assert {f.split("/")[1] for f in files if "/" in f} == {"gradschool", "gradexaminer"}
    ours = {f for f in files if "/" in f}
    assert all((packed / f).read_bytes() == (ROOT / "src" / f.removeprefix("package/")).read_bytes() for f in ours)
    assert ours == {f"package/{f.relative_to(ROOT / 'src')}" for f in package_files()}
    assert "package/gradschool/release.json" in ours
    assert sum((packed / f).stat().st_size for f in files) < 10 * 2**20  # what its runner takes, packed


def test_points_are_those_that_the_released_notebook_shows(packed: Path) -> None:
    points = json.loads((packed / "points.json").read_text())
    released = nbformat.read(COURSE.release / NEXT.assignment_id / f"{NEXT.notebook}.ipynb", as_version=4)
    assert {i: named(released, grade_id(i)).metadata.nbgrader.points for i in points} == points
    assert sum(points.values()) == 20


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(GraderError, match=r"holds thesis\.txt, which is none of the autograder"):
        packing.pack(NEXT, COURSE, tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_a_run_writes_the_result_and_hands_the_notebook_no_token(packed: Path, tmp_path: Path) -> None:
    lesson = source_notebook(NEXT)
    first, second = list(json.loads((packed / "points.json").read_text()))[:2]
    named(lesson, grade_id(first) + "-solution").source += "\nimport os\nassert 'GITHUB_TOKEN' not in os.environ\n"
    named(lesson, grade_id(second) + "-solution").source = "raise NotImplementedError()"
    nbformat.write(lesson, tmp_path / "mine.ipynb")
    words = [sys.executable, str(packed / "autograder.py")]
    done = subprocess.run(words, cwd=tmp_path, env={**os.environ, **RUNNER}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    passed = [t["passed"] for t in result["tests"]]
    assert (passed[:2], all(passed[2:])) == ([True, False], True), result["tests"]
    assert (result["max-score"], result["owner"], result["schema"]) == (2000, "ada", "classroom50/result/v1")
    assert result["score"] == 2000 - result["tests"][1]["max-score"]


def test_without_a_notebook_nothing_is_earned_and_the_reason_is_in_every_test(packed: Path, tmp_path: Path) -> None:
    env = {**os.environ, **RUNNER, "PYTHONPATH": str(packed / "package")}
    words = [sys.executable, "-m", "gradschool.student.classroom50", str(packed / "points.json")]
    assert subprocess.run(words, cwd=tmp_path, env=env).returncode == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["score"] == 0
    assert {t["output"] for t in result["tests"]} == {"There is no notebook in this repository."}
    del env["CLASSROOM"]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (done.returncode, "sets CLASSROOM" in done.stderr) == (1, True)
