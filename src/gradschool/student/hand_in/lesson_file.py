"""The file that a student wants to hand in: which chapter it is, and what is wrong with it, in one sentence."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradschool
from gradschool.core.exercise import CHAPTERS, Exercise, in_chapter
from gradschool.student.hand_in import release
from gradschool.student.kernel_probe import lesson_imports, packages_of

MOST_BYTES = 50 * 2**20  # a grader reads no more
STUB = "raise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
INSTALLED = ("gradschool", "numpy", "torch", "gymnasium", "matplotlib", "ipywidgets", "IPython")
GRADED = "gradschool"  # the key of a grader's record in a notebook's metadata
COPY = re.compile(r"( ?\(\d+\)|[-_ ]Copy\d*|\.nbconvert|[-_ ]executed)$", re.IGNORECASE)


class WrongFile(Exception):
    """A file that cannot be handed in; the text says why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """One cell of the file. ``name`` is nbgrader's, "" without one; ``points`` are those of a graded cell."""

    kind: str
    source: str
    name: str = ""
    points: float | None = None
    solution: bool = False
    locked: bool = False
    experiment: bool = False  # released as an experiment, and not changed since: grading leaves it out


@dataclass(frozen=True)
class LessonFile:
    """A student's notebook: ``part`` is the chapter's key, ``release`` the digest of the lesson from which it comes."""

    path: Path
    content: bytes
    cells: tuple[Cell, ...]
    part: str
    release: str = ""
    version: str = ""

    @property
    def chapter(self) -> str:
        """The assignment's name, such as "01-loss-as-chain-rule"."""
        return CHAPTERS[self.part]

    def cell(self, name: str) -> Cell | None:
        """Return the first cell with this name, if there is one."""
        return next((c for c in self.cells if c.name == name), None)

    def is_written(self, exercise: Exercise) -> bool:
        """Return whether the exercise's own cell is no longer the stub; without a cell, whether anything defines it."""
        own = self.cell(exercise.grade_id + "-solution")
        if own is not None and STUB not in own.source:
            return True
        others = (c.source for c in self.cells if c.kind == "code" and c is not own)
        return any(exercise.function in defined(source) for source in others)


def read(path: Path) -> LessonFile:
    """Read a student's notebook and find its chapter.

    Raises
    ------
    WrongFile
        If it cannot be handed in: no notebook, none of this course, Jupyter's backup, a grader's copy.
    """
    if path.stem.endswith("-checkpoint") or path.parent.name == ".ipynb_checkpoints":
        own = path.stem.removesuffix("-checkpoint") + ".ipynb"
        raise WrongFile(
            f"{path.name} is a backup that Jupyter keeps for itself: hand in {own}, in the folder above it."
        )
    content = _content(path)
    notebook = _notebook(path, content)
    cells = tuple(_cells(notebook))
    part = _chapter(cells)
    if not part:
        raise WrongFile(f"{path.name} has no exercise of this course: name one of its lessons, or a chapter's number.")
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if GRADED in metadata:
        raise WrongFile(f"{path.name} is a copy that came back from grading: hand in the notebook in which you write.")
    made_from = metadata.get(release.KEY)
    made_from = made_from if isinstance(made_from, dict) else {}
    return LessonFile(path, content, cells, part, str(made_from.get("release", "")), str(made_from.get("version", "")))


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise WrongFile(f"{path} is no file: name a notebook.")
        if path.stat().st_size > MOST_BYTES:
            raise WrongFile(
                f"{path.name} is larger than {MOST_BYTES // 2**20} MB, which no grader reads: in JupyterLab choose "
                "Edit, Clear Outputs of All Cells, save, and hand in again."
            )
        return path.read_bytes()
    except OSError as error:
        raise WrongFile(f"{path} cannot be read: {error.strerror or error}.") from None


def _notebook(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise WrongFile(
            f"{path.name} is not a notebook that can be read: open it in JupyterLab; if it does not open there, take a "
            "fresh copy of the lesson and paste your functions into it."
        )
    return found


def _cells(notebook: Mapping[str, Any]) -> Iterator[Cell]:
    experiments = release.experiments()
    for cell in notebook["cells"]:
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        metadata = cell.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        info = metadata.get("nbgrader")
        info = info if isinstance(info, dict) else {}
        points = info.get("points")
        yield Cell(
            kind=str(cell.get("cell_type", "")),
            source=source.replace("\r\n", "\n"),
            name=str(info.get("grade_id", "")),
            points=float(points) if isinstance(points, int | float) else None,
            solution=bool(info.get("solution")),
            locked=bool(info.get("locked")),
            experiment=not info and release.text_digest(source) in experiments,
        )


def _chapter(cells: tuple[Cell, ...]) -> str:
    """Return the key of the chapter of which most is in these cells: by names, by checks, by functions; "" for none."""
    names = {c.name for c in cells}
    text = "\n".join(c.source for c in cells if c.kind == "code")
    checked = set(re.findall(r"""\bcheck\(\s*["']([\w.]+)["']""", text))
    functions = {name for c in cells if c.kind == "code" for name in defined(c.source)}
    for found in (
        {part: sum(e.grade_id in names for e in in_chapter(part)) for part in CHAPTERS},
        {part: sum(e.id in checked for e in in_chapter(part)) for part in CHAPTERS},
        {part: sum(e.function in functions for e in in_chapter(part)) for part in CHAPTERS},
    ):
        best = max(found, key=lambda part: found[part])
        if found[best]:
            return best
    return ""


def defined(source: str) -> set[str]:
    """Return the functions and classes that a cell defines at its top level; none if it does not parse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


def remarks(file: LessonFile) -> list[str]:
    """Return what a student should know of a file that can be handed in, one sentence each."""
    found = []
    original = file.path.with_name(COPY.sub("", file.path.stem) + file.path.suffix)
    if original != file.path and original.exists():
        found.append(f"{file.path.name} looks like a copy: {original.name}, beside it, is not handed in.")
    elsewhere = _place_of_another_chapter(file)
    if elsewhere:
        found.append(f"{file.path.name} holds exercises of {file.chapter}, though {elsewhere}: is it the right file?")
    stale = release.difference(file.chapter, file.release, file.version)
    if stale:
        found.append(
            f"{file.path.name} and the installed gradschool {gradschool.__version__} are of different releases "
            f"({stale}): get both from the same release and paste your functions into its lesson."
        )
    if not any(file.is_written(e) for e in in_chapter(file.part)):
        found.append(f"No exercise is written in {file.path.name}: is it the notebook in which you worked?")
    missing = [e for e in in_chapter(file.part) if not file.cell(e.grade_id + "-solution")]
    lost = [e.id for e in missing if not any(e.function in defined(c.source) for c in file.cells if c.kind == "code")]
    if lost:
        found.append(
            f"The notebook has no cell for {', '.join(lost)}: take a fresh copy of the lesson and paste your functions "
            "into it."
        )
    return found + _foreign_modules(file)


def _place_of_another_chapter(file: LessonFile) -> str:
    """Say that the file's name or folder is another chapter's; "" if it is not."""
    others = [name for name in CHAPTERS.values() if name != file.chapter]
    if file.path.parent.name in others:
        return f"its folder is {file.path.parent.name}"
    stems = [name.partition("-")[2].replace("-", "_") for name in others]
    return "its name is another chapter's" if COPY.sub("", file.path.stem) in stems else ""


def _foreign_modules(file: LessonFile) -> list[str]:
    """Say which cells import what neither Python nor the course installs."""
    owners = {e.grade_id + "-solution": f"The cell of {e.id}" for e in in_chapter(file.part)}
    found = []
    for cell in file.cells:
        if cell.kind != "code" or cell.experiment or cell.locked:
            continue
        foreign = [top for top in packages_of(lesson_imports([cell.source])) if top not in INSTALLED]
        if foreign:
            owner = owners.get(cell.name, "A cell of your own")
            names = ", ".join(foreign)
            found.append(f"{owner} imports {names}, which the course does not install: a grader may lack it.")
    return found
