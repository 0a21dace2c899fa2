"""Other surroundings for one input: what is said of an input must hold whatever stands beside it."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Exercise
from gradschool.diagnosis.hypotheses.observations import perturbed, scaled
from gradschool.diagnosis.inputs import BOUNDS, STEP_SIZES, WIDTHS, is_real, networks, subjects


def with_zeros(exercise: Exercise, args: Args, name: str) -> Args:
    """Return inputs in which every array of numbers but one, and but bounds and networks, has a row of zeros."""
    nets = networks(exercise, args)
    for other, (value, _) in subjects(exercise, args).items():
        if other == name or other in nets or other in BOUNDS or not isinstance(value, np.ndarray):
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
