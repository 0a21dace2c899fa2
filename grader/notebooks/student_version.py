"""The student's version of a notebook: cells locked, solutions cleared, checksums added.

These are the steps of ``nbgrader generate_assignment`` (LockCells, ClearSolutions and ComputeChecksums with their
default settings), which builds the release. Grading repeats them without importing nbgrader.
"""

from __future__ import annotations

import re

from nbformat import NotebookNode

from grader.errors import GraderError
from grader.notebooks.nbgrader_cells import compute_checksum, is_grade, is_locked, is_solution

CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"


def make_student_version(notebook: NotebookNode) -> None:
    """Turn an instructor's notebook into the student's, in place."""
    for cell in notebook.cells:
        _lock(cell)
        _clear_solution(cell)
        _add_checksum(cell)
    notebook.metadata.pop("celltoolbar", None)


def _lock(cell: NotebookNode) -> None:
    if is_solution(cell):
        cell.metadata["deletable"] = False
    elif is_locked(cell):
        cell.metadata["deletable"] = False
        cell.metadata["editable"] = False


def _clear_solution(cell: NotebookNode) -> None:
    """Replace the marked regions of a solution cell by the stub, or the whole cell if it has none."""
    stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
    cleared = _without_regions(cell.source, stub)
    if cleared is None:
        cell.source = stub if is_solution(cell) else cell.source
    elif not is_solution(cell):
        raise GraderError(f"{BEGIN} stands in a cell that is no solution cell: {cell.source[:100]!r}.")
    else:
        cell.source = cleared


def _without_regions(source: str, stub: str) -> str | None:
    """Return the text with each marked region replaced by the stub, as far in as the region; None if there is none."""
    kept: list[str] = []
    inside = found = False
    for line in source.split("\n"):
        if BEGIN in line:
            if inside:
                raise GraderError(f"{BEGIN} stands inside another {BEGIN}: {source[:100]!r}.")
            inside = found = True
            indent = re.match(r"\s*", line)
            kept += [(indent.group(0) if indent else "") + part for part in stub.split("\n")]
        elif END in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise GraderError(f"{BEGIN} without {END}: {source[:100]!r}.")
    return "\n".join(kept) if found else None


def _add_checksum(cell: NotebookNode) -> None:
    if is_grade(cell) or is_solution(cell) or is_locked(cell):
        cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        cell.metadata.nbgrader["cell_type"] = cell.cell_type
