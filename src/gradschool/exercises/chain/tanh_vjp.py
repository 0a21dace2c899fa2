"""Inputs and oracle of ``chain.tanh_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.chain._layers import activation_cases


def cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g, both (B, n)."""
    return activation_cases(rng)


def oracle(a: Args) -> Array:
    """Gradient of L = sum g tanh(z) by central differences."""
    return central_differences(lambda z: float(np.sum(a["g"] * np.tanh(z))), a["z"])
