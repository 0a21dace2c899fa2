"""Inputs and oracle of ``dqn.huber_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.dqn._cases import output_cases


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), actions (B,), targets y (B,) and the bend kappa.

    TD errors lie on both sides of the bend, have both signs, and none is near it.
    """
    found = []
    for c, kappa in zip(output_cases(rng), (1.0, 2.0, 0.5, 1.5), strict=True):
        q, action = c.args["q"], c.args["action"]
        B = len(action)
        size = np.where(np.arange(B) % 2 == 0, rng.uniform(1.5, 4.0, B), rng.uniform(0.2, 0.8, B)) * kappa
        error = size * np.where(np.arange(B) % 3 == 0, 1.0, -1.0)
        args = {"q": q, "action": action, "y": q[np.arange(B), action] - error, "kappa": kappa}
        found.append(Case(c.name, args, c.edge, c.sizes, {"beyond the bend": np.abs(error) > kappa}))
    return found


def oracle(a: Args) -> Array:
    """dL/dq by central differences of the mean Huber loss of the taken actions."""

    def huber(e: float) -> float:
        k = a["kappa"]
        return 0.5 * e * e if abs(e) <= k else k * (abs(e) - 0.5 * k)

    def loss(q: Array) -> float:
        return sum(huber(row[i] - t) for row, i, t in zip(q, a["action"], a["y"], strict=True)) / len(q)

    return central_differences(loss, a["q"])
