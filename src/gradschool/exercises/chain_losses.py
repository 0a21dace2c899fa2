"""Chapter 1, losses and measured slopes: inputs to try, and oracles that need no reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.numerics import Array, central_differences

Args = Mapping[str, Any]
Rng = np.random.Generator


# -- chain.l2_gradient, chain.batch_mean_gradient ------------------------------------------------------------


def l2_cases(rng: Rng) -> list[Case]:
    """Predictions p and labels l, both (n,)."""
    p = rng.normal(size=3)
    return [
        Case("4 outputs", {"p": rng.normal(size=4), "l": rng.normal(size=4)}, sizes={"n": 4}),
        Case("6 outputs", {"p": rng.normal(size=6), "l": rng.normal(size=6)}, sizes={"n": 6}),
        Case("one output", {"p": rng.normal(size=1), "l": rng.normal(size=1)}, edge=True, sizes={"n": 1}),
        Case("a prediction that is already right", {"p": p, "l": p.copy()}, edge=True, sizes={"n": 3}),
    ]


def l2_loss(p: Array, l: Array) -> float:
    """L = 1/2 sum (p - l)^2."""
    return 0.5 * float(np.sum((p - l) ** 2))


def l2_expect(a: Args) -> Array:
    """dL/dp by central differences."""
    return central_differences(lambda p: l2_loss(p, a["l"]), a["p"])


def batch_cases(rng: Rng) -> list[Case]:
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


def batch_expect(a: Args) -> Array:
    """dL/dp for L = 1/(2B) sum_i (p_i - l_i)^2 by central differences, (B, 1)."""
    return central_differences(lambda p: l2_loss(p[:, 0], a["l"]) / len(a["l"]), a["p"])


# -- chain.numerical_gradient --------------------------------------------------------------------------------


def bumpy(a: Args) -> Callable[[Array], float]:
    """f(x) = sum of c x + q x^2 + k x^3 over all entries of x: curved, so that one-sided differences show."""
    return lambda x: float(np.sum(a["c"] * x + a["q"] * x**2 + a["k"] * x**3))


def numerical_cases(rng: Rng) -> list[Case]:
    """Coefficients of f, the point x and the step h."""

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


def numerical_run(answer: Callable[..., Any], a: Args) -> Any:
    """numerical_gradient(f, x, h) for this case's f."""
    return answer(bumpy(a), a["x"], a["h"])


def numerical_expect(a: Args) -> Array:
    """The closed form of the central difference of a cubic: c + 2 q x + 3 k x^2, plus the truncation k h^2."""
    return a["c"] + 2 * a["q"] * a["x"] + 3 * a["k"] * a["x"] ** 2 + a["k"] * a["h"] ** 2
