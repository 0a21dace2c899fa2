"""Building the release: from a chapter's source to its notebook, nbgrader's gradebook and ``course/``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from grader.course import ROOT, Chapter, CourseDirectory, lessons
from grader.errors import GraderError
from grader.gradebook.connection import gradebook_lock, open_gradebook
from grader.nbgrader_bridge.setup import captured_log, converter, first_error
from grader.notebooks.source import release_facts, source_notebook, template
from gradschool.student.hand_in import release

PACKAGE_FACTS = ROOT / "src" / "gradschool" / release.FILE


def build(chapter: Chapter, course: CourseDirectory) -> Path:
    """Build one chapter into the release and the gradebook; return the path of the released notebook."""
    if chapter.is_reading:
        return _build_reading(chapter, course)
    source = course.source / chapter.assignment_id / f"{chapter.notebook}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    (course.work / "exchange").mkdir(mode=0o777, exist_ok=True)
    nbformat.write(source_notebook(chapter), source)
    _generate(chapter, course)
    if course.release.resolve() == ROOT / "course":
        write_release_facts(chapter, PACKAGE_FACTS)
    return course.released(chapter)


def _build_reading(chapter: Chapter, course: CourseDirectory) -> Path:
    """Write a reading as it is: it has no solutions to clear, and the gradebook knows nothing of it."""
    to = course.released(chapter)
    to.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(template(chapter), to)
    if course.release.resolve() == ROOT / "course":
        write_release_facts(chapter, PACKAGE_FACTS)
    return to


def write_release_facts(chapter: Chapter, to: Path) -> None:
    """Write what the student package knows of a lesson into its ``release.json``, if that has changed."""
    others = {c.assignment_id for c in lessons()} - {chapter.assignment_id}
    known = {name: facts for name, facts in release.read_facts().items() if name in others}
    text = release.facts({**known, chapter.assignment_id: release_facts(source_notebook(chapter))})
    if not to.exists() or to.read_text(encoding="utf-8") != text:
        to.write_text(text, encoding="utf-8", newline="\n")


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
            facts = release_facts(source_notebook(chapter))
            committed = course.release / chapter.assignment_id / built.name
            same = committed.exists() and committed.read_bytes() == built.read_bytes()
            if not same or release.read_facts().get(chapter.assignment_id) != facts:
                different.append(chapter.assignment_id)
    return different
