"""Reading what a student submitted: a file of any kind, which is a notebook at best."""

from __future__ import annotations

import stat
import warnings
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter, chapters
from grader.errors import SubmissionError
from gradschool.core.exercise import grade_id

MOST_BYTES = 50 * 2**20  # of one submitted file
CELL_TYPES = ("code", "markdown", "raw")


def escapes_folder(file: Path, folder: Path) -> bool:
    """Return whether this is a link, or reached through one that leads out of ``folder``, to any file at all."""
    return file.is_symlink() or not file.resolve().is_relative_to(folder.resolve())


def read_submission(file: Path) -> NotebookNode:
    """Read a student's notebook, of whatever nbformat.

    Raises
    ------
    SubmissionError
        In one sentence, if the file cannot be read, is too large or is not a notebook.
    """
    try:
        _require_plain_file(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what nbformat finds odd, `_with_valid_cells` repairs
            notebook = nbformat.reads(file.read_text(encoding="utf-8-sig"), as_version=4)
    except OSError as error:
        raise SubmissionError(f"{file.name} cannot be opened ({error.strerror}).") from error
    except SubmissionError:
        raise
    except Exception as error:  # nbformat raises many kinds for what is not a notebook
        raise SubmissionError(f"{file.name} is not a notebook ({_reason(error)}): ask for the file again.") from error
    if not isinstance(notebook.get("cells"), list):
        raise SubmissionError(f"{file.name} has no cells: ask for the file again.")
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
    if isinstance(error, nbformat.reader.NotJSONError):
        return "it is not JSON"
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _with_valid_cells(notebook: NotebookNode) -> NotebookNode:
    """Keep only what is a cell, with text for a source and a mapping for metadata, so that others can rely on it."""
    cells: list[NotebookNode] = [
        c for c in notebook.cells if isinstance(c, NotebookNode) and c.get("cell_type") in CELL_TYPES
    ]
    for cell in cells:
        source = cell.get("source", "")
        cell.source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
    notebook.cells = cells
    return notebook


def chapter_of(notebook: NotebookNode, file: Path) -> Chapter:
    """Return the chapter whose exercises the notebook has most of.

    Raises
    ------
    SubmissionError
        If it has no cell of any chapter; the sentence names ``file``.
    """
    names = {
        c.metadata["nbgrader"].get("grade_id") for c in notebook.cells if isinstance(c.metadata.get("nbgrader"), dict)
    }
    common = {c: len(names & {grade_id(i) for i in entries(c.key)}) for c in chapters()}
    best = max(common, key=lambda c: common[c], default=None)
    if best is None or common[best] == 0:
        raise SubmissionError(f"{file.name} has no cell of any chapter: is it a notebook of this course?")
    return best
