"""The grader's steps as nbgrader's preprocessors, for ``nbgrader autograde`` and the formgrader.

They are thin: the same functions grade a class by ``python -m grader autograde``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.course import EXCHANGE_FILES, Chapter, chapter
from grader.errors import EnvironmentFault, GraderError
from grader.execution.config import ExecutionConfig
from grader.gradebook.connection import enter_student, open_gradebook, write_transaction
from grader.gradebook.grades import save_grades
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.reader import escapes_folder, read_submission
from grader.notebooks.source import INSTRUCTOR_TAG, template
from grader.results import note_ungraded
from grader.settings import Settings

Step = tuple[NotebookNode, Any]
NOTES = "gradschool_notes"


def _for_students(nb: NotebookNode) -> list[NotebookNode]:
    """Return the cells that a student may see."""
    return [c for c in nb.cells if INSTRUCTOR_TAG not in c.metadata.get("tags", [])]


class DropInstructorCells(NbGraderPreprocessor):
    """Building a release: leave out the cells that are only for the instructor."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        """Return the notebook without the instructor's cells."""
        nb.cells = _for_students(nb)
        return nb, resources


class SubmissionExporter(NotebookExporter):
    """Autograding, before any step: nbgrader reads a submission by our rules, with its cells overwritten.

    nbgrader converts a notebook twice, as submitted and with cells overwritten; only the first is a student's.
    """

    def from_filename(self, filename: str, resources: Any = None, **more: Any) -> Step:
        """Read a notebook; raise GraderError if it cannot be read: nbgrader then goes on with the next student."""
        file, folders = Path(filename), self.config.CourseDirectory
        if not file.is_relative_to(folders.submitted_directory):
            found: Step = super().from_filename(filename, resources, **more)
            return found
        if escapes_folder(file, Path(folders.submitted_directory)):
            raise GraderError(f"{file.name} is a link to somewhere else: ask for the file itself.")
        names = resources["nbgrader"]
        _remove_copied_files(Path(folders.autograded_directory) / names["student"] / names["assignment"])
        graded, notes = overwrite_cells(read_submission(file), template(chapter(names["assignment"])))
        graded.metadata[NOTES] = notes
        resources["metadata"] = ResourcesDict(name=file.stem, path=str(file.parent))
        return self.from_notebook_node(graded, resources, **more)  # type: ignore[no-untyped-call]  # nbconvert's


def _remove_copied_files(folder: Path) -> None:
    """Remove all but the exchange's two small files of what nbgrader copied from beside a submission.

    A link there has become a copy of what it led to.
    """
    for file in folder.rglob("*"):
        if not file.is_dir() and file.name not in EXCHANGE_FILES:
            file.unlink()


class JudgeNotebook(NbGraderPreprocessor):
    """Autograding: execute the notebook with the judge."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        """Return the notebook with its cards as outputs and its grades in the metadata."""
        from grader.execution.grade_notebook import execute_and_judge

        config = ExecutionConfig.from_settings(Settings.from_env())
        graded = chapter(resources["nbgrader"]["assignment"])
        _require_canary(graded, config)
        try:
            execute_and_judge(nb, graded, list(nb.metadata.pop(NOTES, [])), config)
        except EnvironmentFault as fault:
            note_ungraded(Settings.from_env().course_directory(), resources["nbgrader"]["student"], graded, str(fault))
            raise
        return nb, resources


@lru_cache
def _require_canary(graded: Chapter, config: ExecutionConfig) -> None:
    """Run a canary once for a class, before its first notebook; raise GraderError if it fails."""
    from grader.execution import canary

    canary.require([graded], config)


class EnterRecord(NbGraderPreprocessor):
    """Autograding, last: enter the record into the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        """Enter the notebook's grades, and return it as it came."""
        names = resources["nbgrader"]
        graded = chapter(names["assignment"])
        with open_gradebook(names["db_url"]) as gradebook, write_transaction(gradebook):
            enter_student(gradebook, names["student"])
            save_grades(gradebook, nb, names["student"], graded)
        note_ungraded(Settings.from_env().course_directory(), names["student"], graded, "")
        return nb, resources
