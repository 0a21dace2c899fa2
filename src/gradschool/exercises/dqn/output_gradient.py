"""Inputs and oracle of ``dqn.output_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.dqn._cases import OUTPUT_AXES, output_cases, with_labels_otherwise
from gradschool.exercises.dqn._losses import gradient_in_outputs

AXES = OUTPUT_AXES


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""
    return output_cases(rng)


def oracle(a: Args) -> Array:
    """dL/dq (B, A) by complex steps of the loss of the taken actions."""
    return gradient_in_outputs(a)


def otherwise(a: Args) -> Otherwise:
    """The answer with labels that belong to other rows."""
    return with_labels_otherwise(oracle, a)
