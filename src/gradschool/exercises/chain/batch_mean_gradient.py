"""Inputs and oracle of ``chain.batch_mean_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.chain._losses import l2_loss


def cases(rng: Rng) -> list[Case]:
    """Predictions p (B, 1), as a network returns them, and labels l (B,), as a table holds them."""

    def case(name: str, B: int, edge: bool = False) -> Case:
        return Case(name, {"p": rng.normal(size=(B, 1)), "l": rng.normal(size=B)}, edge=edge, sizes={"B": B})

    twice = case("", 3).args
    doubled = {"p": np.tile(twice["p"], (2, 1)), "l": np.tile(twice["l"], 2)}
    return [
        case("a batch of 4", 4),
        case("a batch of 7", 7),
        case("a batch of 1", 1, edge=True),
        Case("a batch of 3, every sample twice", doubled, edge=True, sizes={"B": 6}),
    ]


def oracle(a: Args) -> Array:
    """dL/dp for L = 1/(2B) sum_i (p_i - l_i)^2 by central differences, (B, 1)."""
    return central_differences(lambda p: l2_loss(p[:, 0], a["l"]) / len(a["l"]), a["p"])
