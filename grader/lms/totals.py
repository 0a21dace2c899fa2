"""Totals of chapters as an LMS takes them, and what the exports to each LMS share."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.results import left_out, ungraded

if TYPE_CHECKING:
    from nbgrader.api import Grade, SubmittedAssignment

FORMULA = ("=", "+", "-", "@", "\t", "\r")
Value = TypeVar("Value")
Ungraded = Literal["blank", "points"]  # what stands for a total that waits for manual grading


@dataclass(frozen=True)
class ChapterTotal:
    """One student's mark for one chapter; ``needs_manual_grade`` while a part of it waits for manual grading."""

    student: str
    chapter: str
    score: float
    max_score: float
    needs_manual_grade: bool


Totals = dict[tuple[str, str], ChapterTotal]  # by student and chapter


def chapter_totals(course: CourseDirectory, chapters: Sequence[Chapter]) -> Totals:
    """Return every student's mark for every chapter that was graded, late penalties taken off.

    A submission that could not be graded has no mark here: it is in the gradebook, without a notebook that was scored.
    Nor has a student whose last submission could not be graded for no fault of theirs.
    """
    from grader.gradebook.connection import open_gradebook  # loads nbgrader, which reading downloads does without

    found = {}
    with open_gradebook(course) as gradebook:
        for chapter in chapters:
            not_theirs = ungraded(course, chapter)
            for submission in gradebook.assignment_submissions(chapter.assignment_id):
                if submission.student_id in not_theirs:
                    continue
                if any(g.auto_score is not None or g.manual_score is not None for g in _grades(submission)):
                    found[submission.student_id, chapter.assignment_id] = _total(submission, chapter)
    if not found:
        nobody = "There are no marks yet: run `python -m grader autograde` first."
        raise GraderError(next(iter(left_out(course, chapters)), nobody))
    return found


def _total(submission: SubmittedAssignment, chapter: Chapter) -> ChapterTotal:
    return ChapterTotal(
        submission.student_id,
        chapter.assignment_id,
        float(max(0.0, submission.score - (submission.late_submission_penalty or 0.0))),
        float(submission.max_score),
        any(g.needs_manual_grade for g in _grades(submission)),
    )


def _grades(submission: SubmittedAssignment) -> Iterator[Grade]:
    return (g for n in submission.notebooks for g in n.grades)


def max_score(chapter: Chapter, totals: Totals) -> float:
    """Return the points that a chapter is worth."""
    return max(t.max_score for t in totals.values() if t.chapter == chapter.assignment_id)


def as_cell(total: ChapterTotal | None, ungraded: Ungraded) -> str:
    """Return a mark as a cell: empty where there is none, and where it waits for manual grading if so asked."""
    if total is None or (total.needs_manual_grade and ungraded == "blank"):
        return ""
    return f"{round(total.score, 2):g}"


def ungraded_note(totals: Totals, ungraded: Ungraded) -> list[str]:
    """Say how many totals wait for manual grading, and what stands for them."""
    count = sum(t.needs_manual_grade for t in totals.values())
    how = (
        "left blank (--ungraded points takes what is there)" if ungraded == "blank" else "in with what they have so far"
    )
    return [f"{count} marks wait for a person: {how}."] if count else []


def max_score_note(lms: str, chapter: str, max_score: float, in_lms: str) -> str:
    """Say where the LMS has another number of points for a chapter; empty if it has none or the same."""
    try:
        same = not in_lms.strip() or float(in_lms.replace(",", ".")) == max_score
    except ValueError:
        return ""
    if same:
        return ""
    return f"{lms} has {chapter} out of {in_lms.strip()} points, the chapter has {max_score:g}: set it so there."


def escape_formula(value: Value) -> Value | str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; a lone dash stays."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) and value != "-" else value


def write_csv(file: Path, columns: Sequence[str], table: Iterable[Mapping[str, Any]]) -> None:
    """Write a table as CSV for a spreadsheet or an LMS, formulas escaped, in one move."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as opened_file:
        writer = csv.DictWriter(opened_file, columns, extrasaction="ignore", restval="")
        writer.writerow({c: escape_formula(c) for c in columns})
        writer.writerows({k: escape_formula(v) for k, v in row.items()} for row in table)
    os.replace(partial, file)
