"""Inputs and oracle of ``dqn.epsilon_greedy``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.dqn._cases import distinct_q


def cases(rng: Rng) -> list[Case]:
    """Outputs q (N, A), epsilon, and the dice: u (N,) in [0, 1) and random_action (N,)."""

    def case(name: str, N: int, A: int, epsilon: float, edge: bool = False) -> Case:
        q, u = distinct_q(rng, N, A), rng.random(N)
        u[:2] = (epsilon * 0.5, epsilon + 0.5 * (1 - epsilon)) if 0 < epsilon < 1 else (0.0, 0.5)
        random_action = (q.argmax(axis=1) + rng.integers(1, A, size=N)) % A  # never the greedy one
        return Case(name, {"q": q, "epsilon": epsilon, "u": u, "random_action": random_action}, edge, {"N": N, "A": A})

    return [
        case("epsilon 0.3", 12, 6, 0.3),
        case("epsilon 0.7", 9, 3, 0.7),
        case("epsilon 0, and a die that shows exactly 0", 6, 4, 0.0, edge=True),
        case("epsilon 1", 6, 6, 1.0, edge=True),
    ]


def oracle(a: Args) -> Array:
    """Actions (N,), row by row: the die decides."""
    rows = zip(a["q"], a["u"], a["random_action"], strict=True)
    return np.array([int(dice) if u < a["epsilon"] else q.tolist().index(max(q)) for q, u, dice in rows])
