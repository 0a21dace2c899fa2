"""A made-up class: every kind of submission that an instructor meets, filled in from the release and the bank."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.bank.entry import Entry, Variant
from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.notebooks.nbgrader_cells import is_grade, is_solution
from grader.notebooks.source import source_notebook

Fill = Callable[[Entry], str | None]  # the text for an exercise's solution cell; None leaves it as handed out

ENDLESS = "def {name}(*args):\n    while True:\n        pass\n"
CRASH = "import os\n\n\ndef {name}(*args):\n    os._exit(1)\n"
CHATTY = "print('x' * 5_000_000)\n"


def fill_class(
    course: CourseDirectory, chapter: Chapter, mistaken: int = 3, misbehaving: bool = True, written: bool = False
) -> list[str]:
    """Submit the work of a made-up class, filled in from the release; return the student ids.

    ``mistaken`` students have a known mistake in every exercise, each another one: with as many of them as the
    richest exercise has mutants, the whole bank is in the class. ``misbehaving`` students print without end, never
    return or end their kernel. Where ``written`` is set, they answer the written question too, which a person marks.
    """
    solved = solutions(chapter)
    students: dict[str, Fill] = {
        "perfect": solved,
        "alternative": lambda e: as_answer(e, e.alternatives[0]),
        "alternative-2": lambda e: as_answer(e, e.alternatives[-1]),
        "untouched": lambda e: None,
    }
    if misbehaving:
        students["chatty"] = lambda e: CHATTY + solved(e)
        students["endless"] = _one_bad(chapter, solved, ENDLESS)
        students["crash"] = _one_bad(chapter, solved, CRASH)
    for k in range(mistaken):
        students[f"mistaken-{k + 1}"] = lambda e, k=k: as_answer(e, e.mutants[k % len(e.mutants)])  # type: ignore[misc]
    for student, fill in students.items():
        notebook = filled(released(course, chapter), chapter, fill)
        submit(course, chapter, student, answered(notebook) if written and student != "untouched" else notebook)
    _submit_damaged(course, chapter)
    return [*students, "damaged", "renamed"]


def filled(notebook: NotebookNode, chapter: Chapter, fill: Fill) -> NotebookNode:
    """Fill in a released notebook's solution cells, and return it."""
    cells = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    for entry in entries(chapter.key).values():
        text = fill(entry)
        if text is not None:
            cells[_cell(entry)].source = text
    return notebook


def answered(notebook: NotebookNode) -> NotebookNode:
    """Answer every written question of a notebook, and return it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and is_grade(cell) and is_solution(cell):
            cell.source = "The gradient is born where the loss meets the prediction, and every edge multiplies."
    return notebook


def released(course: CourseDirectory, chapter: Chapter) -> NotebookNode:
    """Return a chapter as it was handed out."""
    file = course.released(chapter)
    found: NotebookNode = nbformat.read(file, as_version=4)
    return found


def solutions(chapter: Chapter) -> Callable[[Entry], str]:
    """Return a function from a bank's entry to the lesson's own solution of it."""
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source_notebook(chapter).cells if "nbgrader" in c.metadata}
    return lambda entry: cells[_cell(entry)]


def _cell(entry: Entry) -> str:
    return entry.exercise.grade_id + "-solution"


def as_answer(entry: Entry, solution: Variant) -> str:
    """Return a solution of the bank as a student would write it, under the name that the lesson asks for."""
    return f"{solution.source}\n\n{entry.exercise.function} = {solution.function}\n"


def _one_bad(chapter: Chapter, solved: Callable[[Entry], str], bad: str) -> Fill:
    """Return what fills in every exercise correctly but the third, which misbehaves."""
    victim = list(entries(chapter.key))[2]

    def fill(entry: Entry) -> str:
        if entry.exercise.id == victim:
            return bad.format(name=entry.exercise.function)
        return solved(entry)

    return fill


def submit(course: CourseDirectory, chapter: Chapter, student: str, notebook: NotebookNode) -> Path:
    """Write a notebook to where a student's submission is looked for, and return the file."""
    file = course.notebook_path(course.submitted, student, chapter)
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)
    return file


def _submit_damaged(course: CourseDirectory, chapter: Chapter) -> None:
    """Submit a file cut off in the middle, and one under another name."""
    whole = course.notebook_path(course.submitted, "untouched", chapter).read_bytes()
    damaged = course.notebook_path(course.submitted, "damaged", chapter)
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(whole[: len(whole) // 2])
    renamed = course.notebook_path(course.submitted, "renamed", chapter).with_name("my homework (final).ipynb")
    renamed.parent.mkdir(parents=True, exist_ok=True)
    renamed.write_bytes(whole)


def clear(course: CourseDirectory) -> None:
    """Remove what an earlier sample class left in this course directory."""
    for folder in (course.submitted, course.autograded, course.feedback, course.ungraded):
        shutil.rmtree(folder, ignore_errors=True)
    (course.work / "gradebook.db").unlink(missing_ok=True)
