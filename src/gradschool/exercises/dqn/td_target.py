"""Inputs and oracle of ``dqn.td_target``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import OF_ROW, Otherwise
from gradschool.exercises.axes import (
    Axes,
    all_negative,
    some,
    some_row,
    some_row_without,
    ties,
)
from gradschool.exercises.dqn._cases import target_axes, td_target_cases
from gradschool.exercises.dqn._losses import episode_value

AXES: Axes = {
    **target_axes("q_next", "q_next"),
    "a terminated row": some_row("terminated", without="truncated"),
    "a truncated row": some_row("truncated", without="terminated"),
    "a truncated row where none is terminated": some(lambda a: np.any(a["truncated"]) and not np.any(a["terminated"])),
    "a row with both flags": some_row("terminated", also="truncated"),
    "a row with neither flag": some_row_without("terminated", "truncated"),
    "one row that goes on": some(lambda a: len(a["reward"]) == 1 and not np.any(a["terminated"])),
    "every Q below 0": all_negative("q_next"),
    "every Q above 0, where the step goes on": some(lambda a: np.all(a["q_next"] > 0) and not np.all(a["terminated"])),
    "two best actions": ties("q_next"),
    "gamma between": some(lambda a: 0 < a["gamma"] < 1),
}


def cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""
    return td_target_cases(rng)


def oracle(a: Args) -> Array:
    """Row by row, the worth of one step followed by the best that the target network promises."""
    rows = zip(a["reward"], a["q_next"], a["terminated"], strict=True)
    return np.array([episode_value(r, max(q.tolist()), over, a["gamma"]) for r, q, over in rows])


def otherwise(a: Args) -> Otherwise:
    """Other values of the next state in the place of the best one."""
    return {
        f"what it would be with {words} instead of the largest of the row": lambda of=of: (  # type: ignore[misc]
            a["reward"] + a["gamma"] * ~a["terminated"] * of(a["q_next"])
        )
        for words, of in (*OF_ROW, ("the largest of the whole batch", lambda q: np.full(len(q), q.max())))
    }
