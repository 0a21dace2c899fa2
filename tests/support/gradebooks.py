"""Gradebooks in tests: commands run on one, marks entered by hand, everything exported."""

from __future__ import annotations

import os
import subprocess
import sys

from grader.course import ROOT, Chapter, CourseDirectory
from grader.gradebook.connection import open_gradebook
from grader.publish.marks import export_csv
from tests.support.commands import grader_here


def grader(
    course: CourseDirectory, *words: str, code: int = 0, apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command of the grader in this course directory: here, or ``apart``, in a process of its own."""
    if apart:
        command = [sys.executable, "-m", "grader", *words]
        done = subprocess.run(command, cwd=ROOT, env=env(course), capture_output=True, text=True)
    else:
        done = grader_here(*words, course=course)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def env(course: CourseDirectory) -> dict[str, str]:
    places = {"GRADSCHOOL_WORK_DIR": course.work, "GRADSCHOOL_RELEASE": course.release, "GRADSCHOOL_DB": course.db}
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


def exported(course: CourseDirectory, chain: Chapter) -> bytes:
    """The marks as the office gets them."""
    file = course.work.parent / "exported.csv"
    export_csv(course, [chain], file)
    return file.read_bytes()


def by_hand(course: CourseDirectory, chain: Chapter, student: str, points: float, words: str) -> None:
    """What a person enters in the formgrader: marks and a comment for the written answer."""
    where = (chain.notebook, chain.assignment_id, student)
    with open_gradebook(course) as book:
        book.find_grade("chain-reflection", *where).manual_score = points
        book.find_comment("chain-reflection", *where).manual_comment = words
        book.db.commit()
