"""Chapter 2: inputs that several exercises share.

None is degenerate: repeated states, Q that is not 0 where an episode ends, a row terminated, one only truncated, one
both, and two networks that disagree about the best action.
"""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ordinary import with_ordinary_twins


def distinct_q(rng: Rng, B: int, A: int) -> Array:
    """Outputs (B, A), in each row far enough apart that a small step never changes the best action."""
    return np.stack([rng.permutation(A) for _ in range(B)]) * 1.5 - 4.0 + rng.uniform(-0.3, 0.3, size=(B, A))


def td_target_cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""

    def case(name: str, B: int, A: int, edge: bool = False, shift: float = 0.0) -> Case:
        terminated, truncated = flags(B)
        args = {
            "reward": rng.choice([-1.0, -10.0, 20.0], size=B) + rng.normal(size=B),
            "q_next": distinct_q(rng, B, A) + shift,
            "terminated": terminated,
            "truncated": truncated,
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        rows = {"terminated": terminated, "only truncated": truncated & ~terminated}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A}, rows=rows)

    drawn = [
        case("a batch of 5, 6 actions", 5, 6),
        case("a batch of 8, 3 actions", 8, 3),
        case("as many samples as actions", 5, 5, edge=True),
        case("every Q far below 0", 5, 4, edge=True, shift=-20.0),
        case("one sample, terminated", 1, 3, edge=True),
    ]
    return with_ordinary_twins(drawn)


def flags(B: int) -> tuple[Array, Array]:
    """Terminated (B,) and truncated (B,): row 0 terminated, row 1 only truncated, row 2 both."""
    return np.arange(B) % 5 % 2 == 0, np.isin(np.arange(B) % 5, (1, 2))


def output_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""

    def case(name: str, B: int, A: int, edge: bool = False) -> Case:
        args = {
            "q": distinct_q(rng, B, A),
            "action": rng.integers(A, size=B),
            "y": rng.normal(scale=3.0, size=B),
        }
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("a batch of 4, 6 actions", 4, 6),
        case("a batch of 5, 3 actions", 5, 3),
        case("as many samples as actions", 3, 3, edge=True),
        case("one sample", 1, 4, edge=True),
    ]


def transition_cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""

    def case(name: str, B: int, S: int, A: int, edge: bool = False, loops: bool = False) -> Case:
        state, next_state = rng.integers(S, size=B), rng.integers(S, size=B)
        if B > 2:
            state[2], next_state[3] = state[0], state[0]  # a state twice, and one that is also a next state
        if loops:
            next_state = state.copy()
        W, W_target = distinct_q(rng, S, A), distinct_q(rng, S, A)
        same = W.argmax(axis=1) == W_target.argmax(axis=1)
        W_target[same] = np.roll(W_target[same], 1, axis=1)
        args = {
            "W": W,
            "W_target": W_target,
            "state": state,
            "action": rng.integers(A, size=B),
            "reward": rng.normal(scale=3.0, size=B),
            "next_state": next_state,
            "terminated": np.arange(B) % 3 == 1,
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    drawn = [
        case("7 samples, 5 states, 3 actions", 7, 5, 3),
        case("5 samples, 4 states, 6 actions", 5, 4, 6),
        case("every step leads back to where it began", 4, 3, 3, edge=True, loops=True),
        case("one sample", 1, 3, 2, edge=True),
    ]
    return with_ordinary_twins(drawn)
