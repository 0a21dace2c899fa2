"""Inputs and oracle of ``dqn.q_values``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """Weights W (S, A) and states s (B,)."""

    def case(name: str, B: int, S: int, A: int, edge: bool = False) -> Case:
        args = {"W": rng.normal(size=(S, A)), "s": rng.integers(S, size=B)}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("4 states, 3 actions", 4, 6, 3),
        case("5 states, 6 actions", 5, 8, 6),
        case("a square W", 3, 4, 4, edge=True),
        case("one state", 1, 5, 3, edge=True),
    ]


def oracle(a: Args) -> Array:
    """The rows (B, A) that torch calls an embedding: a table looked up by id."""
    import torch

    return torch.nn.functional.embedding(torch.tensor(a["s"]), torch.tensor(a["W"])).numpy()
