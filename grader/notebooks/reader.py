"""Reading what a student submitted: a file of any kind, which is a notebook at best."""

from __future__ import annotations

import stat
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.errors import SubmissionError
from grader.notebooks.bounded_json import load_json

MOST_BYTES = 50 * 2**20  # of one submitted file
CELL_TYPES = ("code", "markdown", "raw")


def escapes_folder(file: Path, folder: Path) -> bool:
    """Return whether this is a link, or reached through one that leads out of ``folder``, to any file at all."""
    return file.is_symlink() or not file.resolve().is_relative_to(folder.resolve())


def read_submission(file: Path) -> NotebookNode:
    """Read a student's notebook, of whatever nbformat, without its outputs, which never count.

    Raises
    ------
    SubmissionError
        In one sentence, if the file cannot be read, is too large or is not a notebook.
    """
    try:
        _require_plain_file(file)
        content = file.read_bytes()
    except OSError as error:
        raise SubmissionError(f"{file.name} cannot be opened ({error.strerror}).") from error
    return parse_submission(content, file.name)


def parse_submission(content: bytes, name: str) -> NotebookNode:
    """Read a student's notebook from its bytes; ``name`` is what the sentence calls it.

    Raises
    ------
    SubmissionError
        In one sentence, if it is not a notebook or holds too much.
    """
    try:
        notebook = _as_version_4(load_json(content))
    except SubmissionError as error:
        raise SubmissionError(f"{name} cannot be read: {error}.") from error
    except Exception as error:  # nbformat raises many kinds for what is not a notebook
        raise SubmissionError(f"{name} is not a notebook ({_reason(error)}): ask for the file again.") from error
    if not isinstance(notebook.get("cells"), list):
        raise SubmissionError(f"{name} has no cells: ask for the file again.")
    return _with_valid_cells(notebook)


def _require_plain_file(file: Path) -> None:
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
        raise SubmissionError(f"{file.name} is not a file: ask for the file itself.")
    if found.st_size > MOST_BYTES:
        raise SubmissionError(
            f"{file.name} is larger than {MOST_BYTES // 2**20} MB: ask for it again without its outputs."
        )


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and not str(error).startswith("Exceeds"):
        return "it is not JSON"
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _as_version_4(found: Any) -> NotebookNode:
    """Return a notebook's data as nbformat 4 has them: what 4.0 to 4.5 differ in is made anew while grading."""
    if not isinstance(found, dict):
        raise TypeError("it is JSON, and no notebook")
    if isinstance(found.get("cells"), list):
        _drop_outputs(found["cells"])
        notebook: NotebookNode = nbformat.from_dict(found)
        return notebook
    for sheet in found.get("worksheets") or []:
        _drop_outputs(sheet["cells"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what nbformat finds odd, `_with_valid_cells` repairs
        upgraded: NotebookNode = nbformat.convert(nbformat.from_dict(found), 4)
    return upgraded


def _drop_outputs(cells: list[Any]) -> None:
    """Take the outputs out of plain cells, and make one text of their lines, before a notebook is built of them."""
    for cell in cells:
        if isinstance(cell, dict):
            if cell.get("cell_type") == "code":
                cell["outputs"] = []
            for key in ("source", "input"):
                if isinstance(cell.get(key), list):
                    cell[key] = "".join(map(str, cell[key]))


def _with_valid_cells(notebook: NotebookNode) -> NotebookNode:
    """Keep only what is a cell, with text for a source and a mapping for metadata, so that others can rely on it."""
    cells: list[NotebookNode] = [
        c for c in notebook.cells if isinstance(c, NotebookNode) and c.get("cell_type") in CELL_TYPES
    ]
    for cell in cells:
        cell.source = str(cell.get("source", ""))
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
    notebook.cells = cells
    if not isinstance(notebook.get("metadata"), dict):
        notebook.metadata = NotebookNode()
    return notebook
