"""How often optimizers step in each call of an update: with SGD, weights alone tell no two steps from a long one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gradschool.core.exercise import AnswerUnusable
from gradschool.core.plain_data import PlainData
from gradschool.exercises._formulas import Formula

STEPS = "steps"  # the part of a name under which the counts come back, beside the weights
Counts = dict[str, tuple[int, ...]]  # of each optimizer's steps in each call


class StepCounter:
    """Counts the steps of optimizers from one reading to the next."""

    def __init__(self, optimizers: Mapping[str, Any]) -> None:
        """Count from now on; each optimizer has a name."""
        self._taken = dict.fromkeys(optimizers, 0)
        self._found: dict[str, list[int]] = {name: [] for name in optimizers}
        for name, optimizer in optimizers.items():
            optimizer.register_step_post_hook(partial(self._count, name))

    def _count(self, name: str, *_: object) -> None:
        self._taken[name] += 1

    def end_call(self) -> None:
        """Keep the counts of a call, and begin anew."""
        for name, taken in self._taken.items():
            self._found[name].append(taken)
            self._taken[name] = 0

    def counts(self) -> dict[str, np.ndarray]:
        """Return the counts of every call, as an answer brings them."""
        return {f"{name}_{STEPS}": np.array(found) for name, found in self._found.items()}


def taken_apart(got: PlainData, *optimizers: str) -> tuple[PlainData, Counts]:
    """Return an answer without the counts of steps, and the counts; one step in each call where none came back."""
    if not isinstance(got, Mapping):
        return got, dict.fromkeys(optimizers, (1, 1))
    names = {name: f"{name}_{STEPS}" for name in optimizers}
    counts = {name: _whole_numbers(got.get(key)) for name, key in names.items()}
    return {key: x for key, x in got.items() if key not in names.values()}, counts


def _whole_numbers(found: PlainData) -> tuple[int, ...]:
    return tuple(int(n) for n in found) if isinstance(found, np.ndarray) and found.shape == (2,) else (1, 1)


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
