"""Inputs and oracle of ``chain.jacobian_product``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences


def cases(rng: Rng) -> list[Case]:
    """A Jacobian J = dp/dw (m, n_w) and the gradient g = dL/dp (m,) that arrives at the prediction."""

    def case(name: str, m: int, n_w: int, edge: bool = False) -> Case:
        args = {"J": rng.normal(size=(m, n_w)), "g": rng.normal(size=m)}
        return Case(name, args, edge=edge, sizes={"m": m, "n_w": n_w})

    return [
        case("3 outputs, 6 weights", 3, 6),
        case("2 outputs, 5 weights", 2, 5),
        case("as many weights as outputs", 3, 3, edge=True),
        case("one output", 1, 4, edge=True),
    ]


def oracle(a: Args) -> Array:
    """dL/dw by central differences of L(w) = g . (J w), whose Jacobian is J."""
    return central_differences(lambda w: float(a["g"] @ (a["J"] @ w)), np.zeros(a["J"].shape[1]))
