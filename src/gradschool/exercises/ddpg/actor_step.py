"""Inputs and oracle of ``ddpg.actor_step``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.ddpg._losses import direct_gradient, zeros_like_net
from gradschool.exercises.ddpg._setups import actor_critic_cases
from gradschool.exercises.ddpg.adapters import STEP_SIZE, net_of


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return actor_critic_cases(rng)


def oracle(a: Args) -> dict[str, Any]:
    """theta - lr dL/dtheta, twice; the critic exactly as it was, with nothing in .grad and every flag still up."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    sizes = net_of(a["actor"]).sizes
    flats = [a["actor"]["flat"]]
    for _ in range(2):
        flats.append(flats[-1] - STEP_SIZE * direct_gradient(a, flats[-1]))
    up = {which: np.ones(2 * (len(a[which]["sizes"]) - 1), dtype=bool) for which in ("actor", "critic")}
    return {
        "actor_after": layer_arrays(flats[1], sizes),
        "actor_after_2_steps": layer_arrays(flats[2], sizes),
        "critic_weights": layer_arrays(a["critic"]["flat"].copy(), net_of(a["critic"]).sizes),
        "critic_gradient": zeros_like_net(a, "critic"),
        "critic_requires_grad": up["critic"],
        "actor_requires_grad": up["actor"],
    }
