"""Inputs and oracle of ``dqn.torch_loss``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.axes import Axes, ties
from gradschool.exercises.dqn._losses import gradient_in_weights, td_losses
from gradschool.exercises.dqn._transitions import (
    TRANSITION_AXES,
    a_tiny_error,
    already_right,
    transition_cases,
    zero_beside_others,
)
from gradschool.exercises.dqn.adapters import torch_loss_setup, torch_loss_state

AXES: Axes = {
    **TRANSITION_AXES,
    "two best actions at a next state": ties("W_target"),
    "zero error beside others": zero_beside_others("W_target"),
    "a tiny error": a_tiny_error("W_target"),
}


def cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    tied = already_right(rng, "W_target", "two best actions at every next state, one sample right")
    best = tied.args["W_target"].max(axis=1, keepdims=True)
    tied.args["W_target"][:, :2] = best
    return [*transition_cases(rng), tied]


def oracle(a: Args) -> dict[str, Any]:
    """The gradient of the loss in W by complex steps; nothing at the target network, all else as before."""
    return {
        "grad_W": gradient_in_weights(a),
        "grad_W_target": np.zeros_like(a["W_target"]),
        "loss": np.array(td_losses(a["W"][None], a["W_target"][None], a)[0]),
        **torch_loss_state(*torch_loss_setup(a)),
    }
