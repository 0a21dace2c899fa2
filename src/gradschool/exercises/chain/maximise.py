"""Inputs and oracle of ``chain.maximise``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """A start a (n,), the parameters phi (n,) of f, a step size and a number of steps."""

    def case(name: str, n: int, steps: int, edge: bool = False) -> Case:
        args = {"a": rng.normal(size=n), "phi": rng.normal(size=n), "lr": float(rng.uniform(0.05, 0.3)), "steps": steps}
        return Case(name, args, edge=edge)

    return [
        case("5 steps in 3 dimensions", 3, 5),
        case("8 steps in 2 dimensions", 2, 8),
        case("one step", 3, 1, edge=True),
        case("no step at all", 2, 0, edge=True),
    ]


def oracle(a: Args) -> tuple[Array, Array]:
    """On the bowl the distance to the top shrinks by 1 - lr a step; phi stays where it was."""
    return a["phi"] + (1 - a["lr"]) ** a["steps"] * (a["a"] - a["phi"]), a["phi"]
