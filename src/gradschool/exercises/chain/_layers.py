"""Chapter 1: inputs and measured slopes that several exercises on layers and networks share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences


def linear_cases(rng: Rng) -> list[Case]:
    """Linear layers p = W x + b: W (m, n), b (m,), x (n,)."""

    def case(name: str, m: int, n: int, edge: bool = False) -> Case:
        args = {"W": rng.normal(size=(m, n)), "b": rng.normal(size=m), "x": rng.normal(size=n)}
        return Case(name, args, edge=edge, sizes={"m": m, "n": n})

    return [
        case("3 outputs, 2 inputs", 3, 2),
        case("2 outputs, 4 inputs", 2, 4),
        case("a square layer", 3, 3, edge=True),
        case("one output", 1, 3, edge=True),
    ]


def activation_cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g, both (B, n); z stays away from the kink of relu at 0."""

    def case(name: str, shape: tuple[int, ...], edge: bool = False) -> Case:
        z = rng.uniform(0.2, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)
        z.flat[0] = -abs(z.flat[0])  # both signs in every case
        return Case(name, {"z": z, "g": rng.normal(size=shape)}, edge=edge)

    return [case("a batch of 3 by 4", (3, 4)), case("a vector of 5", (5,)), case("one unit", (1,), edge=True)]


def mlp(W1: Array, b1: Array, W2: Array, b2: Array, X: Array) -> Array:
    """Y = tanh(X W1^T + b1) W2^T + b2 for a batch X (B, n); Y is (B, m)."""
    Y: Array = np.tanh(X @ W1.T + b1) @ W2.T + b2
    return Y


def mlp_cases(rng: Rng) -> list[Case]:
    """Networks with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""

    def case(name: str, B: int, n: int, h: int, m: int, edge: bool = False) -> Case:
        shapes = {"W1": (h, n), "b1": (h,), "W2": (m, h), "b2": (m,), "X": (B, n), "G": (B, m)}
        args = {key: rng.normal(size=shape) for key, shape in shapes.items()}
        return Case(name, args, edge=edge, sizes={"B": B})

    return [
        case("a batch of 3; 2, 4 and 3 units", 3, 2, 4, 3),
        case("a batch of 5; 3, 2 and 4 units", 5, 3, 2, 4),
        case("square layers", 4, 3, 3, 3, edge=True),
        case("a batch of 1, one output", 1, 3, 2, 1, edge=True),
    ]


def mlp_gradients(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by central differences."""
    return gradient_in_each(lambda *p: float(np.sum(a["G"] * mlp(*p))), a["W1"], a["b1"], a["W2"], a["b2"], a["X"])


def gradient_in_each(loss: Callable[..., float], *points: Array) -> tuple[Array, ...]:
    """The gradient of ``loss(*points)`` in each of its arguments, by central differences."""

    def in_one(i: int) -> Array:
        return central_differences(lambda v: loss(*points[:i], v, *points[i + 1 :]), points[i])

    return tuple(in_one(i) for i in range(len(points)))
