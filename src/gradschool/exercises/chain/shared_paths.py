"""Inputs and oracle of ``chain.shared_paths``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences


def cases(rng: Rng) -> list[Case]:
    """One matrix W (n, n) used in both layers, an input x (n,) and g = dL/dy (n,)."""

    def case(name: str, n: int, edge: bool = False) -> Case:
        return Case(name, {"W": rng.normal(size=(n, n)), "x": rng.normal(size=n), "g": rng.normal(size=n)}, edge=edge)

    return [case("3 units", 3), case("4 units", 4), case("one unit", 1, edge=True)]


def oracle(a: Args) -> Array:
    """Gradient of L = g . (W tanh(W x)) in W by central differences."""
    return central_differences(lambda W: float(a["g"] @ (W @ np.tanh(W @ a["x"]))), a["W"])
