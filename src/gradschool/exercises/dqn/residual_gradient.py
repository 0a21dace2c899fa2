"""Inputs and oracle of ``dqn.residual_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, some
from gradschool.exercises.dqn._cases import nearly_tied
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
    "zero error beside others": zero_beside_others("W"),
    "a tiny error": a_tiny_error("W"),
    "a best next action that is hardly the best": some(
        lambda a: nearly_tied(a["W"][a["next_state"]]) & ~a["terminated"]
    ),
}


def cases(rng: Rng) -> list[Case]:
    """One network (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    right = already_right(rng, "W", "one sample right already")
    return [
        Case(c.name, {k: v for k, v in c.args.items() if k != "W_target"}, c.edge, c.sizes)
        for c in [*transition_cases(rng), right]
    ]


def oracle(a: Args) -> Array:
    """dL/dW (S, A) by complex steps, where the target moves with W."""
    return gradient_in_weights(a, target_moves=True)
