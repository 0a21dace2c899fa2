"""Inputs and oracle of ``dqn.fit_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.dqn._cases import output_cases


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A) and targets T (B, A) that equal them except at the taken action."""
    found = []
    for c in output_cases(rng):
        targets = c.args["q"].copy()
        targets[np.arange(len(targets)), c.args["action"]] = c.args["y"]
        found.append(Case(c.name, {"q": c.args["q"], "targets": targets}, c.edge, c.sizes))
    return found


def oracle(a: Args) -> Array:
    """dL/dq by central differences of L = 1/2 mean_b sum_a (q - targets)^2, the targets held fixed."""
    return central_differences(lambda q: 0.5 * float(np.sum((q - a["targets"]) ** 2)) / len(q), a["q"])
