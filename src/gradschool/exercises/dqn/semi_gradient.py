"""Inputs and oracle of ``dqn.semi_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.dqn._cases import transition_cases
from gradschool.exercises.dqn._losses import gradient_in_weights


def cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    return transition_cases(rng)


def oracle(a: Args) -> Array:
    """dL/dW (S, A) by central differences; W_target stays where it is."""
    return gradient_in_weights(a)
