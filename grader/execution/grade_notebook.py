"""The road of one submission: read, transplant, run with the judge, record. It touches no gradebook."""

from __future__ import annotations

import re
import stat
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.course import Chapter
from grader.errors import GraderError
from grader.execution.notebook_run import NotebookRun, TimeLimits
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.source import template
from grader.results import GradeRecord, digest_of, grader_version
from grader.sandbox import bubblewrap

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a record is also printed on the instructor's terminal
MOST_BYTES = 50 * 2**20


def escapes_folder(file: Path, folder: Path) -> bool:
    """Whether this is a link, or reached through one that leads out of ``folder``: to any file of the instructor's."""
    return file.is_symlink() or not file.resolve().is_relative_to(folder.resolve())


def read_submission(file: Path) -> NotebookNode:
    """A student's notebook, of whatever nbformat; Trouble, in one sentence, if it cannot be read."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):  # to read a pipe would be to wait for ever
            raise GraderError(f"{file.name} is not a file: ask for the file itself.")
        if found.st_size > MOST_BYTES:
            raise GraderError(
                f"{file.name} is larger than {MOST_BYTES // 2**20} MB: ask for it again without its outputs."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about it is the student's business, and is mended below
            notebook = nbformat.reads(file.read_text(encoding="utf-8-sig"), as_version=4)
    except OSError as error:
        raise GraderError(f"{file.name} cannot be opened ({error.strerror}).") from error
    except GraderError:
        raise
    except Exception as error:  # nbformat raises many kinds for what is not a notebook
        raise GraderError(f"{file.name} is not a notebook ({_reason(error)}): ask for the file again.") from error
    if not isinstance(notebook.get("cells"), list):
        raise GraderError(f"{file.name} has no cells: ask for the file again.")
    return _with_plain_cells(notebook)


def _reason(error: Exception) -> str:
    if isinstance(error, nbformat.reader.NotJSONError):
        return "it is not JSON"
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _with_plain_cells(notebook: NotebookNode) -> NotebookNode:
    """The notebook with only those cells that are cells, so that everything after this can rely on it."""
    kinds = ("code", "markdown", "raw")
    cells: list[NotebookNode] = [
        c for c in notebook.cells if isinstance(c, NotebookNode) and c.get("cell_type") in kinds
    ]
    for cell in cells:
        source = cell.get("source", "")
        cell.source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
    notebook.cells = cells
    return notebook


def grade_notebook(file: Path, chapter: Chapter, limits: TimeLimits | None = None) -> NotebookNode:
    """Grade one file: the graded notebook, with every exercise's card and the record in its metadata."""
    submitted = read_submission(file)
    notebook, notes = overwrite_cells(submitted, template(chapter))
    execute_and_judge(notebook, chapter, notes, limits)
    replace(GradeRecord.read(notebook), submission=digest_of(file)).attach(notebook)
    return notebook


def execute_and_judge(
    notebook: NotebookNode, chapter: Chapter, notes: list[str], limits: TimeLimits | None = None
) -> None:
    """Run a transplanted notebook with the judge listening, and write the record into it."""
    bubblewrap.require()
    if bubblewrap.is_off():
        notes = [bubblewrap.WARNING, *notes]
    session = NotebookRun(notebook, chapter, limits or TimeLimits(), notes=notes)
    reports = session.run()
    GradeRecord.of(reports.values(), session.notes, grader_version(chapter)).attach(notebook)
    notebook["cells"] = _storable(notebook["cells"])
    notebook["metadata"] = _storable(notebook["metadata"], CONTROL)


def _storable(tree: Any, without: re.Pattern[str] | None = None) -> Any:
    """The same without lone surrogates, which no file can hold, and without what ``without`` matches."""
    if isinstance(tree, str):
        text = tree.encode("utf-8", "replace").decode()
        return without.sub("", text) if without else text
    if isinstance(tree, dict):
        return type(tree)({_storable(k, without): _storable(v, without) for k, v in tree.items()})
    return [_storable(item, without) for item in tree] if isinstance(tree, list) else tree
