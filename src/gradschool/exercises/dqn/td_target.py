"""Inputs and oracle of ``dqn.td_target``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.dqn._cases import td_target_cases
from gradschool.exercises.dqn._losses import episode_value


def cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""
    return td_target_cases(rng)


def oracle(a: Args) -> Array:
    """Row by row, the worth of one step followed by the best that the target network promises."""
    rows = zip(a["reward"], a["q_next"], a["terminated"], strict=True)
    return np.array([episode_value(r, max(q.tolist()), over, a["gamma"]) for r, q, over in rows])
