"""Inputs and oracle of ``ddpg.actor_grad_outputs``."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.ddpg._losses import true_gradient, zeros_like_net
from gradschool.exercises.ddpg._setups import actor_critic_cases


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return actor_critic_cases(rng)


def oracle(a: Args) -> dict[str, Any]:
    """The gradient of -mean Q(s, mu(s)); nothing anywhere else."""
    return {
        "actor_gradient": true_gradient(a),
        "actor_grad_field": zeros_like_net(a, "actor"),
        "critic_gradient": zeros_like_net(a, "critic"),
    }
