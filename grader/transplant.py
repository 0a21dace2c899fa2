"""The student's solutions in the instructor's notebook: the first station of every submission.

Locked and graded cells are the instructor's, once, in the instructor's order. Solution cells take the student's text
by ``grade_id``. The student's own cells stay, after the cell that they followed, as plain cells: tags, metadata,
attachments and outputs of the student's never count.
"""

from __future__ import annotations

import re
from collections import defaultdict

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_solution

from grader.source import EXPERIMENT_TAG, INSTRUCTOR_TAG

LEFT_OUT = "left_out"  # what is noted of an unchanged experiment
TAG = re.compile(r"<(?=[A-Za-z/!?])")


def transplant(submitted: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The notebook to grade, and notes for the instructor about whatever was not as handed out."""
    notes: list[str] = []
    known = {c.metadata.nbgrader.grade_id: c for c in template.cells if "nbgrader" in c.metadata}
    answers, extras = _sort(submitted, known, notes)
    experiments = {c.source for c in template.cells if EXPERIMENT_TAG in c.metadata.get("tags", [])}
    cells = [_extra(c, experiments) for c in extras[""]]
    for cell in template.cells:
        name = _name(cell)
        if INSTRUCTOR_TAG in cell.metadata.get("tags", []):
            cells.append(nbformat.from_dict(dict(cell)))
        elif name:
            cells.append(_graft(cell, answers.get(name), notes))
            cells += [_extra(c, experiments) for c in extras[name]]
    graded = nbformat.v4.new_notebook(cells=_with_ids(cells), metadata=template.metadata)
    return graded, notes


def _sort(
    submitted: NotebookNode, known: dict[str, NotebookNode], notes: list[str]
) -> tuple[dict[str, NotebookNode], dict[str, list[NotebookNode]]]:
    """The student's text for every known cell, and the other cells by the known cell that they follow."""
    answers: dict[str, NotebookNode] = {}
    extras: dict[str, list[NotebookNode]] = defaultdict(list)
    after = ""
    for cell in submitted.cells:
        name = _name(cell)
        if name in known and name not in answers:
            answers[name], after = cell, name
            continue
        if name in known:
            notes.append(
                f"The cell {name} is there more than once: the first one counts, the others run as they stand."
            )
            if not is_solution(known[name]):
                continue
        extras[after].append(cell)
    return answers, extras


def _name(cell: NotebookNode) -> str:
    """The cell's grade_id, or "" if it has none that could be one."""
    nbgrader = cell.metadata.get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""


def _graft(cell: NotebookNode, answer: NotebookNode | None, notes: list[str]) -> NotebookNode:
    """The instructor's cell with the student's text in it where the student was asked for some."""
    name, graft = cell.metadata.nbgrader.grade_id, nbformat.from_dict(dict(cell))
    if answer is None:
        notes.append(f"The cell {name} was deleted: it is back as it was handed out.")
        return graft
    if answer.cell_type != cell.cell_type:
        notes.append(f"The cell {name} was turned into {answer.cell_type}: it counts as {cell.cell_type}.")
    if not is_solution(cell):
        if _text(answer) != cell.source:
            notes.append(f"The locked cell {name} was changed: it is back as it was handed out.")
        return graft
    graft.source = _text(answer)
    if is_grade(cell):  # whether a written answer was given shows before the text is made safe
        graft.metadata.nbgrader["answered"] = compute_checksum(graft) != cell.metadata.nbgrader.checksum
    if cell.cell_type == "markdown":
        graft.source = without_tags(graft.source)
    return graft


def _extra(cell: NotebookNode, experiments: set[str]) -> NotebookNode:
    """A cell of the student's own, with nothing but its text; an unchanged experiment is marked to be left out."""
    if cell.cell_type == "code":
        plain = nbformat.v4.new_code_cell(_text(cell))
        if plain.source in experiments:
            plain.metadata["gradschool"] = LEFT_OUT
        return plain
    return nbformat.v4.new_markdown_cell(without_tags(_text(cell)))


def _text(cell: NotebookNode) -> str:
    return cell.source if isinstance(cell.source, str) else ""


def without_tags(text: str) -> str:
    """Markdown in which no HTML tag begins: a space of no width stands after each ``<`` that could open one."""
    return TAG.sub("<\u200b", text)


def _with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The same cells, each with an id of its own that says nothing."""
    for i, cell in enumerate(cells):
        cell.id = f"cell-{i}"
    return cells
