"""Inputs and oracle of ``chain.numerical_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import LARGE, Axes, has_value, large, of_rank, of_size, several, some, square

AXES: Axes = {
    "a vector": of_rank("x", 1),
    "a square matrix": square("x"),
    "a matrix that is not square": some(lambda a: np.ndim(a["x"]) == 2 and np.shape(a["x"])[0] != np.shape(a["x"])[1]),
    "three axes": of_rank("x", 3),
    "one entry": of_size("x", 1),
    "an entry at 0": has_value("x", 0.0),
    "several functions f": several("wave"),
    "an f whose slope in one entry depends on the others": some(lambda a: np.size(a["x"]) > 1 and a["wave"] != 0),
    "several steps": several("h"),
    "a step that shows in the result": some(lambda a: a["h"] >= 0.1),
    "a small step": some(lambda a: a["h"] <= 1e-4),
    "a steep f": large("c"),
    "an f that falls": some(lambda a: a["c"] < -LARGE),
    "far from 0": some(lambda a: np.abs(a["x"]) > 10),
    "below 0": some(lambda a: a["x"] < 0),
}


def cases(rng: Rng) -> list[Case]:
    """Coefficients of f, the point x and the step h; f is ``adapters.curved``."""

    def case(name: str, shape: tuple[int, ...], h: float, wave: float, edge: bool = False) -> Case:
        x, c, k = (rng.uniform(0.5, 2.0, size=shape) for _ in range(3))
        q = rng.uniform(1.0, 2.0, size=shape)  # f is curved upwards everywhere: one-sided differences show
        args = {"c": c, "q": q, "k": k, "wave": wave, "x": x, "h": h}
        return Case(name, args, edge=edge)

    steep = case("a vector of 5, a steep f", (5,), 1e-4, 0.7)
    steep.args["c"][1], steep.args["c"][4] = 1e3, -1e3
    steep.args["x"][2:] = 12.0, 0.0, -12.0
    return [
        case("a vector of 3", (3,), 1e-3, 2.0),
        steep,
        case("a large step", (3,), 0.1, 1.5),
        case("a 2 by 3 matrix", (2, 3), 1e-3, 0.0, edge=True),
        case("a square matrix", (2, 2), 2e-3, 1.0, edge=True),
        case("three axes, 2 by 1 by 2", (2, 1, 2), 1e-3, -1.0, edge=True),
        case("one entry", (1,), 0.2, 1.0, edge=True),
    ]


def oracle(a: Args) -> Array:
    """The quotient in closed form: c + 2 q x + 3 k x^2 + k h^2 of the cubic, wave cos(sum x) sin(h) / h of the sine."""
    x, h = a["x"], a["h"]
    cubic = a["c"] + 2 * a["q"] * x + 3 * a["k"] * x**2 + a["k"] * h**2
    slope: Array = cubic + a["wave"] * np.cos(np.sum(x)) * np.sin(h) / h
    return slope
