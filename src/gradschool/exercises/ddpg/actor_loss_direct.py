"""Inputs and oracle of ``ddpg.actor_loss_direct``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import ACTOR_AND_CRITIC, CURVED
from gradschool.exercises.ddpg._losses import direct_losses, nothing_in_grad, state_before, true_gradient
from gradschool.exercises.ddpg._other_slopes import gradients_otherwise, other_actions
from gradschool.exercises.ddpg._setups import actor_critic_cases, values_at, with_a_curved_critic

AXES: Axes = {**ACTOR_AND_CRITIC, **CURVED}


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return with_a_curved_critic(actor_critic_cases(rng))


def oracle(a: Args) -> dict[str, Any]:
    """-mean Q(s, mu(s)) and its gradient; nothing in any ``.grad`` yet, and everything else as before."""
    return {
        "loss": np.array(direct_losses(a, a["actor"]["flat"][None])[0]),
        "actor_gradient": true_gradient(a),
        "actor_grad_field": nothing_in_grad(a, "actor"),
        "critic_gradient": nothing_in_grad(a, "critic"),
        **state_before(a),
    }


def otherwise(a: Args) -> Otherwise:
    """The gradient along other slopes than dQ/da at the actor's own actions, and the loss at other actions."""
    return gradients_otherwise(a) | {
        f"what it would be at {words} instead of the actor's own": lambda at=at: {
            "loss": np.array(-values_at(a, at).mean())
        }
        for words, at in other_actions(a).items()
    }
