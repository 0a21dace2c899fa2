"""Answers from files: one as Python or as a notebook, or many as JSON lines."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

from grader.audit.trying import Trial
from grader.errors import GraderError
from gradschool.core.exercise import UnknownExercise, find


def read_answer(exercise_id: str, file: Path | str, text: str) -> Trial:
    """Return the answer that a file holds: Python, or a notebook with a cell that defines the exercise's function."""
    _require_exercise(exercise_id, "")
    return Trial(exercise_id, _from_notebook(exercise_id, text) if str(file).endswith(".ipynb") else text, str(file))


def read_lines(lines: Iterable[str]) -> list[Trial]:
    """Return the answers of JSON lines: ``{"exercise": "...", "code": "..."}``, with an ``id`` and what else there is.

    Raises
    ------
    GraderError
        If a line holds something else, with its number.
    """
    return [_of_line(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _of_line(number: int, line: str) -> Trial:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise GraderError(f"Line {number} is not JSON ({error}): write one object a line.") from None
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in ("exercise", "code")):
        raise GraderError(f'Line {number} should be {{"exercise": "...", "code": "..."}}, both of them text.')
    _require_exercise(found["exercise"], f"Line {number}: ")
    rest = {key: value for key, value in found.items() if key not in ("id", "exercise", "code")}
    return Trial(found["exercise"], found["code"], found.get("id", number), rest)


def _require_exercise(exercise_id: str, where: str) -> None:
    try:
        find(exercise_id)
    except UnknownExercise as unknown:
        raise GraderError(f"{where}{unknown}.") from None


def _from_notebook(exercise_id: str, text: str) -> str:
    """Return the code of the exercise's own cell, or else of the first cell that defines its function."""
    exercise = find(exercise_id)
    try:
        cells = [c for c in nbformat.reads(text, as_version=4).cells if c.cell_type == "code"]
    except Exception as error:  # nbformat raises many kinds
        raise GraderError(
            f"The notebook cannot be read ({type(error).__name__}): save it again in JupyterLab."
        ) from None
    own = [c for c in cells if _grade_id(c) == exercise.grade_id + "-solution"]
    for cell in own or cells:
        if own or _defines(cell.source, exercise.function):
            return str(cell.source)
    raise GraderError(f"No cell of the notebook defines {exercise.function}.")


def _grade_id(cell: Any) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _defines(source: str, function: str) -> bool:
    try:
        return any(isinstance(node, ast.FunctionDef) and node.name == function for node in ast.parse(source).body)
    except SyntaxError:
        return False
