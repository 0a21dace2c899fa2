"""Inputs and oracle of ``dqn.fit_targets``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.dqn._cases import OUTPUT_AXES, output_cases, with_labels_otherwise

AXES = OUTPUT_AXES


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""
    return output_cases(rng)


def oracle(a: Args) -> Array:
    """The outputs themselves, plus the TD error where an action was taken."""
    error = np.array([t - row[i] for row, i, t in zip(a["q"], a["action"], a["y"], strict=True)])
    targets: Array = a["q"] + error[:, None] * (np.arange(a["q"].shape[1]) == a["action"][:, None])
    return targets


def otherwise(a: Args) -> Otherwise:
    """The answer with labels that belong to other rows."""
    return with_labels_otherwise(oracle, a)
