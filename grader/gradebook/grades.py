"""Grades in nbgrader's gradebook: entered from a graded notebook's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry, SubmittedNotebook

from grader.course import Chapter
from grader.errors import GraderError
from grader.notebooks.nbgrader_cells import compute_checksum, is_grade, is_solution
from grader.results import ExerciseRecord, GradeRecord


@dataclass(frozen=True)
class Marks:
    """What is entered of a graded notebook: automatic points and comments, by the names of its cells.

    Points of None are left to a person.
    """

    points: Mapping[str, float | None]
    comments: Mapping[str, str | None]


def marks_of(notebook: NotebookNode) -> Marks:
    """Return a graded notebook's marks: those of the record, and written answers left for manual grading."""
    record = GradeRecord.read(notebook)
    found = record.by_cell()
    points: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in notebook.cells:
        if is_grade(cell):
            name = cell.metadata.nbgrader.grade_id
            points[name] = _written(cell) if is_solution(cell) else _earned(cell, found.get(name))
        if is_solution(cell):
            error = record.errors.get(cell.metadata.nbgrader.grade_id)
            told = f"This cell {error}." if error else None
            comments[cell.metadata.nbgrader.grade_id] = told if _was_answered(cell) else "No response."
    return Marks(points, comments)


def save_grades(gradebook: Gradebook, notebook: NotebookNode, student: str, chapter: Chapter) -> None:
    """Enter the marks of a submission that nbgrader has made, as its own converter does with one at a time.

    Marks and comments given by hand stay; where there is one, the cell is flagged for manual grading again.
    """
    where = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student).id
    marks = marks_of(notebook)
    grades, comments = _of_cells(gradebook, Grade, where), _of_cells(gradebook, Comment, where)
    try:
        for name, points in marks.points.items():
            grades[name].auto_score = points
            grades[name].needs_manual_grade = grades[name].manual_score is not None or points is None
        for name, told in marks.comments.items():
            comments[name].auto_comment = told
    except KeyError as name:
        raise GraderError(lacks(name.args[0], chapter)) from None
    gradebook.db.commit()


def lacks(cell: str, chapter: Chapter) -> str:
    """Return the sentence about a cell that the gradebook does not have."""
    return f"The gradebook lacks the cell {cell!r} of {chapter.assignment_id}: run `python -m grader build` first."


def _of_cells(gradebook: Gradebook, kind: type[Grade | Comment], notebook: str) -> dict[str, Any]:
    """Return all grades (or comments) of one submitted notebook by cell, their rows locked until the commit."""
    asked = gradebook.db.query(kind, BaseCell.name).join(BaseCell, BaseCell.id == kind.cell_id)
    rows = asked.filter(kind.notebook_id == notebook).with_for_update(of=kind).populate_existing()
    return {name: entry for entry, name in rows}


def entered(gradebook: Gradebook, student: str, chapter: Chapter) -> SubmittedNotebook | None:
    """Return a student's notebook of this chapter, if this gradebook has automatic marks of it."""
    try:
        found = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student)
    except MissingEntry:
        return None
    return found if any(grade.auto_score is not None for grade in found.grades) else None


def _earned(cell: NotebookNode, found: ExerciseRecord | None) -> float:
    """Return what the judge gave; nothing for an exercise without a record, and for a warm-up, whose cell has none."""
    return found.earned if found and cell.metadata.nbgrader.points else 0.0


def _written(cell: NotebookNode) -> float | None:
    """Return a written answer's automatic mark: 0 if it was left as handed out, None (a person decides) otherwise."""
    return None if _was_answered(cell) else 0.0


def _was_answered(cell: NotebookNode) -> bool:
    answered = cell.metadata.nbgrader.get("answered")
    return bool(compute_checksum(cell) != cell.metadata.nbgrader.get("checksum") if answered is None else answered)
