"""Inputs and oracle of ``ddpg.invert_gradients``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ddpg._setups import limits


def cases(rng: Rng) -> list[Case]:
    """dQ/da (B, A), the actions it was taken at (some beyond the bounds), and the range."""

    def case(name: str, B: int, A: int, at: float | None = None, edge: bool = False) -> Case:
        low, high = limits(rng, A)
        share = rng.uniform(-0.2, 1.2, size=(B, A)) if at is None else np.full((B, A), at)
        g = rng.uniform(0.5, 2.0, size=(B, A)) * np.where(np.arange(B * A).reshape(B, A) % 2, -1.0, 1.0)
        args = {"dq_da": g, "action": low + share * (high - low), "low": low, "high": high}
        return Case(name, args, edge, {"B": B, "A": A} if A > 1 else {})

    return [
        case("4 samples, 3 action dimensions", 4, 3),
        case("5 samples, 2 action dimensions", 5, 2),
        case("at the upper wall", 2, 3, at=1.0, edge=True),
        case("beyond the upper wall", 2, 2, at=1.25, edge=True),
        case("in the middle", 3, 1, at=0.5, edge=True),
    ]


def oracle(a: Args) -> Array:
    """One entry at a time: the straight line that is 1 at the far wall and 0 at the wall that is being approached."""
    out: Array = np.empty_like(a["dq_da"])
    for i, j in np.ndindex(out.shape):
        wall, far = (a["high"][j], a["low"][j]) if a["dq_da"][i, j] > 0 else (a["low"][j], a["high"][j])
        out[i, j] = a["dq_da"][i, j] * (a["action"][i, j] - wall) / (far - wall)
    return out
