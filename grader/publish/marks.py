"""Marks of a class: one row for every student and exercise."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import nbformat
from nbgrader.api import Grade, SubmittedAssignment

from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from grader.lms.totals import escape_formula
from grader.results import ExerciseRecord, GradeRecord, left_out, ungraded
from gradschool.core.exercise import grade_id


class MarkRow(TypedDict):
    """One student's mark for one exercise; ``mistake`` is the judge's name for what went wrong.

    ``score`` is None in a submission of which nothing has been marked: it could not be graded.
    """

    student: str
    chapter: str
    exercise: str
    score: float | None
    max_score: float
    needs_manual_grade: bool
    mistake: str


COLUMNS = tuple(MarkRow.__annotations__)


def mark_rows(course: CourseDirectory, chapters: list[Chapter]) -> Iterator[MarkRow]:
    """Yield one row for every student and exercise in the gradebook, by chapter, student and the lesson's order.

    Students whose last submission could not be graded, for no fault of theirs, are left out.
    """
    with open_gradebook(course) as gradebook:
        for chapter in chapters:
            not_theirs = ungraded(course, chapter)
            for submission in sorted(
                gradebook.assignment_submissions(chapter.assignment_id), key=lambda s: s.student_id
            ):
                if submission.student_id not in not_theirs:
                    yield from _rows(course, chapter, submission)


def _rows(course: CourseDirectory, chapter: Chapter, submission: SubmittedAssignment) -> Iterator[MarkRow]:
    records = _records(course, submission.student_id, chapter)
    grades = [g for n in submission.notebooks for g in n.grades]
    marked = any(g.auto_score is not None or g.manual_score is not None for g in grades)
    for grade in _in_order(grades, chapter):
        yield {
            "student": submission.student_id,
            "chapter": chapter.assignment_id,
            "exercise": grade.name,
            "score": grade.score if marked else None,
            "max_score": grade.max_score,
            "needs_manual_grade": grade.needs_manual_grade,
            "mistake": records[grade.name].mistake if grade.name in records else "",
        }


def _in_order(grades: list[Grade], chapter: Chapter) -> list[Grade]:
    """Sort by the lesson's order, then what is marked by hand: a database promises no order."""
    lesson = {grade_id(name): place for place, name in enumerate(entries(chapter.key))}
    return sorted(grades, key=lambda grade: (lesson.get(grade.name, len(lesson)), grade.name))


def _records(course: CourseDirectory, student: str, chapter: Chapter) -> dict[str, ExerciseRecord]:
    try:
        graded = nbformat.read(course.notebook_path(course.autograded, student, chapter), as_version=4)
    except FileNotFoundError:
        return {}
    return GradeRecord.read(graded).by_cell()


def export_csv(course: CourseDirectory, chapters: list[Chapter], to: Path) -> int:
    """Write all marks as CSV, formulas escaped; return the number of rows."""
    rows = list(mark_rows(course, chapters))
    if not rows:
        nobody = "There are no marks yet: run `python -m grader autograde` first."
        raise GraderError(next(iter(left_out(course, chapters)), nobody))
    to.parent.mkdir(parents=True, exist_ok=True)
    with open(to, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({k: escape_formula(v) for k, v in row.items()} for row in rows)
    return len(rows)
