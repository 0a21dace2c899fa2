"""Inputs and oracle of ``dqn.q_values``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import Axes, has_value, large, of_size, repeats, short, some, square, tall, tiny, wide

AXES: Axes = {
    "more states than actions": tall("W"),
    "more actions than states": wide("W"),
    "square": square("W"),
    "one sample": of_size("s", 1),
    "one action": of_size("W", 1, axis=1),
    "one state": of_size("W", 1),
    "a state twice": repeats("s"),
    "the first state": has_value("s", 0),
    "the last state": some(lambda a: (a["s"] == len(a["W"]) - 1) & (len(a["W"]) > 1)),
    "as many samples as states, in another order": some(
        lambda a: len(a["s"]) == len(a["W"]) > 1 and not np.array_equal(a["s"], np.arange(len(a["s"])))
    ),
    "a weight below 0": some(lambda a: a["W"][a["s"]] < 0),
    "a large weight": large("W"),
    "a tiny weight": tiny("W"),
    "a weight of 0 in a state that is asked for": some(lambda a: a["W"][a["s"]] == 0),
    "a short answer": short(lambda a: a["W"][a["s"]]),
}


def cases(rng: Rng) -> list[Case]:
    """Weights W (S, A) and states s (B,)."""

    def case(name: str, s: list[int], S: int, A: int, edge: bool = False, scale: float = 1.0) -> Case:
        args = {"W": scale * signed(rng, (S, A)), "s": np.array(s)}
        return Case(name, args, edge=edge, sizes={"B": len(s), "A": A})

    uneven = case("5 samples, 6 actions, uneven weights", [7, 2, 4, 2, 1], 8, 6)
    uneven.args["W"][2, :2] = (300.0, -2e-6)
    square_one = case("a square W, a weight of 0", [2, 0, 3, 1], 4, 4, edge=True)
    square_one.args["W"][3, 1] = 0.0
    return [
        case("4 samples, 3 actions", [3, 5, 0, 3], 6, 3),
        uneven,
        square_one,
        case("more actions than states", [1, 0, 1], 2, 5, edge=True),
        case("one sample, small weights", [2], 5, 3, edge=True, scale=0.1),
        case("one action", [2, 0], 3, 1, edge=True),
        case("one state", [0, 0], 1, 3, edge=True),
    ]


def oracle(a: Args) -> Array:
    """The rows (B, A) of the table that belong to the ids."""
    found: Array = np.take(a["W"], a["s"], axis=0)
    return found
