"""The record of one graded notebook: kept in the graded notebook itself, and entered in nbgrader's gradebook."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.utils import compute_checksum, is_grade, is_solution

from grader.house import ROOT, Chapter
from gradschool.assess import Report
from gradschool.exercise import CHAPTERS, grade_id

KEY = "gradschool"


@lru_cache
def grader_version(chapter: Chapter) -> str:
    """A digest of all that decides a mark: the grader, the chapter's bank and source, the student package."""
    digest = hashlib.sha256()
    others = tuple(part for part in CHAPTERS if part != chapter.part)
    folders = (ROOT / "grader", ROOT / "src" / "gradschool")
    files = sorted(f for folder in folders for f in [*folder.glob("*.py"), *folder.glob("exercises/*.py")])
    for file in [*(f for f in files if not f.name.startswith(others)), chapter.source]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def digest_of(file: Path) -> str:
    """A digest of a submission's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write(notebook: NotebookNode, reports: dict[str, Report], notes: list[str], **more: Any) -> None:
    """Put the record into the graded notebook's metadata."""
    exercises = [
        {
            "exercise": r.exercise,
            "earned": r.earned,
            "points": r.points,
            "mistake": r.mistake,
            "hint": r.hint,
            "properties": {p.name: p.holds for p in r.properties},
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


def enter(gradebook: Gradebook, notebook: NotebookNode, student: str, chapter: Chapter) -> None:
    """Enter a graded notebook: automatic marks from the record, written answers for a person to mark.

    Marks and comments given by hand stay; where there is one, the cell is marked for a second look.
    """
    where = (chapter.notebook, chapter.name, student)
    found = by_cell(notebook)
    for cell in notebook.cells:
        if is_grade(cell):
            name = cell.metadata.nbgrader.grade_id
            grade = gradebook.find_grade(name, *where)
            grade.auto_score = _written(cell) if is_solution(cell) else found.get(name, {}).get("earned", 0.0)
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        if is_solution(cell):
            comment = gradebook.find_comment(cell.metadata.nbgrader.grade_id, *where)
            comment.auto_comment = None if _was_answered(cell) else "No response."
    gradebook.db.commit()


def _written(cell: NotebookNode) -> float | None:
    """A written answer's automatic mark: 0 if it was left as handed out, None (a person decides) otherwise."""
    return None if _was_answered(cell) else 0.0


def _was_answered(cell: NotebookNode) -> bool:
    answered = cell.metadata.nbgrader.get("answered")
    return bool(compute_checksum(cell) != cell.metadata.nbgrader.get("checksum") if answered is None else answered)
