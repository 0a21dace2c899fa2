"""A chapter's one source as a notebook: MyST Markdown in, nbgrader's metadata added, the same bytes every time."""

from __future__ import annotations

import hashlib
import re
from copy import deepcopy
from functools import lru_cache
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

import gradschool
from grader.bank.registry import entries
from grader.course import Chapter
from grader.errors import GraderError
from grader.notebooks.student_version import make_student_version
from gradschool.core.exercise import anchor, grade_id
from gradschool.student.hand_in import release

INSTRUCTOR_TAG = "instructor"  # cells that never reach a student, such as a marking scheme
EXPERIMENT_TAG = "experiment"  # cells that grading leaves out as long as the student has not changed them
CELL_KINDS = ("exercise", "check", "locked", "reflection")  # how the source says what a cell is
EXERCISE_TEXT = re.compile(r"^\*\*Exercise `([a-z]+\.[a-z0-9_]+)`\*\*", re.MULTILINE)  # how its text begins
SCHEMA_VERSION = 3  # of nbgrader's cell metadata


def source_notebook(chapter: Chapter) -> NotebookNode:
    """Read the chapter's source as a notebook with nbgrader's metadata, solutions included.

    The same source gives the same bytes.

    Raises
    ------
    GraderError
        If the source is missing, or lacks a cell of an exercise, or has two cells of one name.
    """
    try:
        notebook = deepcopy(_parsed(chapter.source.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise GraderError(f"The source {chapter.source} is missing.") from None
    notebook.metadata = nbformat.from_dict(_notebook_metadata())
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        _prepare(cell, chapter, seen)
    _require_every_exercise(notebook, chapter)
    notebook.metadata[release.KEY] = nbformat.from_dict(
        {"chapter": chapter.assignment_id, "release": release_digest(notebook), "version": gradschool.__version__}
    )
    return notebook


@lru_cache(maxsize=8)
def _parsed(text: str) -> NotebookNode:
    """Parse a lesson's text, once: that takes most of the time, and a build or a class's run asks several times."""
    return jupytext.reads(text, fmt="md:myst")


def release_digest(notebook: NotebookNode) -> str:
    """Return the digest of the lesson that students get, from the notebook with or without its solutions."""
    released = deepcopy(notebook)
    make_student_version(released)
    reach_students = (c for c in released.cells if INSTRUCTOR_TAG not in c.metadata.get("tags", []))
    return release.digest((c.cell_type, c.source) for c in reach_students)


def release_facts(notebook: NotebookNode) -> dict[str, Any]:
    """Return what the student package knows of a lesson: its digest, and the digests of its experiments' texts."""
    cells = (c for c in notebook.cells if EXPERIMENT_TAG in c.metadata.get("tags", []))
    return {
        "digest": notebook.metadata[release.KEY]["release"],
        "experiments": sorted({release.text_digest(c.source) for c in cells}),
    }


def _notebook_metadata() -> dict[str, Any]:
    kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {"kernelspec": kernelspec, "language_info": {"name": "python"}}


def _prepare(cell: NotebookNode, chapter: Chapter, seen: dict[str, int]) -> None:
    """Turn the source's short marks (exercise, check, locked, reflection) into nbgrader's metadata, and set the id."""
    metadata = cell.metadata
    points: float | None = None
    kind = next((k for k in CELL_KINDS if k in metadata), "")
    name = metadata.pop(kind, "")
    if kind == "check":
        points = _points(chapter, name)
    elif kind == "reflection":
        points = float(metadata.pop("points"))
    if kind:
        cell_name = grade_id(name) + ("-solution" if kind == "exercise" else "")
        metadata["nbgrader"] = nbformat.from_dict(_nbgrader_metadata(kind, cell_name, points))
    cell.id = _cell_id(cell, seen)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        cell.source = EXERCISE_TEXT.sub(_with_anchor, cell.source)


def _with_anchor(found: re.Match[str]) -> str:
    """Return the beginning of an exercise's text with the anchor to which the card of the one before it links."""
    return f'<a id="{anchor(found[1])}"></a>{found[0]}'


def _nbgrader_metadata(kind: str, name: str, points: float | None) -> dict[str, Any]:
    grade, solution = kind in ("check", "reflection"), kind in ("exercise", "reflection")
    found = {
        "grade": grade,
        "grade_id": name,
        "locked": kind in ("check", "locked"),
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": False,
    }
    return {**found, "points": points} if grade else found


def _points(chapter: Chapter, exercise_id: str) -> float:
    bank = entries(chapter.key)
    if exercise_id not in bank:
        raise GraderError(f"{chapter.source.name} checks {exercise_id!r}, which grader/bank/{chapter.key}/ lacks.")
    return bank[exercise_id].marks


def _cell_id(cell: NotebookNode, seen: dict[str, int]) -> str:
    """Return an id that depends on the content alone, so that two builds of one source agree to the byte."""
    if "nbgrader" in cell.metadata:
        return str(cell.metadata.nbgrader.grade_id)[:64]
    digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}-{seen[digest]}"


def _require_every_exercise(notebook: NotebookNode, chapter: Chapter) -> None:
    names = [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]
    doubled = sorted({n for n in names if names.count(n) > 1})
    if doubled:
        raise GraderError(
            f"{chapter.source.name} has more than one cell named {', '.join(doubled)}: give each its own name."
        )
    wanted = [] if chapter.is_reading else [grade_id(i) for i in entries(chapter.key)]
    missing = [n for w in wanted for n in (w + "-solution", w) if n not in names]
    if missing:
        raise GraderError(f"{chapter.source.name} lacks the cells {', '.join(missing)}.")


def template(chapter: Chapter) -> NotebookNode:
    """Return the chapter as a student gets it, with checksums, and with the instructor's own cells in their places.

    Each caller gets a copy, to change as it likes; the source is parsed again only when it has changed.
    """
    return deepcopy(shared_template(chapter))


def shared_template(chapter: Chapter) -> NotebookNode:
    """Return what :func:`template` does, the same object for all callers, which only read it."""
    try:
        text = chapter.source.read_bytes()
    except FileNotFoundError:
        text = b""  # source_notebook says what is wrong
    return _template(chapter, text)


@lru_cache(maxsize=8)
def _template(chapter: Chapter, text: bytes) -> NotebookNode:
    """Build the template; ``text``, the source's bytes, makes it another one when the source has changed."""
    notebook = source_notebook(chapter)
    make_student_version(notebook)
    return notebook
