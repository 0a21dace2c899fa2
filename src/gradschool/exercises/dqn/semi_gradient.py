"""Inputs and oracle of ``dqn.semi_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, ties
from gradschool.exercises.dqn._losses import gradient_in_weights
from gradschool.exercises.dqn._transitions import (
    TRANSITION_AXES,
    a_tiny_error,
    already_right,
    transition_cases,
    zero_beside_others,
)

AXES: Axes = {
    **TRANSITION_AXES,
    "two best actions at a next state": ties("W_target"),
    "zero error beside others": zero_beside_others("W_target"),
    "a tiny error": a_tiny_error("W_target"),
}


def cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    tied = already_right(rng, "W_target", "two best actions at every next state, one sample right")
    best = tied.args["W_target"].max(axis=1, keepdims=True)
    tied.args["W_target"][:, :2] = best
    return [*transition_cases(rng), tied]


def oracle(a: Args) -> Array:
    """dL/dW (S, A) by complex steps; W_target stays where it is."""
    return gradient_in_weights(a)
