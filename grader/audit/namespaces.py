"""The names that a lesson has defined where an exercise begins, so that an answer runs outside of a notebook too.

They are read from the lesson's source: the imports and the definitions of every cell before the exercise's own, model
solutions included. Nothing else of those cells runs, so that no training and no figure is made.
"""

from __future__ import annotations

import ast
from contextlib import suppress
from functools import cache
from types import CodeType
from typing import Any

from nbformat import NotebookNode

from grader.course import chapters
from grader.notebooks.source import source_notebook
from gradschool.core.exercise import Exercise, grade_id

KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def lesson_namespace(exercise: Exercise) -> dict[str, Any]:
    """Return a new namespace with what the lesson has imported and defined before the exercise.

    Parameters
    ----------
    exercise
        Its chapter's source is read; nothing that its own cell defines is in the namespace.

    Returns
    -------
    dict
        Names and their values, as a notebook's kernel would hold them.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for code in _definitions(exercise.id):
        with suppress(NameError):  # a default or a decorator of an experiment may need what was not run
            exec(code, namespace)  # noqa: S102  the lesson's own cells, none of a student's
    return namespace


def lesson_solution(exercise: Exercise) -> str:
    """Return the text of the exercise's own cell in the lesson's source: the model solution."""
    return next(str(cell.source) for cell in _cells(exercise.id.partition(".")[0]) if _defines(cell, exercise.id))


@cache
def _cells(part: str) -> tuple[NotebookNode, ...]:
    return tuple(cell for chapter in chapters() if chapter.key == part for cell in source_notebook(chapter).cells)


@cache
def _definitions(exercise_id: str) -> tuple[CodeType, ...]:
    """Return the imports and definitions before the exercise's cell, compiled statement by statement."""
    found: list[CodeType] = []
    for cell in _cells(exercise_id.partition(".")[0]):
        if _defines(cell, exercise_id):
            break
        if cell.cell_type == "code":
            found += _compiled(cell.source)
    return tuple(found)


def _defines(cell: NotebookNode, exercise_id: str) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id(exercise_id) + "-solution")


def _compiled(source: str) -> list[CodeType]:
    kept = [node for node in ast.parse(source).body if isinstance(node, KEPT)]
    return [compile(ast.Module([node], []), "<lesson>", "exec") for node in kept]
