"""Chapter 1: inputs and measured slopes that several exercises on layers and networks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import (
    Axes,
    an_entry_of_0,
    has_value,
    large,
    large_of_both_signs,
    of_rank,
    of_size,
    some,
    square,
    tall,
    tiny,
    wide,
)

LINEAR_AXES: Axes = {
    "more outputs than inputs": tall("W"),
    "more inputs than outputs": wide("W"),
    "square": square("W"),
    "one output": of_size("W", 1),
    "one input": of_size("W", 1, axis=1),
    "an input that is 0": has_value("x", 0.0),
    "tiny": tiny("x"),
    "large": large("x"),
    "one huge bias": large("b", 1e9),
    "a large weight": large("W"),
    "a weight of 0": has_value("W", 0.0),
    "a bias of 0": has_value("b", 0.0),
    "tiny weights": some(lambda a: np.max(np.abs(a["W"])) < 1e-6),
}
ACTIVATION_AXES: Axes = {
    "a vector": of_rank("z", 1),
    "a matrix that is not square": some(lambda a: np.ndim(a["z"]) == 2 and np.shape(a["z"])[0] != np.shape(a["z"])[1]),
    "a square matrix": square("z"),
    "three axes": of_rank("z", 3),
    "one unit": of_size("z", 1),
    "z and g of different signs": some(lambda a: a["z"] * a["g"] < 0),
    "z and g both below 0": some(lambda a: (a["z"] < 0) & (a["g"] < 0)),
    "a gradient of 0": has_value("g", 0.0),
    "large": large("g"),
    "large on both sides of 0, where relu is open": large_of_both_signs(lambda a: a["g"] * (a["z"] > 0)),
    "tiny": tiny("g"),
    "near 0": some(lambda a: (np.abs(a["z"]) < 1e-5) & (a["z"] != 0)),
    "at 0": has_value("z", 0.0),
    "a little way from 0": some(lambda a: (np.abs(a["z"]) > 0.04) & (np.abs(a["z"]) < 0.1) & (np.abs(a["g"]) > 0.1)),
    "between near 0 and far": some(lambda a: (np.abs(a["z"]) > 0.1) & (np.abs(a["z"]) < 0.3) & (np.abs(a["g"]) > 0.1)),
}
FAR_OUT = 4.0  # a pre-activation beyond where somebody may call tanh flat


def _pre_activations(a: Args) -> Array:
    """What arrives at the hidden units, (B, h)."""
    return np.asarray(a["X"] @ a["W1"].T + a["b1"])


MLP_AXES: Axes = {
    "a hidden unit far out, above": some(lambda a: np.max(_pre_activations(a)) > 0.9 * FAR_OUT),
    "a hidden unit far out, below": some(lambda a: np.min(_pre_activations(a)) < -0.9 * FAR_OUT),
    "sizes that all differ": some(lambda a: len({*a["X"].shape, *a["W2"].shape}) == 4),
    "square layers": some(lambda a: square("W1")([a]) and square("W2")([a])),
    "the first layer square, and nothing else": some(lambda a: _square_matrices(a) == {"W1"}),
    "the second layer square, and nothing else": some(lambda a: _square_matrices(a) == {"W2"}),
    "as many samples as units": some(lambda a: len(a["X"]) == len(a["W1"]) and len(a["X"]) > 1),
    "one sample": of_size("X", 1),
    "one hidden unit": of_size("W1", 1),
    "one output": of_size("W2", 1),
    "a sample whose gradient is 0": some(lambda a: np.all(a["G"] == 0, axis=1) & (len(a["G"]) > 1)),
    "a sample twice": some(lambda a: len(np.unique(a["X"], axis=0)) < len(a["X"])),
    "a sample twice, its gradient too": some(lambda a: len(np.unique(np.c_[a["X"], a["G"]], axis=0)) < len(a["X"])),
    **an_entry_of_0("W1", "b1", "W2", "b2", "X", "G"),
    "a large gradient": large("G"),
    "a tiny gradient": tiny("G"),
    "a large input": large("X", 30.0),
    "large weights, the units not far out": some(
        lambda a: (
            min(np.abs(a[key]).max() for key in ("W1", "b1", "W2")) > 20
            and np.abs(a["X"] @ a["W1"].T + a["b1"]).max() < 3
        )
    ),
}


def linear_cases(rng: Rng) -> list[Case]:
    """Linear layers p = W x + b: W (m, n), b (m,), x (n,)."""

    def case(name: str, m: int, n: int, edge: bool = False) -> Case:
        args = {"W": signed(rng, (m, n)), "b": signed(rng, m), "x": signed(rng, n)}
        return Case(name, args, edge=edge, sizes={"m": m, "n": n})

    wide_one = case("2 outputs, 4 inputs", 2, 4)
    wide_one.args["x"][:3] = (0.0, 300.0, 2e-6)  # an input that is 0, one that is large, one that is tiny
    wide_one.args["W"][0, 3] *= 400.0
    square_one = case("a square layer, a weight and a bias of 0", 3, 3, edge=True)
    square_one.args["W"][1, 2], square_one.args["b"][0] = 0.0, 0.0
    faint = case("one input, tiny weights", 2, 1, edge=True)
    faint.args["W"][:] *= 1e-7
    return [
        case("3 outputs, 2 inputs", 3, 2),
        wide_one,
        one_huge(case("", 3, 2), "b"),
        square_one,
        case("one output", 1, 3, edge=True),
        faint,
    ]


def activation_cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g of one shape, in one case of three axes; z stays away from 0."""

    def case(name: str, shape: tuple[int, ...], edge: bool = False) -> Case:
        return Case(name, {"z": signed(rng, shape), "g": signed(rng, shape)}, edge=edge)

    matrix = case("a batch of 3 by 4", (3, 4))
    matrix.args["z"].flat[:4] = np.abs(matrix.args["z"].flat[:4]) * (1.0, 1.0, -1.0, -1.0)
    matrix.args["g"].flat[:4] = np.abs(matrix.args["g"].flat[:4]) * (1.0, -1.0, 1.0, -1.0)  # every pair of signs
    vector = case("a vector of 5", (5,))
    vector.args["g"][:4] = (0.0, 300.0, 2e-6, -400.0)
    vector.args["z"][:3] = rng.uniform(0.3, 0.6, size=3)  # where relu is open and tanh steep
    vector.args["z"][3:] = np.abs(vector.args["z"][3:]) * (1.0, -1.0)  # relu is open at one and closed at the other
    one = case("one unit", (1,), edge=True)
    one.args["z"][:] = np.abs(one.args["z"])
    return [
        matrix,
        vector,
        case("three axes, 2 by 3 by 2", (2, 3, 2), edge=True),
        case("a square batch", (3, 3), edge=True),
        one,
    ]


def near_zero(rng: Rng) -> Case:
    """Pre-activations at 0, next to it and not far from it, on both sides."""
    z = np.array([-1.0, 0.0, 2.0, 0.0, 0.2, -0.2, 0.09, -0.05, 5e-4, -5e-4, 1e-6, -1e-6, 1e-9, -1e-9])
    return Case("at 0 and next to it", {"z": z, "g": signed(rng, len(z))}, edge=True)


def mlp(W1: Array, b1: Array, W2: Array, b2: Array, X: Array) -> Array:
    """Y = tanh(X W1^T + b1) W2^T + b2 for a batch X (B, n); Y is (B, m)."""
    Y: Array = np.tanh(X @ W1.T + b1) @ W2.T + b2
    return Y


def mlp_cases(rng: Rng) -> list[Case]:
    """Networks with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""

    def case(name: str, B: int, n: int, h: int, m: int, edge: bool = False, scale: float = 1.0) -> Case:
        shapes = {"W1": (h, n), "b1": (h,), "W2": (m, h), "b2": (m,), "X": (B, n), "G": (B, m)}
        args = {key: signed(rng, shape, high=1.2) for key, shape in shapes.items()}
        return Case(name, {**args, "G": scale * args["G"]}, edge=edge, sizes={"B": B})

    large_one = case("a batch of 5; 3, 2 and 4 units; a large gradient", 5, 3, 2, 4, scale=300.0)
    large_one.args["G"][1] = 0.0  # a sample that the loss does not look at
    canceling = case("a batch of 3; 3, 2 and 3 units; large weights that cancel", 3, 3, 2, 3)
    canceling.args["X"][:, 0] = 1.0  # an input that is always 1: its weights add to the biases
    canceling.args["W1"][:, 0], canceling.args["b1"][:] = (50.0, -40.0), (-50.3, 40.4)
    canceling.args["W2"][0] *= 50.0
    canceling.args["X"][:, 1] *= 100.0
    canceling.args["W1"][:, 1] /= 100.0
    twice = case("square layers, a sample twice", 3, 3, 3, 3, edge=True)
    twice.args["X"][2] = twice.args["X"][0]
    zeros = case("a sample twice, and an entry of 0 in every array", 3, 2, 4, 3, edge=True)
    for key in ("W1", "b1", "W2", "b2", "X", "G"):
        zeros.args[key].flat[0] = 0.0
    for key in ("X", "G"):
        zeros.args[key][2] = zeros.args[key][1]
    saturated = case("a batch of 3; 2, 4 and 5 units, two of them far out", 3, 2, 4, 5)
    for sample, unit, z in ((0, 3, FAR_OUT), (1, 2, -FAR_OUT)):
        saturated.args["b1"][unit] = z - saturated.args["W1"][unit] @ saturated.args["X"][sample]
    return [
        saturated,
        large_one,
        canceling,
        twice,
        case("a batch of 1, one output, a tiny gradient", 1, 3, 2, 1, edge=True, scale=1e-4),
        case("one hidden unit", 4, 2, 1, 3, edge=True),
        case("the first layer square", 4, 3, 3, 2, edge=True),
        case("the second layer square", 4, 2, 3, 3, edge=True),
        zeros,
    ]


def _square_matrices(a: Args) -> set[str]:
    return {key for key in ("X", "W1", "W2", "G") if square(key)([a])}


def mlp_gradients(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by complex steps."""
    return gradient_in_each(lambda *p: np.sum(a["G"] * mlp(*p)), a["W1"], a["b1"], a["W2"], a["b2"], a["X"])


def gradient_in_each(loss: Callable[..., Any], *points: Array) -> tuple[Array, ...]:
    """The gradient of ``loss(*points)`` in each of its arguments, by complex steps."""

    def in_one(i: int) -> Array:
        return complex_step(lambda v: loss(*points[:i], v, *points[i + 1 :]), points[i])

    return tuple(in_one(i) for i in range(len(points)))
