"""Inputs and oracle of ``ddpg.critic_target``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ddpg._losses import torch_targets
from gradschool.exercises.ddpg._setups import setup_cases
from gradschool.exercises.ordinary import with_ordinary_twins


def cases(rng: Rng) -> list[Case]:
    """A batch, both target networks, the range and gamma."""
    drawn = setup_cases(rng, "batch", "target_actor", "target_critic", "low", "high")
    return with_ordinary_twins([Case(c.name, {**c.args, "gamma": 0.9}, c.edge, c.sizes, c.rows) for c in drawn])


def oracle(a: Args) -> Array:
    """Labels (B,) by torch, one row at a time: what the target networks promise, where the world went on."""
    return torch_targets(a, ["target_critic"], lambda action, row: action)
