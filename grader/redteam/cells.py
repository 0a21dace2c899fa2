"""What attacks on the notebook file itself (those that define ``tamper(notebook)``) may use."""

from __future__ import annotations

from nbformat import NotebookNode

CHECK = "chain-l2-gradient"  # the exercise that the attacker has not solved
OTHER = "chain-maximise"  # the one that the attacker has


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with this grade_id; LookupError if there is none."""
    cells: list[NotebookNode] = notebook.cells
    for cell in cells:
        info = cell.metadata.get("nbgrader")
        if isinstance(info, dict) and info.get("grade_id") == name:
            return cell
    raise LookupError(name)
