"""Inputs and oracle of ``dqn.residual_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, some
from gradschool.exercises.dqn._cases import nearly_tied
from gradschool.exercises.dqn._losses import gradient_in_weights
from gradschool.exercises.dqn._transitions import (
    TRANSITION_AXES,
    a_tiny_error,
    already_right,
    transition_cases,
    zero_beside_others,
)

AXES: Axes = {
    **TRANSITION_AXES,
    "zero error beside others": zero_beside_others("W"),
    "a tiny error": a_tiny_error("W"),
    "a best next action that is hardly the best": some(
        lambda a: nearly_tied(a["W"][a["next_state"]]) & ~a["terminated"]
    ),
}


def cases(rng: Rng) -> list[Case]:
    """One network (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    right = already_right(rng, "W", "one sample right already")
    return [
        Case(c.name, {k: v for k, v in c.args.items() if k != "W_target"}, c.edge, c.sizes)
        for c in [*transition_cases(rng), right]
    ]


def oracle(a: Args) -> Array:
    """dL/dW (S, A) by complex steps, where the target moves with W."""
    return gradient_in_weights(a, target_moves=True)


def otherwise(a: Args) -> Otherwise:
    """Gradients whose path through the target arrives at another action, or has another factor."""
    W, s, n, keep = a["W"], a["state"], a["next_state"], a["gamma"] * (1.0 - a["terminated"])
    rows, best = np.arange(len(s)), W[n].argmax(axis=1)
    delta = (W[s, a["action"]] - a["reward"] - keep * W[n, best]) / len(s)

    def both(at: Array, column: Array, back: Array) -> Array:
        g: Array = np.zeros_like(W)
        np.add.at(g, (s, a["action"]), delta)
        np.add.at(g, (at, column), -back)
        return g

    ways = {
        "arrived at the best action of `state`, in `next_state`": (n, W[s].argmax(axis=1), keep * delta),
        "arrived at the action taken, in `next_state`": (n, a["action"], keep * delta),
        "arrived at the best action of `next_state`, in `state`": (s, best, keep * delta),
        "arrived at the worst action of `next_state`": (n, W[n].argmin(axis=1), keep * delta),
        "had no gamma": (n, best, (keep > 0) * delta),
        "had gamma squared": (n, best, keep**2 * delta),
        "had half of its size": (n, best, keep * delta / 2),
        "had the other sign": (n, best, -keep * delta),
        "were not masked where the episode ends": (n, best, a["gamma"] * delta),
        "counted for rows with a positive error alone": (n, best, keep * np.maximum(delta, 0)),
        "counted for the first row alone": (n, best, keep * delta * (rows == 0)),
    }
    return {
        f"what it would be if the path through the target {words}": lambda way=way: both(*way)  # type: ignore[misc]
        for words, way in ways.items()
    }
