"""Inputs and oracle of ``ddpg.actor_loss_surrogate``."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import ACTOR_AND_CRITIC, CURVED
from gradschool.exercises.ddpg._losses import nothing_in_grad, state_before, true_gradient
from gradschool.exercises.ddpg._other_slopes import gradients_otherwise
from gradschool.exercises.ddpg._setups import actor_critic_cases, with_a_curved_critic

AXES: Axes = {**ACTOR_AND_CRITIC, **CURVED}


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return with_a_curved_critic(actor_critic_cases(rng))


def oracle(a: Args) -> dict[str, Any]:
    """The gradient of -mean Q(s, mu(s)); nothing for the critic, and everything else as before."""
    return {
        "actor_gradient": true_gradient(a),
        "critic_gradient": nothing_in_grad(a, "critic"),
        **state_before(a),
    }


def otherwise(a: Args) -> Otherwise:
    """The gradient along other slopes than dQ/da at the actor's own actions."""
    return gradients_otherwise(a)
