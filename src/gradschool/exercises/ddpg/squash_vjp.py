"""Inputs and oracle of ``ddpg.squash_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import SLOPES_FOR_TANH, Otherwise, slope_otherwise
from gradschool.exercises.axes import Axes, has_value, large, of_size, some, square, tall, tiny, wide
from gradschool.exercises.ddpg._axes import RANGES
from gradschool.exercises.ddpg._setups import (
    AT_THE_ACTION,
    OF_THE_ACTION,
    STEEP,
    select,
    squash_cases,
    squash_oracle,
)

AXES: Axes = {
    "one row": of_size("z", 1),
    "one action dimension, several rows": some(lambda a: a["z"].shape[1] == 1 < len(a["z"])),
    "square": square("z"),
    "tall": tall("z"),
    "wide": wide("z"),
    "z at 0": has_value("z", 0.0),
    "far out, upwards": some(lambda a: a["z"] >= 12),
    "far out, downwards": some(lambda a: a["z"] <= -12),
    "far out, towards a bound at 0": some(lambda a: (a["z"] <= -9) & (a["low"] == 0)),
    **RANGES,
    "no gradient": has_value("g", 0.0),
    "a large gradient": large("g"),
    "a tiny gradient": tiny("g"),
}


def cases(rng: Rng) -> list[Case]:
    """z (B, A), the gradient g = dL/da (B, A) that arrives at the action, and the range, (A,)."""
    drawn = squash_cases(rng)
    slopes = [signed(rng, c.args["z"].shape) for c in drawn]
    slopes[0].flat[0] = STEEP
    slopes[1].flat[0] = 0.0
    slopes[1].flat[-1] = 1e-4
    return [
        Case(c.name, select({**c.args, "g": g}, "z", "g", "low", "high"), c.edge, c.sizes)
        for c, g in zip(drawn, slopes, strict=True)
    ]


def oracle(a: Args) -> Array:
    """Gradient of L = sum g squash(z) in z by a complex step."""
    return complex_step(lambda z: np.sum(a["g"] * squash_oracle(z, a["low"], a["high"])), a["z"])


def otherwise(a: Args) -> Otherwise:
    """Other slopes in the place of tanh's, and other lengths in the place of half the width."""
    half = (a["high"] - a["low"]) / 2
    steep = a["g"] * (1 - np.tanh(a["z"]) ** 2)
    action = squash_oracle(a["z"], a["low"], a["high"])
    return slope_otherwise("the slope of tanh", SLOPES_FOR_TANH, lambda slope: a["g"] * half * slope(a["z"])) | {
        AT_THE_ACTION: lambda: a["g"] * half * (1 - np.tanh(action) ** 2),
        OF_THE_ACTION: lambda: a["g"] * half * (1 - action**2),
        "what it would be with 1 - a^2, where a is the action, instead of the slope of the squash": lambda: (
            a["g"] * (1 - action**2)
        ),
        "what it would be with the action instead of the slope of the squash": lambda: a["g"] * action,
        "what it would be with the middle of the range added to the slope": lambda: (
            steep * half + a["g"] * (a["high"] + a["low"]) / 2
        ),
        "what it would be with the norm of all half widths instead of each one": lambda: steep * np.linalg.norm(half),
        "what it would be with the sum of all half widths instead of each one": lambda: steep * half.sum(),
        "what it would be with the product of all half widths instead of each one": lambda: steep * half.prod(),
    }
