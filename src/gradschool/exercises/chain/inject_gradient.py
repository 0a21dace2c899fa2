"""Inputs and oracle of ``chain.inject_gradient``."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.chain._layers import MLP_AXES, mlp_cases, mlp_gradients

AXES = MLP_AXES


def cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""
    return mlp_cases(rng)


def oracle(a: Args) -> dict[str, Any]:
    """The gradients of L = sum G Y in the parameters by complex steps, for both ways; nothing at the source."""
    grads = mlp_gradients(a)[:4]
    return {"backward": grads, "surrogate": grads, "called_again": (grads, grads), "at_source_of_G": 0.0 * a["G"]}
