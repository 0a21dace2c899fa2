"""Inputs and oracle of ``chain.jacobian_product``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import (
    Axes,
    has_value,
    large,
    large_of_both_signs,
    of_size,
    some,
    square,
    tall,
    tiny,
    wide,
)

AXES: Axes = {
    "more weights than outputs": wide("J"),
    "more outputs than weights": tall("J"),
    "square": square("J"),
    "one output": of_size("J", 1),
    "one weight": of_size("J", 1, axis=1),
    "an output that does not matter": has_value("g", 0.0),
    "large on both sides of 0": large_of_both_signs(lambda a: a["g"]),
    "tiny": tiny("g"),
    "a large Jacobian": large("J"),
    "a large gradient where no Jacobian is wide": some(lambda a: np.max(np.abs(a["g"])) > 100 and tall("J")([a])),
    "a tiny Jacobian": some(lambda a: np.max(np.abs(a["J"])) < 1e-6),
    "a tiny result": some(lambda a: np.all(np.abs(a["J"].T @ a["g"]) < 1e-3)),
}


def cases(rng: Rng) -> list[Case]:
    """A Jacobian J = dp/dw (m, n_w) and the gradient g = dL/dp (m,) that arrives at the prediction."""

    def case(name: str, m: int, n_w: int, edge: bool = False) -> Case:
        args = {"J": signed(rng, (m, n_w)), "g": signed(rng, m)}
        return Case(name, args, edge=edge, sizes={"m": m, "n_w": n_w})

    uneven = case("4 outputs, 5 weights, an uneven gradient", 4, 5)
    uneven.args["g"][:] = (0.0, 300.0, 2e-6, -200.0)
    steep = case("3 outputs, 4 weights, a steep Jacobian and a tiny gradient", 3, 4)
    steep.args["J"][:] *= 300.0
    steep.args["g"][:] *= 1e-7
    tall_one, faint = case("more outputs than weights", 4, 2, edge=True), case("one output", 1, 4, edge=True)
    tall_one.args["g"][:] *= 200.0
    faint.args["J"][:] *= 1e-7
    return [
        case("3 outputs, 6 weights", 3, 6),
        uneven,
        steep,
        tall_one,
        case("as many weights as outputs", 3, 3, edge=True),
        faint,
        case("one weight", 3, 1, edge=True),
    ]


def oracle(a: Args) -> Array:
    """dL/dw by complex steps of L(w) = g . (J w), whose Jacobian is J."""
    return complex_step(lambda w: a["g"] @ (a["J"] @ w), np.zeros(a["J"].shape[1]))


def otherwise(a: Args) -> Otherwise:
    """The product without one of several outputs."""
    J, g = a["J"], a["g"]
    return {
        "what all outputs but the last give": lambda: J[:-1].T @ g[:-1] if len(g) > 1 else J.T @ g,
        "what all outputs but the first give": lambda: J[1:].T @ g[1:] if len(g) > 1 else J.T @ g,
        "J with the size of each entry, times `g`": lambda: np.abs(J).T @ g,
    }
