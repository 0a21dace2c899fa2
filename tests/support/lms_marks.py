"""Marks and feedback pages of a class, for the tests that send them to an LMS."""

from __future__ import annotations

from collections.abc import Mapping

from grader.course import Chapter, CourseDirectory
from grader.lms.api.push import PushOptions, Sent
from grader.lms.totals import ChapterTotal, Totals

OPTIONS = PushOptions()


def totals(chain: Chapter, marks: Mapping[str, float], most: float = 60.0, waiting: tuple[str, ...] = ()) -> Totals:
    """Marks for a chapter, as the gradebook would give them."""
    a = chain.assignment_id
    return {(s, a): ChapterTotal(s, a, mark, most, s in waiting) for s, mark in marks.items()}


def feedback(course: CourseDirectory, chain: Chapter, *students: str) -> None:
    """Write a page for each of these students."""
    for student in students:
        page = course.feedback / student / chain.assignment_id / f"{chain.notebook}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"<p>{student}</p>")


def status(lines: list[Sent]) -> dict[str, str]:
    return {line.student: line.status for line in lines}
