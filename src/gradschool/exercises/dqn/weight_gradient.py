"""Inputs and oracle of ``dqn.weight_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.ordinary import with_ordinary_twins


def cases(rng: Rng) -> list[Case]:
    """States (B,) with repeats, the gradient at the outputs g (B, A), and the number of states."""

    def case(name: str, state: list[int], S: int, A: int, edge: bool = False) -> Case:
        B = len(state)
        args = {"state": np.array(state), "g": rng.normal(size=(B, A)), "n_states": S}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    drawn = [
        case("6 samples, one state twice", [4, 1, 0, 4, 2, 7], 9, 3),
        case("5 samples, one state three times", [2, 2, 0, 2, 3], 5, 6),
        case("the same state every time", [1, 1, 1, 1], 3, 3, edge=True),
        case("one sample", [3], 4, 2, edge=True),
        case("as many samples as states and actions", [2, 0, 2], 3, 3, edge=True),
    ]
    return with_ordinary_twins(drawn)


def oracle(a: Args) -> Array:
    """dL/dW (n_states, A) by central differences of L = sum_b g_b . W[state_b]."""

    def loss(W: Array) -> float:
        return sum(float(g @ W[s]) for s, g in zip(a["state"], a["g"], strict=True))

    return central_differences(loss, np.zeros((a["n_states"], a["g"].shape[1])))
