"""Inputs and oracle of ``ddpg.action_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import ACTOR_AND_CRITIC
from gradschool.exercises.ddpg._setups import (
    actor_critic_cases,
    squash_oracle,
)
from gradschool.exercises.ddpg.adapters import net_of

AXES: Axes = ACTOR_AND_CRITIC


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return actor_critic_cases(rng)


def oracle(a: Args) -> Array:
    """dQ/da for each sample at a = mu(s) by a complex step of sum Q."""
    obs, critic = a["batch"]["obs"], net_of(a["critic"])
    own = squash_oracle(net_of(a["actor"])(obs), a["low"], a["high"])
    return complex_step(lambda action: critic(np.concatenate([obs, action], axis=1)).sum(), own)
