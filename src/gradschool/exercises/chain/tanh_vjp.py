"""Inputs and oracle of ``chain.tanh_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import UNEVEN, signed
from gradschool.exercises._otherwise import SLOPES_FOR_TANH, Otherwise, slope_otherwise
from gradschool.exercises.axes import Axes, some
from gradschool.exercises.chain._layers import ACTIVATION_AXES, activation_cases, near_zero

AXES: Axes = {
    **ACTIVATION_AXES,
    "so far out that exp overflows, on both sides": some(lambda a: np.max(a["z"]) > 750 and np.min(a["z"]) < -750),
    "nearly flat, with a large gradient": some(lambda a: (np.abs(a["z"]) > 4) & (np.abs(a["g"]) > 100)),
}


def cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g of one shape; far out tanh is nearly flat, its slope 1e-3 to 2e-5."""
    far_out = {"z": signed(rng, (3, 4), 4.0, 6.0), "g": 1e3 * signed(rng, (3, 4))}
    beyond = Case("so far out that exp overflows", {"z": signed(rng, 4), "g": signed(rng, 4)}, edge=True)
    beyond.args["z"][:2] = (800.0, -800.0)
    return [*activation_cases(rng), Case(UNEVEN, far_out), near_zero(rng), beyond]


def oracle(a: Args) -> Array:
    """Gradient of L = sum g tanh(z) by complex steps."""
    return complex_step(lambda z: np.sum(a["g"] * np.tanh(z)), a["z"])


def otherwise(a: Args) -> Otherwise:
    """Other slopes in the place of tanh's."""
    return slope_otherwise("the slope of tanh", SLOPES_FOR_TANH, lambda slope: a["g"] * slope(a["z"]))
