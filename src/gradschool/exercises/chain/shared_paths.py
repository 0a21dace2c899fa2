"""Inputs and oracle of ``chain.shared_paths``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import Axes, an_entry_of_0, has_value, large, large_of_both_signs, of_size, some, tiny

AXES: Axes = {
    "one unit": of_size("x", 1),
    "several units": some(lambda a: len(a["x"]) > 2),
    "an output that does not matter": has_value("g", 0.0),
    "large gradients on both sides of 0": large_of_both_signs(lambda a: a["g"]),
    "a tiny gradient": tiny("g"),
    "an input of 0": has_value("x", 0.0),
    "a large weight": large("W"),
    **an_entry_of_0("W"),
    "a large input": large("x", 10.0),
    "a tiny result": some(lambda a: np.abs(a["g"]).max() < 1e-5),
    "a unit far out, where tanh is flat": some(lambda a: np.abs(a["W"] @ a["x"]) > 3),
}


def cases(rng: Rng) -> list[Case]:
    """One matrix W (n, n) used in both layers, an input x (n,) and g = dL/dy (n,)."""

    def case(name: str, n: int, edge: bool = False) -> Case:
        args = {"W": signed(rng, (n, n), high=1.2), "x": signed(rng, n), "g": signed(rng, n)}
        return Case(name, args, edge=edge)

    uneven = case("4 units, an uneven gradient", 4)
    uneven.args["g"][:] = (0.0, 300.0, 2e-6, -200.0)
    flat = case("a unit far out, an input and a weight of 0", 3, edge=True)
    flat.args["x"][:] = (0.0, 1.0, -1.0)
    flat.args["W"][0], flat.args["W"][1, 2] = (0.5, 2.0, -2.0), 0.0
    steep, far = case("3 units, large weights", 3), case("3 units, a large input and a tiny gradient", 3)
    for scaled, scale in ((steep, 150.0), (far, 1 / 30)):
        scaled.args["W"][:] *= scale
        scaled.args["x"][:] /= scale
    far.args["g"][:] *= 1e-6
    return [case("3 units", 3), uneven, steep, far, flat, case("one unit", 1, edge=True)]


def oracle(a: Args) -> Array:
    """Gradient of L = g . (W tanh(W x)) in W by complex steps."""
    return complex_step(lambda W: a["g"] @ (W @ np.tanh(W @ a["x"])), a["W"])
