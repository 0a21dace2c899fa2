"""Feedback for students: nbgrader's HTML pages of their graded notebooks."""

from __future__ import annotations

from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from grader.nbgrader_bridge.setup import captured_log, converter, first_error


def write_feedback(course: CourseDirectory, chapter: Chapter, student: str | None = None) -> list[Path]:
    """Write the feedback of everyone who has been graded, or of one student; return the HTML files."""
    graded = sorted(course.autograded.glob(f"{student or '*'}/{chapter.assignment_id}/{chapter.notebook}.ipynb"))
    if not graded:
        who = f"{student!r}" if student else "anybody"
        raise GraderError(
            f"Nothing of {who} has been graded for {chapter.assignment_id}: run `python -m grader autograde` first."
        )
    with open_gradebook(course):
        pass  # what keeps it from opening is said here; nbgrader would say it once for each page
    generate = converter(GenerateFeedback, course, chapter.assignment_id, student or "*")
    generate.force = True
    with captured_log() as log:
        try:
            generate.start()
        except NbGraderException as error:
            raise GraderError(
                f"Some feedback for {chapter.assignment_id} could not be written: {first_error(log)}"
            ) from error
    return [course.feedback / f.relative_to(course.autograded).with_suffix(".html") for f in graded]
