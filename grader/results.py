"""The record of one graded notebook: kept in the graded notebook itself, and entered in nbgrader's gradebook."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry
from nbgrader.utils import compute_checksum, is_grade, is_solution

from grader.course import ROOT, Chapter
from grader.errors import GraderError
from gradschool.check.assess import Report
from gradschool.core.exercise import CHAPTERS, grade_id

KEY = "gradschool"


@lru_cache
def grader_version(chapter: Chapter) -> str:
    """A digest of all that decides a mark: the grader, the chapter's bank and source, the student package."""
    digest = hashlib.sha256()
    others = tuple(part for part in CHAPTERS if part != chapter.key)
    folders = (ROOT / "grader", ROOT / "src" / "gradschool")
    files = sorted(f for folder in folders for f in folder.rglob("*.py"))
    shared = [f for f in files if not any(part.startswith(others) for part in f.relative_to(ROOT).parts)]
    for file in [*shared, chapter.source]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def digest_of(file: Path) -> str:
    """A digest of a submission's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def attach(notebook: NotebookNode, reports: dict[str, Report], notes: list[str], **more: Any) -> None:
    """Put the record into the graded notebook's metadata."""
    exercises = [
        {
            "exercise": r.exercise,
            "earned": r.earned,
            "points": r.points,
            "mistake": r.mistake,
            "hint": r.hint,
            "properties": {p.name: p.met for p in r.properties},
        }
        for r in reports.values()
    ]
    notebook.metadata[KEY] = {"exercises": exercises, "notes": notes, **more}


def read(notebook: NotebookNode) -> dict[str, Any]:
    """The record of a graded notebook; empty if it has none."""
    return notebook.metadata.get(KEY, {})


def by_cell(notebook: NotebookNode) -> dict[str, dict[str, Any]]:
    """What was recorded for each exercise, by the name of its check cell, in the lesson's order."""
    return {grade_id(e["exercise"]): e for e in read(notebook).get("exercises", [])}


def save_grades(gradebook: Gradebook, notebook: NotebookNode, student: str, chapter: Chapter) -> None:
    """Enter a graded notebook: automatic marks from the record, written answers for a person to mark.

    Marks and comments given by hand stay; where there is one, the cell is marked for a second look.
    """
    where = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student).id
    found = by_cell(notebook)
    grades, comments = _of_cells(gradebook, Grade, where), _of_cells(gradebook, Comment, where)
    try:
        for cell in notebook.cells:
            if is_grade(cell):
                name = cell.metadata.nbgrader.grade_id
                grade = grades[name]
                grade.auto_score = _written(cell) if is_solution(cell) else found.get(name, {}).get("earned", 0.0)
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            if is_solution(cell):
                comment = comments[cell.metadata.nbgrader.grade_id]
                comment.auto_comment = None if _was_answered(cell) else "No response."
    except KeyError as name:
        why = f"The gradebook lacks the cell {name} of {chapter.assignment_id}: run `python -m grader build` first."
        raise GraderError(why) from None
    gradebook.db.commit()


def _of_cells(gradebook: Gradebook, kind: type[Grade | Comment], notebook: str) -> dict[str, Any]:
    """All grades (or comments) of one submitted notebook by cell, held against other hands until the commit."""
    asked = gradebook.db.query(kind, BaseCell.name).join(BaseCell, BaseCell.id == kind.cell_id)
    held = asked.filter(kind.notebook_id == notebook).with_for_update(of=kind).populate_existing()
    return {name: entry for entry, name in held}


def is_entered(gradebook: Gradebook, student: str, chapter: Chapter) -> bool:
    """Whether this gradebook has automatic marks of this student for this chapter."""
    try:
        entered = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student)
    except MissingEntry:
        return False
    return any(grade.auto_score is not None for grade in entered.grades)


def _written(cell: NotebookNode) -> float | None:
    """A written answer's automatic mark: 0 if it was left as handed out, None (a person decides) otherwise."""
    return None if _was_answered(cell) else 0.0


def _was_answered(cell: NotebookNode) -> bool:
    answered = cell.metadata.nbgrader.get("answered")
    return bool(compute_checksum(cell) != cell.metadata.nbgrader.get("checksum") if answered is None else answered)
