"""The predictions that a lesson asks for, read from its cells: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from nbformat import NotebookNode

from gradschool.lessons.predictions.question import Question, ask

FUNCTIONS = ("predict", "reconcile", "calibration")
_OPTIONAL = ("number", "choices", "rank", "unit")


class Call(NamedTuple):
    """One call in a lesson: the function, and the id of the prediction, or the chapter's key for `calibration`.

    ``names`` are the literals that the same cell has given names to, above or below.
    """

    function: str
    name: str
    node: ast.Call
    names: Mapping[str, Any]

    def value(self, node: ast.expr) -> Any:
        """Return an argument that is a literal, or a name for one; raise ValueError of any other."""
        return self.names[node.id] if isinstance(node, ast.Name) and node.id in self.names else ast.literal_eval(node)


def calls(cells: Iterable[NotebookNode]) -> list[Call]:
    """Return every call of the three functions in a lesson's code cells, in their order."""
    return [call for cell in cells if cell.cell_type == "code" for call in _calls(cell.source)]


def _calls(source: str) -> Iterator[Call]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with a line of IPython's own
        return
    names = dict(_literals(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and node.args:
            yield Call(node.func.id, str(ast.literal_eval(node.args[0])), node, names)


def _literals(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            with suppress(ValueError):
                yield node.targets[0].id, ast.literal_eval(node.value)


def questions(cells: Iterable[NotebookNode]) -> dict[str, Question]:
    """Return a lesson's questions by id, in its order.

    Raises
    ------
    ValueError
        If a call of `predict` has arguments that are neither literals nor names for literals of the same cell, or asks
        for no kind of answer.
    """
    return {call.name: _question(call) for call in calls(cells) if call.function == "predict"}


def _question(call: Call) -> Question:
    text = call.value(call.node.args[1])
    options: Any = {k.arg: call.value(k.value) for k in call.node.keywords if k.arg in _OPTIONAL}
    return ask(call.name, str(text), **options)


def faults(chapter: str, cells: Iterable[NotebookNode]) -> list[str]:
    """Return what is wrong with a chapter's predictions, one sentence each.

    Parameters
    ----------
    chapter
        The chapter's key.
    cells
        The lesson's cells.
    """
    found = calls(cells)
    names = [c.name for c in found if c.function == "predict"]
    wrong = [f"{name} is asked {names.count(name)} times." for name in sorted(set(names)) if names.count(name) > 1]
    wrong += [f"{name} does not begin with {chapter!r} and a dot." for name in names if _part(name) != chapter]
    for name in sorted({c.name for c in found if c.function != "calibration"}):
        order = [c.function for c in found if c.name == name and c.function != "calibration"]
        if order.count("reconcile") != 1 or order[0] != "predict":
            wrong.append(f"{name} needs one predict and, after it, one reconcile; it has {', '.join(order)}.")
    ends = [c.name for c in found if c.function == "calibration"]
    if names and (ends != [chapter] or found[-1].function != "calibration"):
        wrong.append(f'The chapter needs one calibration("{chapter}"), after its last prediction.')
    return wrong


def _part(name: str) -> str:
    return name.partition(".")[0]
