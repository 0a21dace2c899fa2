"""Inputs and oracle of ``ddpg.polyak``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """Two flat parameter arrays (n,) and tau."""

    def case(name: str, n: int, tau: float, edge: bool = False) -> Case:
        return Case(name, {"target": rng.normal(size=n), "online": rng.normal(size=n), "tau": tau}, edge)

    return [
        case("tau 0.1", 5, 0.1),
        case("tau 0.03", 8, 0.03),
        case("tau 0: nobody moves", 4, 0.0, edge=True),
        case("tau 1: the target is the online network", 4, 1.0, edge=True),
    ]


def oracle(a: Args) -> Array:
    """The step from target to online, (n,), by torch.lerp."""
    import torch

    return torch.lerp(torch.tensor(a["target"]), torch.tensor(a["online"]), a["tau"]).numpy()
