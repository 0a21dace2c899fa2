"""A lesson's source as its tests read it: its cells, and the names that its own solution cells define."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import numpy as np
from nbformat import NotebookNode

from gradschool.core.exercise import find


def cells_of(source: Path) -> list[NotebookNode]:
    return jupytext.read(source, fmt="md:myst").cells


def names_of(cells: list[NotebookNode]) -> dict[str, Any]:
    """What the locked and the exercise cells define, solutions included."""
    names: dict[str, Any] = {}
    for cell in cells:
        if {"locked", "exercise"} & set(cell.metadata):
            exec(cell.source, names)
    return names


def marked(cells: list[NotebookNode], mark: str) -> list[str]:
    """The values of this mark, in the lesson's order."""
    return [cell.metadata[mark] for cell in cells if mark in cell.metadata]


def assert_each_check_calls_its_function(cells: list[NotebookNode]) -> None:
    """Beside every exercise stands its check, in the same order, on the function of that name."""
    assert marked(cells, "check") == marked(cells, "exercise")
    for cell in cells:
        if "check" in cell.metadata:
            name = cell.metadata["check"]
            assert cell.source == f'check("{name}", {find(name).function})'


def chain_lesson(cells: list[NotebookNode]) -> SimpleNamespace:
    """The names that chapter 1's locked and exercise cells define, and `mlp`, the forward pass of section 6."""
    names = names_of(cells)
    names["mlp"] = lambda W1, b1, W2, b2, X: np.tanh(X @ W1.T + b1) @ W2.T + b2
    return SimpleNamespace(**names)
