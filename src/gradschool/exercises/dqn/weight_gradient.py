"""Inputs and oracle of ``dqn.weight_gradient``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import (
    Axes,
    has_value,
    large_of_both_signs,
    of_size,
    repeats,
    short,
    some,
    square,
    tall,
    tiny,
    wide,
)
from gradschool.exercises.ordinary import with_ordinary_twins

AXES: Axes = {
    "more samples than actions": tall("g"),
    "more actions than samples": wide("g"),
    "square": square("g"),
    "as many samples, states and actions": some(lambda a: np.shape(a["g"]) == (a["n_states"], a["n_states"])),
    "one sample": of_size("state", 1),
    "one action": of_size("g", 1, axis=1),
    "one state": has_value("n_states", 1),
    "a state twice": repeats("state"),
    "a sample twice, its gradient too": some(
        lambda a: len(np.unique(np.c_[a["state"], a["g"]], axis=0)) < len(a["state"]) and np.all(a["g"] != 0)
    ),
    "a state three times": some(lambda a: np.bincount(a["state"]) >= 3),
    "every state the same": some(lambda a: len(a["state"]) > 1 and len(set(a["state"])) == 1),
    "a state that is not in the batch": some(lambda a: len(set(a["state"])) < a["n_states"]),
    "the first state": has_value("state", 0),
    "the last state": some(lambda a: a["state"] == a["n_states"] - 1),
    "the last state missing": some(lambda a: max(a["state"]) < a["n_states"] - 1),
    "a sample whose gradient is 0": some(lambda a: np.all(a["g"] == 0, axis=1)),
    "large gradients on both sides of 0": large_of_both_signs(lambda a: a["g"]),
    "a tiny gradient": tiny("g"),
    "a short answer": short(lambda a: a["g"]),
}


def cases(rng: Rng) -> list[Case]:
    """States (B,) with repeats, the gradient at the outputs g (B, A), and the number of states."""

    def case(name: str, state: list[int], S: int, A: int, edge: bool = False, scale: float = 1.0) -> Case:
        B = len(state)
        args = {"state": np.array(state), "g": scale * signed(rng, (B, A)), "n_states": S}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    uneven = case("5 samples, one state three times", [2, 2, 0, 2, 4], 5, 6)
    uneven.args["g"][0, :3], uneven.args["g"][2] = (300.0, 2e-6, -200.0), 0.0
    same = case("the same state every time, one sample twice", [1, 1, 1, 1], 3, 3, edge=True)
    same.args["g"][3] = same.args["g"][0]
    drawn = [
        case("6 samples, one state twice", [4, 1, 0, 4, 2, 7], 9, 3),
        uneven,
        same,
        case("one sample, a small gradient", [3], 4, 2, edge=True, scale=0.2),
        case("as many samples as states and actions", [2, 0, 2], 3, 3, edge=True),
        case("one action", [1, 3, 1], 4, 1, edge=True),
        case("one state", [0, 0], 1, 2, edge=True),
    ]
    return with_ordinary_twins(drawn)


def oracle(a: Args) -> Array:
    """dL/dW (n_states, A) by complex steps of L = sum_b g_b . W[state_b]."""

    def loss(W: Array) -> Any:
        return sum(g @ W[s] for s, g in zip(a["state"], a["g"], strict=True))

    return complex_step(loss, np.zeros((a["n_states"], a["g"].shape[1])))


def otherwise(a: Args) -> Otherwise:
    """What a table of whole numbers holds."""

    def whole() -> Array:
        out = np.zeros((a["n_states"], a["g"].shape[1]))
        for s, row in zip(a["state"], a["g"], strict=True):
            out[s] = np.trunc(out[s] + row)
        return out

    return {"what a table of whole numbers holds, which cuts off the decimals of each sum": whole}
