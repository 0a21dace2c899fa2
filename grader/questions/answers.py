"""A sheet as a notebook to be answered, and the marking of what came back; the key never leaves the instructor."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.notebooks.reader import read_submission
from grader.questions.page import TITLE, shown_inputs
from grader.questions.question import Question, Sheet

KEY = "gradschool_questions"  # of the sheet's name in a notebook's metadata
LOCKED = {"deletable": False, "editable": False}


def sheet_name(without_keys: Mapping[str, Any]) -> str:
    """Return a name that belongs to one sheet alone, from its JSON without keys: whose it is, and a digest."""
    digest = hashlib.sha256(json.dumps(without_keys, sort_keys=True).encode()).hexdigest()[:16]
    return f"{without_keys['student']}/{without_keys['assignment']}/{digest}"


def as_notebook(sheet: Sheet) -> NotebookNode:
    """Return the sheet as a notebook: a locked cell for each question, and one below it for the choice."""
    intro = (
        f"# {TITLE}\n\n{sheet.student} · {sheet.assignment}\n\nThe right choices are what your own functions return, "
        'as you handed them in. Type your choice between the quotes: `"b"`, or `"a2"` where a number is asked for too.'
    )
    cells = [nbformat.v4.new_markdown_cell(intro, metadata=LOCKED)]
    for number, q in enumerate(sheet.questions, 1):
        cells.append(nbformat.v4.new_markdown_cell(_as_markdown(number, q), metadata=LOCKED))
        cells.append(nbformat.v4.new_code_cell(f'answer_{number} = ""', metadata={"deletable": False}))
    for k, cell in enumerate(cells):
        cell.id = f"question-{k}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    found: NotebookNode = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, KEY: sheet_name(sheet.to_json(with_key=False))}
    )
    return found


def _as_markdown(number: int, q: Question) -> str:
    inputs = "\n".join(f"{name} =\n{text}" for name, text in shown_inputs(q).items())
    options = "\n".join(
        f"{letter})\n{text}" if q.kind != "changes" else f"{letter}) {text}" for letter, text in q.options.items()
    )
    remarks = "\n".join(f"- **{k}** {text}" for k, text in (q.remarks or {}).items())
    blocks = [
        f"## Question {number}: {q.exercise}",
        q.prompt,
        f"```text\n{inputs}\n```",
        f"```text\n{options}\n```",
        remarks,
    ]
    return "\n\n".join(block for block in blocks if block)


@dataclass(frozen=True)
class Marked:
    """An answered notebook: the choices, and which of them are right."""

    file: Path
    student: str
    assignment: str
    given: tuple[str, ...]
    right: tuple[bool, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        found = {"file": str(self.file), "student": self.student, "assignment": self.assignment}
        return {**found, "given": list(self.given), "right": list(self.right), "points": sum(self.right)}


def mark_folder(folder: Path, keys: Mapping[str, Sequence[str]]) -> tuple[list[Marked], list[str]]:
    """Mark every answered notebook in a folder, at any depth.

    Parameters
    ----------
    folder
        Where the notebooks are.
    keys
        The keys of each sheet, by :func:`sheet_name`.

    Returns
    -------
    marked : list of Marked
        In the order of the students.
    unknown : list of str
        A sentence for each notebook that belongs to none of these sheets.

    Raises
    ------
    GraderError
        If there is no notebook at all.
    """
    files = sorted(f for f in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in f.parts)
    if not files:
        raise GraderError(f"There is no answered notebook in {folder}: put the students' questions.ipynb there.")
    marked, unknown = [], []
    for file in files:
        notebook = read_submission(file)
        name = str(notebook.metadata.get(KEY, ""))
        if name in keys:
            marked.append(_mark(file, name, notebook, keys[name]))
        else:
            unknown.append(f"{file} answers none of these sheets: was it made by an earlier run?")
    return sorted(marked, key=lambda m: (m.assignment, m.student)), unknown


def _mark(file: Path, name: str, notebook: NotebookNode, keys: Sequence[str]) -> Marked:
    student, assignment, _ = name.split("/")
    found = _answers(notebook)
    given = tuple(found.get(f"answer_{k}", "") for k in range(1, len(keys) + 1))
    return Marked(file, student, assignment, given, tuple(g == key for g, key in zip(given, keys, strict=True)))


def _answers(notebook: NotebookNode) -> dict[str, str]:
    """Return what is assigned to names in the code cells, where it is a text; the cells are read, never run."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        try:
            tree = ast.parse(cell.source if cell.cell_type == "code" else "")
        except (SyntaxError, ValueError):
            continue
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                found |= {name: "".join(str(node.value.value).lower().split()) for name in names}
    return found
