"""Whether there is anything for the desk to show, said before it opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.desk.marks import counts
from grader.errors import GraderError
from grader.gradebook.connection import address, redacted_url


def chapters_to_show(course: CourseDirectory, chapters: Sequence[Chapter]) -> list[Chapter]:
    """Return the chapters with answers to mark; raise GraderError, in one sentence, if there are none."""
    url = address(course)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        where = redacted_url(url)
        raise GraderError(f"There is no gradebook at {where}: `python -m grader build`, then `autograde`, makes it.")
    graded = [c for c in chapters if any(course.autograded.glob(f"*/{c.assignment_id}/{c.notebook}.ipynb"))]
    if not graded:
        what = ", ".join(c.assignment_id for c in chapters)
        raise GraderError(f"Nothing has been graded yet for {what}: run `python -m grader autograde` first.")
    found = counts(course, graded)
    known = [c for c in graded if any(chapter == c.assignment_id for chapter, _ in found)]
    if not known:
        raise GraderError(
            "There is nothing to mark: this gradebook knows none of the graded notebooks here. "
            "Run `python -m grader autograde`, or name their gradebook with --db."
        )
    return known
