"""Other surroundings for one input: what is said of an input must hold whatever stands beside it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradschool.core.exercise import Args, Exercise
from gradschool.diagnosis.evidence import Laboratory, Part
from gradschool.diagnosis.hypotheses.observations import (
    changed_a_little,
    first_as_second,
    perturbed,
    perturbed_otherwise,
    scaled,
)
from gradschool.diagnosis.inputs import BOUNDS, STEP_SIZES, WIDTHS, Value, is_ids, is_real, networks, subjects

CASES = 3  # wrong answers of different cases in which an input is changed
CHANGES = (perturbed, perturbed_otherwise)


def beside_wrong(
    laboratory: Laboratory, label: str, parts: Sequence[Part], names: Container[object] | None = None
) -> Iterator[Part]:
    """Yield a part of the answer where it was wrong, with other numbers in one of the inputs, or of the named ones.

    None of what is read from weights: a whole update costs too much.
    """
    if laboratory.exercise.read is not None:
        return
    wrong = {p.case.name: p.case for p in parts if p.is_wrong}
    for case in list(wrong.values())[:CASES]:
        for name, (value, put) in subjects(laboratory.exercise, case.args).items():
            if name in BOUNDS or (names is not None and name not in names):
                continue
            little = [] if isinstance(value, int) else [changed_a_little]  # a count has no neighbors that near
            for change in (*CHANGES, *little, *[first_as_second] * _several_ids(value)):
                found = laboratory.part(replace(case, args=put(change(value))), label)
                if found and found.of_numbers:
                    yield found


def _several_ids(value: Value) -> bool:
    return isinstance(value, np.ndarray) and is_ids(value) and value.size > 1


def with_zeros(exercise: Exercise, args: Args, name: str, only: str | None = None) -> Args:
    """Return inputs in which every array of numbers but one, and but bounds and networks, has a row of zeros.

    With ``only`` this one alone has it.
    """
    nets = networks(exercise, args)
    for other, (value, _) in subjects(exercise, args).items():
        if (
            other == name
            or other in nets
            or other in BOUNDS
            or (only is not None and other != only)
            or not isinstance(value, np.ndarray)
        ):
            continue
        if value.ndim and len(value) and is_real(value):
            zeroed = value.copy()
            zeroed[0] = 0.0
            args = subjects(exercise, args)[other][1](zeroed)
    return args


def with_others(exercise: Exercise, args: Args, name: str) -> Args:
    """Return inputs in which everything that varies continuously but one input is another: networks and settings too.

    Where all biases are 0, for example, an observation of 0 meets no weight: what is right there is right by accident.
    """
    return _changed(exercise, args, name, 1.0)


def with_small_others(exercise: Exercise, args: Args, name: str) -> Args:
    """Return the same, a tenth as large: large numbers miss a range near 0, such as that of PPO's clip."""
    return _changed(exercise, args, name, 0.1)


def _changed(exercise: Exercise, args: Args, name: str, size: float) -> Args:
    for seed, (other, (value, _)) in enumerate(subjects(exercise, args).items()):
        if other != name and other not in (*BOUNDS, *WIDTHS, *STEP_SIZES) and is_real(value):
            args = subjects(exercise, args)[other][1](scaled(size)(perturbed(value, seed)))
    return args
