"""Inputs and oracle of ``ddpg.polyak``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import Axes, an_entry_of_0, has_value, large, of_size, several, some, tiny

AXES: Axes = {
    "several tau": several("tau"),
    "tau 0": has_value("tau", 0.0),
    "tau 1": has_value("tau", 1.0),
    "the usual small tau": some(lambda a: 0 < a["tau"] < 0.01),
    "a large tau, below 1": some(lambda a: 0.5 < a["tau"] < 1),
    "one parameter": of_size("target", 1),
    "large parameters": large("target"),
    "small parameters": tiny("target"),
    **an_entry_of_0("target", "online"),
}


def cases(rng: Rng) -> list[Case]:
    """Two flat parameter arrays (n,) and tau."""

    def case(name: str, n: int, tau: float, edge: bool = False, scale: float = 1.0) -> Case:
        args = {"target": scale * signed(rng, n), "online": scale * signed(rng, n), "tau": tau}
        return Case(name, args, edge)

    zero = case("tau 0.3, a parameter of 0 in each", 4, 0.3, edge=True)
    zero.args["target"][0], zero.args["online"][1] = 0.0, 0.0
    return [
        case("tau 0.1", 5, 0.1),
        case("tau 0.005", 8, 0.005),
        case("large parameters, tau 0.7", 6, 0.7, scale=1e3),
        case("tau 0: the target does not move", 4, 0.0, edge=True),
        case("tau 1: the target is the online network", 4, 1.0, edge=True),
        case("one parameter, and a small one", 1, 0.4, edge=True, scale=1e-4),
        zero,
    ]


def oracle(a: Args) -> Array:
    """The weighted average (n,) of the two arrays of parameters."""
    return np.asarray(np.average([a["target"], a["online"]], axis=0, weights=[1.0 - a["tau"], a["tau"]]))
