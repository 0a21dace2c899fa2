"""Inputs and oracle of ``dqn.tabular_step``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.dqn._cases import distinct_q
from gradschool.exercises.dqn._losses import episode_value


def cases(rng: Rng) -> list[Case]:
    """A table Q (S, A), one transition, alpha and gamma."""

    def case(name: str, S: int, A: int, terminated: bool = False, stays: bool = False, edge: bool = False) -> Case:
        state = int(rng.integers(S))
        step = {
            "state": state,
            "action": int(rng.integers(A)),
            "reward": float(rng.normal(scale=3.0)),
            "next_state": state if stays else (state + 1 + int(rng.integers(S - 1))) % S,
            "terminated": terminated,
            "alpha": float(rng.uniform(0.1, 0.6)),
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        return Case(name, {"Q": distinct_q(rng, S, A), **step}, edge=edge, sizes={"A": A})

    return [
        case("4 states, 3 actions", 4, 3),
        case("3 states, 6 actions", 3, 6),
        case("the step that ends the episode", 4, 3, terminated=True, edge=True),
        case("a step against a wall", 4, 4, stays=True, edge=True),
    ]


def oracle(a: Args) -> Array:
    """Q with the entry (s, a) moved by alpha times the way to its target, and nothing else."""
    y = episode_value(a["reward"], max(a["Q"][a["next_state"]].tolist()), a["terminated"], a["gamma"])
    at = np.zeros_like(a["Q"])
    at[a["state"], a["action"]] = 1.0
    moved: Array = a["Q"] + a["alpha"] * at * (y - a["Q"])
    return moved
