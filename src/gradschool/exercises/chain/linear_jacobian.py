"""Inputs and oracle of ``chain.linear_jacobian``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises.chain._layers import LINEAR_AXES, linear_cases

AXES = LINEAR_AXES


def cases(rng: Rng) -> list[Case]:
    """A linear layer p = W x + b: W (m, n), b (m,), x (n,)."""
    return linear_cases(rng)


def oracle(a: Args) -> Array:
    """dp/dw for w = W read row by row, (m, m n), by complex steps."""
    W = a["W"]
    return complex_step(lambda w: w.reshape(W.shape) @ a["x"] + a["b"], W.ravel())
