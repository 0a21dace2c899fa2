"""Inputs and oracle of ``chain.relu_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge
from gradschool.exercises._otherwise import SLOPES_FOR_RELU, Otherwise, slope_otherwise
from gradschool.exercises.axes import Axes, large
from gradschool.exercises.chain._layers import ACTIVATION_AXES, activation_cases, near_zero

AXES: Axes = {**ACTIVATION_AXES, "one huge value": large("z", 1e9)}


def cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g of one shape; some z are exactly 0, where the lesson agrees on the slope 0."""
    return [*activation_cases(rng), one_huge(activation_cases(rng)[0], "z"), near_zero(rng)]


def oracle(a: Args) -> Array:
    """Gradient of L = sum g relu(z) by complex steps; 0 at the kink, as agreed."""
    gradient = complex_step(lambda z: np.sum(a["g"] * np.maximum(z, 0)), a["z"])
    return np.where(a["z"] == 0, 0.0, gradient)


def otherwise(a: Args) -> Otherwise:
    """Other slopes in the place of relu's."""
    return slope_otherwise("the slope of relu", SLOPES_FOR_RELU, lambda slope: a["g"] * slope(a["z"]))
