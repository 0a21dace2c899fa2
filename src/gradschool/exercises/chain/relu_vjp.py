"""Inputs and oracle of ``chain.relu_vjp``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.chain._layers import activation_cases


def cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g, both (B, n); one z is exactly 0, where the lesson agrees on the slope 0."""
    at_kink = {"z": np.array([-1.0, 0.0, 2.0, 0.0]), "g": rng.normal(size=4)}
    return [*activation_cases(rng), Case("exactly at the kink", at_kink, edge=True)]


def oracle(a: Args) -> Array:
    """Gradient of L = sum g relu(z) by central differences; 0 at the kink, as agreed."""
    gradient = central_differences(lambda z: float(np.sum(a["g"] * np.maximum(z, 0))), a["z"])
    return np.where(a["z"] == 0, 0.0, gradient)
