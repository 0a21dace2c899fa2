"""How often optimizers step in each call of an update: with SGD, weights alone tell no two steps from a long one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from gradschool.core.exercise import AnswerUnusable
from gradschool.core.plain_data import PlainData
from gradschool.exercises._formulas import Formula
from gradschool.rl.nets.step_counter import STEPS

Counts = dict[str, tuple[int, ...]]  # of each optimizer's steps in each call


def taken_apart(got: PlainData, *optimizers: str) -> tuple[PlainData, Counts]:
    """Return an answer without the counts of steps, and the counts; one step in each call where none came back."""
    if not isinstance(got, Mapping):
        return got, dict.fromkeys(optimizers, (1, 1))
    names = {name: f"{name}_{STEPS}" for name in optimizers}
    counts = {name: _whole_numbers(got.get(key)) for name, key in names.items()}
    return {key: x for key, x in got.items() if key not in names.values()}, counts


def _whole_numbers(found: PlainData) -> tuple[int, ...]:
    if not isinstance(found, np.ndarray) or found.shape != (2,) or found.dtype.kind not in "iu":
        return 1, 1  # a kernel of a student's says what it likes
    return tuple(int(n) for n in found)


def as_often(formula: Formula, steps: int) -> Formula:
    """Return what explains a step, of which there should be one: two make twice the errors, none makes nothing."""
    return formula if steps == 1 else replace(formula, errors=steps * formula.errors, right=False)


def told_of_steps(optimizer: str, steps: int, *, moved: bool = True) -> tuple[str, ...]:
    """Return in words how often an optimizer steps in a call, where that is not once; ``moved``: its network has."""
    if steps == 1:
        return ()
    if steps == 0 and not moved:
        return (f"counted: `{optimizer}` takes no step",)
    if steps == 0:
        return (f"counted: `{optimizer}` takes no step, and the weights are moved by something else",)
    return (f"counted: `{optimizer}` takes {steps} steps in one call, and one is asked for",)


@contextmanager
def named(optimizer: str, steps: int) -> Iterator[None]:
    """Say how often an optimizer has stepped, beside why its network's weights cannot be read."""
    try:
        yield
    except AnswerUnusable as unusable:
        told = told_of_steps(optimizer, steps) if steps > 1 else ()
        raise AnswerUnusable("; ".join([*told, str(unusable)])) from unusable
