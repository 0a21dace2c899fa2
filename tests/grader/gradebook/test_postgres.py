"""The gradebook on PostgreSQL: a real server, and the marks and pages of SQLite."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory as NbgraderDirectory
from traitlets.config import Config

from grader import sample_class
from grader.course import ROOT, Chapter, CourseDirectory
from grader.gradebook.connection import open_gradebook
from grader.nbgrader_bridge.setup import configure
from tests.support.class_without_kernels import grade, hand_in
from tests.support.gradebooks import by_hand, env, exported, grader
from tests.support.postgres_server import Server

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("one_fork_server")
def test_a_class_in_real_kernels_has_the_marks_it_has_on_sqlite(
    course: CourseDirectory, chain: Chapter, server: Server, tmp_path: Path
) -> None:
    """Build, grade, mark by hand, grade again after a resubmission, feedback, export: by command, on both."""
    sample_class.fill_class(course, chain, mistaken=1, misbehaving=False)
    for name in ("alternative", "alternative-2", "renamed"):
        shutil.rmtree(course.submitted / name)
    there = replace(course, db=server.new())
    grader(there, "build", "chain")
    grader(there, "autograde", "chain", apart=True)
    file = course.notebook_path(course.submitted, "untouched", chain)
    file.write_bytes(course.notebook_path(course.submitted, "perfect", chain).read_bytes())
    by_hand(there, chain, "untouched", 4, "Well seen.")
    grader(there, "autograde", "chain")
    grader(there, "feedback", "chain")
    assert "Well seen." in (course.feedback / "untouched" / chain.assignment_id / f"{chain.notebook}.html").read_text()
    grader(there, "export", "chain", "--to", str(tmp_path / "there.csv"))
    rows = list(csv.DictReader((tmp_path / "there.csv").open()))
    assert {r["student"] for r in rows} == {"perfect", "untouched", "mistaken-1", "damaged"}
    assert [r["score"] for r in rows if (r["student"], r["exercise"]) == ("untouched", "chain-reflection")] == ["4.0"]
    # The same class into SQLite: what is graded is entered there without being run again.
    grader(course, "autograde", "chain", "--db", course.db_url)
    by_hand(course, chain, "untouched", 4, "Well seen.")
    grader(course, "autograde", "chain", "--student", "untouched", "--force", "--db", course.db_url)
    grader(course, "export", "chain", "--to", str(tmp_path / "here.csv"), "--db", course.db_url)
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()
    plain = [
        Path(sys.executable).with_name("nbgrader"),
        "autograde",
        chain.assignment_id,
        "--student",
        "mistaken-1",
        "--force",
    ]
    done = subprocess.run(plain, cwd=ROOT / "grader", env=env(there), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert exported(there, chain) == (tmp_path / "there.csv").read_bytes()


def test_what_is_marked_by_hand_survives_a_regrade(remote: CourseDirectory, chain: Chapter) -> None:
    hand_in(remote, chain, "ada", 5, "A thought.")
    grade(remote, chain)
    by_hand(remote, chain, "ada", 2.5, "kept")
    hand_in(remote, chain, "ada", 9, "A second thought.")
    (result,) = grade(remote, chain)
    assert result.status == "graded"
    with open_gradebook(remote) as book:
        where = (chain.notebook, chain.assignment_id, "ada")
        written = book.find_grade("chain-reflection", *where)
        assert (written.manual_score, written.needs_manual_grade) == (2.5, True)  # a person looks again
        assert book.find_comment("chain-reflection", *where).manual_comment == "kept"
        assert book.find_grade("chain-mlp-backward", *where).auto_score == pytest.approx(
            0.9 * book.find_grade("chain-mlp-backward", *where).max_score
        )


def test_the_formgraders_pages_find_everything_on_postgresql(
    remote: CourseDirectory, course: CourseDirectory, chain: Chapter
) -> None:
    """Its lists are made of SQL that was written for SQLite: both must say the same."""
    for student, tenths in (("ada", 3), ("bob", 10)):
        hand_in(course, chain, student, tenths)
    assert pages(remote, chain) == pages(course, chain)


RANDOM = ("id", "index")  # nbgrader lists submissions by random ids, so that nobody knows whom they grade


def pages(course: CourseDirectory, chain: Chapter) -> list:
    """What the formgrader's lists show, but for what is random."""
    grade(course, chain, force=True)
    config = configure(Config(), course)
    lists = NbGraderAPI(NbgraderDirectory(config=config), config=config)
    found = [
        lists.get_assignments(),
        lists.get_notebooks(chain.assignment_id),
        lists.get_submissions(chain.assignment_id),
        lists.get_notebook_submissions(chain.assignment_id, chain.notebook),
        lists.get_students(),
        lists.get_student_submissions("ada"),
        lists.get_student_notebook_submissions("ada", chain.assignment_id),
    ]
    lists.gradebook.close()
    return [
        sorted(repr([(k, _rounded(v)) for k, v in row.items() if k not in RANDOM]) for row in rows) for rows in found
    ]


def _rounded(value: object) -> object:
    """A sum in another order ends in another last digit."""
    return round(value, 9) if isinstance(value, float) else value
