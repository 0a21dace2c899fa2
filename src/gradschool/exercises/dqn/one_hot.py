"""Inputs and oracle of ``dqn.one_hot``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """States s (B,) and the number of states."""

    def case(name: str, B: int, S: int, edge: bool = False) -> Case:
        s = rng.integers(S, size=B)
        s[-1] = s[0]
        return Case(name, {"s": s, "n_states": S}, edge=edge, sizes={"B": B, "S": S})

    return [
        case("4 states of 6", 4, 6),
        case("7 states of 3", 7, 3),
        case("one state", 1, 5, edge=True),
        case("as many samples as states", 4, 4, edge=True),
        Case("the last state", {"s": np.array([4, 0]), "n_states": 5}, edge=True, sizes={"B": 2, "S": 5}),
    ]


def oracle(a: Args) -> Array:
    """The rows (B, n_states) that torch calls one_hot."""
    import torch

    return torch.nn.functional.one_hot(torch.tensor(a["s"]), a["n_states"]).to(torch.float64).numpy()
