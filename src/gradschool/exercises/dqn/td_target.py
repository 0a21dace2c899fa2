"""Inputs and oracle of ``dqn.td_target``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import (
    Axes,
    all_negative,
    has_value,
    large,
    of_size,
    some,
    some_row,
    some_row_without,
    square,
    tall,
    ties,
    wide,
)
from gradschool.exercises.dqn._cases import td_target_cases
from gradschool.exercises.dqn._losses import episode_value

AXES: Axes = {
    "a terminated row": some_row("terminated", without="truncated"),
    "a truncated row": some_row("truncated", without="terminated"),
    "a row with both flags": some_row("terminated", also="truncated"),
    "a row with neither flag": some_row_without("terminated", "truncated"),
    "square": square("q_next"),
    "tall": tall("q_next"),
    "wide": wide("q_next"),
    "one row": of_size("reward", 1),
    "one action": of_size("q_next", 1, axis=1),
    "one row that goes on": some(lambda a: len(a["reward"]) == 1 and not np.any(a["terminated"])),
    "every Q below 0": all_negative("q_next"),
    "two best actions": ties("q_next"),
    "gamma 0": has_value("gamma", 0.0),
    "gamma 1": has_value("gamma", 1.0),
    "gamma between": some(lambda a: 0 < a["gamma"] < 1),
    "rewards of both signs": some(lambda a: np.any(a["reward"] > 0) and np.any(a["reward"] < 0)),
    "a large reward": large("reward"),
    "a large Q": large("q_next"),
}


def cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""
    return td_target_cases(rng)


def oracle(a: Args) -> Array:
    """Row by row, the worth of one step followed by the best that the target network promises."""
    rows = zip(a["reward"], a["q_next"], a["terminated"], strict=True)
    return np.array([episode_value(r, max(q.tolist()), over, a["gamma"]) for r, q, over in rows])
