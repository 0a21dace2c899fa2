"""Inputs and oracle of ``chain.mlp_backward``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import SLOPES_FOR_TANH, Otherwise, slope_otherwise
from gradschool.exercises.chain._layers import MLP_AXES, mlp_cases, mlp_gradients

AXES = MLP_AXES


def cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""
    return mlp_cases(rng)


def oracle(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by complex steps."""
    return mlp_gradients(a)


def otherwise(a: Args) -> Otherwise:
    """Other slopes of the hidden units, and other hidden units in the gradient of W2."""
    Z = a["X"] @ a["W1"].T + a["b1"]
    H = np.tanh(Z)

    def backward(slope: Array, hidden: Array = H) -> tuple[Array, ...]:
        D = (a["G"] @ a["W2"]) * slope
        return D.T @ a["X"], D.sum(axis=0), a["G"].T @ hidden, a["G"].sum(axis=0), D @ a["W1"]

    found = slope_otherwise("the slope of tanh", SLOPES_FOR_TANH, lambda slope: backward(slope(Z)))
    hidden = {
        "the hidden units minus their mean over the batch": H - H.mean(axis=0),
        "the hidden units before tanh": Z,
        "the size of the hidden units": np.abs(H),
        "the hidden units in reverse order of the rows": H[::-1],
    }
    return found | {
        f"what it would be with {words} instead of the hidden units": lambda x=x: backward(1 - H**2, x)
        for words, x in hidden.items()
    }
