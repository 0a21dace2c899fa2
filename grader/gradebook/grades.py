"""Grades in nbgrader's gradebook: entered from a graded notebook's record."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry

from grader.course import Chapter
from grader.errors import GraderError
from grader.notebooks.nbgrader_cells import compute_checksum, is_grade, is_solution
from grader.results import ExerciseRecord, GradeRecord


def save_grades(gradebook: Gradebook, notebook: NotebookNode, student: str, chapter: Chapter) -> None:
    """Enter a graded notebook: automatic marks from the record, written answers left for manual grading.

    Marks and comments given by hand stay; where there is one, the cell is flagged for manual grading again.
    """
    where = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student).id
    record = GradeRecord.read(notebook)
    found = record.by_cell()
    grades, comments = _of_cells(gradebook, Grade, where), _of_cells(gradebook, Comment, where)
    try:
        for cell in notebook.cells:
            if is_grade(cell):
                name = cell.metadata.nbgrader.grade_id
                grade = grades[name]
                grade.auto_score = _written(cell) if is_solution(cell) else _earned(found.get(name))
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            if is_solution(cell):
                comment = comments[cell.metadata.nbgrader.grade_id]
                error = record.errors.get(cell.metadata.nbgrader.grade_id)
                told = f"This cell {error}." if error else None
                comment.auto_comment = told if _was_answered(cell) else "No response."
    except KeyError as name:
        why = f"The gradebook lacks the cell {name} of {chapter.assignment_id}: run `python -m grader build` first."
        raise GraderError(why) from None
    gradebook.db.commit()


def _of_cells(gradebook: Gradebook, kind: type[Grade | Comment], notebook: str) -> dict[str, Any]:
    """Return all grades (or comments) of one submitted notebook by cell, their rows locked until the commit."""
    asked = gradebook.db.query(kind, BaseCell.name).join(BaseCell, BaseCell.id == kind.cell_id)
    rows = asked.filter(kind.notebook_id == notebook).with_for_update(of=kind).populate_existing()
    return {name: entry for entry, name in rows}


def is_entered(gradebook: Gradebook, student: str, chapter: Chapter) -> bool:
    """Return whether this gradebook has automatic marks of this student for this chapter."""
    try:
        entered = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student)
    except MissingEntry:
        return False
    return any(grade.auto_score is not None for grade in entered.grades)


def _earned(found: ExerciseRecord | None) -> float:
    """Return what the judge gave; nothing for an exercise without a record."""
    return found.earned if found else 0.0


def _written(cell: NotebookNode) -> float | None:
    """Return a written answer's automatic mark: 0 if it was left as handed out, None (a person decides) otherwise."""
    return None if _was_answered(cell) else 0.0


def _was_answered(cell: NotebookNode) -> bool:
    answered = cell.metadata.nbgrader.get("answered")
    return bool(compute_checksum(cell) != cell.metadata.nbgrader.get("checksum") if answered is None else answered)
