"""Inputs and oracle of ``dqn.torch_loss``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.dqn._cases import transition_cases
from gradschool.exercises.dqn._losses import gradient_in_weights, td_loss


def cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    return transition_cases(rng)


def oracle(a: Args) -> dict[str, Any]:
    """The gradient of the loss in W by central differences; nothing at the target network."""
    return {
        "grad_W": gradient_in_weights(a),
        "grad_W_target": np.zeros_like(a["W_target"]),
        "loss": np.array(td_loss(a["W"], a["W_target"], a)),
        "requires_grad_after": np.array([True, True]),
    }
