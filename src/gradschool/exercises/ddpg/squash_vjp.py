"""Inputs and oracle of ``ddpg.squash_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises.ddpg._setups import (
    select,
    squash_cases,
    squash_oracle,
)


def cases(rng: Rng) -> list[Case]:
    """z (B, A), the gradient g = dL/da (B, A) that arrives at the action, and the range, (A,)."""
    drawn = squash_cases(rng)
    slopes = [rng.normal(size=c.args["z"].shape) for c in drawn]
    return [
        Case(c.name, select({**c.args, "g": g}, "z", "g", "low", "high"), c.edge, c.sizes)
        for c, g in zip(drawn, slopes, strict=True)
    ]


def oracle(a: Args) -> Array:
    """Gradient of L = sum g squash(z) in z by a complex step."""
    return complex_step(lambda z: np.sum(a["g"] * squash_oracle(z, a["low"], a["high"])), a["z"])
