"""Inputs and oracle of ``chain.mlp_backward``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.chain._layers import MLP_AXES, mlp_cases, mlp_gradients

AXES = MLP_AXES


def cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""
    return mlp_cases(rng)


def oracle(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by complex steps."""
    return mlp_gradients(a)
