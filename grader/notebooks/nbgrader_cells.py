"""nbgrader's cell metadata: what a cell is, and its checksum.

These are nbgrader's rules (``nbgrader.utils``). They stand here as well because importing anything of nbgrader loads
SQLAlchemy and its gradebook, which the processes that grade must not have.
"""

from __future__ import annotations

import hashlib

from nbformat import NotebookNode


def is_grade(cell: NotebookNode) -> bool:
    """Return whether nbgrader gives points for this cell."""
    return _flag(cell, "grade")


def is_solution(cell: NotebookNode) -> bool:
    """Return whether this cell is the student's to fill in."""
    return _flag(cell, "solution")


def is_locked(cell: NotebookNode) -> bool:
    """Return whether this cell is the instructor's, whatever a student writes into it."""
    return not is_solution(cell) and (is_grade(cell) or _flag(cell, "locked"))


def _flag(cell: NotebookNode, name: str) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get(name, False))


def compute_checksum(cell: NotebookNode) -> str:
    """Return nbgrader's checksum of a cell that has nbgrader's metadata: of its text, its kind and its points."""
    parts = [cell.source, cell.cell_type, str(is_grade(cell)), str(is_solution(cell)), str(is_locked(cell))]
    parts.append(cell.metadata.nbgrader["grade_id"])
    if is_grade(cell):
        parts.append(str(float(cell.metadata.nbgrader["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
