"""Building the release: from a chapter's source to its notebook, nbgrader's gradebook and ``course/``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import gradebook_lock, open_gradebook
from grader.nbgrader_bridge.setup import captured_log, converter, first_error
from grader.notebooks.source import source_notebook


def build(chapter: Chapter, course: CourseDirectory) -> Path:
    """Build one chapter into the release and the gradebook; return the path of the released notebook."""
    source = course.source / chapter.assignment_id / f"{chapter.notebook}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    (course.work / "exchange").mkdir(mode=0o777, exist_ok=True)
    nbformat.write(source_notebook(chapter), source)
    _generate(chapter, course)
    return course.release / chapter.assignment_id / f"{chapter.notebook}.ipynb"


def _generate(chapter: Chapter, course: CourseDirectory) -> None:
    generate = converter(GenerateAssignment, course, chapter.assignment_id)
    generate.force = True
    with open_gradebook(course) as gradebook, gradebook_lock(gradebook.engine), captured_log() as log:
        try:
            generate.start()
        except NbGraderException as error:
            if any("submissions associated" in line for line in log):
                raise GraderError(_CELLS_CHANGED.format(chapter=chapter.assignment_id)) from None
            raise GraderError(f"nbgrader could not build {chapter.assignment_id}: {first_error(log)}") from error


_CELLS_CHANGED = (
    "{chapter} has gained or lost graded cells since submissions were graded: "
    "keep the cells, or grade again into a new gradebook."
)


def stale(wanted: Iterable[Chapter], course: CourseDirectory) -> list[str]:
    """Return the names of the chapters whose committed release differs from what their source builds."""
    different = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = CourseDirectory(Path(folder) / "work", Path(folder) / "course")
        for chapter in wanted:
            built = build(chapter, fresh)
            committed = course.release / chapter.assignment_id / built.name
            if not committed.exists() or committed.read_bytes() != built.read_bytes():
                different.append(chapter.assignment_id)
    return different
