"""Inputs and oracle of ``chain.numerical_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """Coefficients of f, the point x and the step h; f is ``adapters.cubic``."""

    def case(name: str, shape: tuple[int, ...], h: float, edge: bool = False) -> Case:
        x, c, q, k = (rng.uniform(0.5, 2.0, size=shape) for _ in range(4))
        return Case(name, {"c": c, "q": q, "k": k, "x": x, "h": h}, edge=edge)

    return [
        case("a vector of 3", (3,), 1e-3),
        case("a vector of 5", (5,), 1e-4),
        case("a 2 by 3 matrix", (2, 3), 1e-3, edge=True),
        case("one entry", (1,), 1e-3, edge=True),
        case("a large step", (3,), 0.1, edge=True),
    ]


def oracle(a: Args) -> Array:
    """The closed form of the central difference of a cubic: c + 2 q x + 3 k x^2, plus the truncation k h^2."""
    slope: Array = a["c"] + 2 * a["q"] * a["x"] + 3 * a["k"] * a["x"] ** 2 + a["k"] * a["h"] ** 2
    return slope
