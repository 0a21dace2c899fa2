"""Inputs and oracle of ``ddpg.critic_target``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import BATCH, FLAGS, GAMMA, RANGES, REWARDS, layouts
from gradschool.exercises.ddpg._losses import targets
from gradschool.exercises.ddpg._setups import GAMMAS, setup_cases
from gradschool.exercises.ordinary import with_ordinary_twins

AXES: Axes = {**BATCH, **FLAGS, **RANGES, **GAMMA, **REWARDS, **layouts("target_actor"), **layouts("target_critic")}


def cases(rng: Rng) -> list[Case]:
    """A batch, both target networks, the range and gamma."""
    drawn = setup_cases(rng, "batch", "target_actor", "target_critic", "low", "high")
    found = [
        Case(c.name, {**c.args, "gamma": gamma}, c.edge, c.sizes, c.rows)
        for c, gamma in zip(drawn, GAMMAS, strict=True)
    ]
    return with_ordinary_twins(found)


def oracle(a: Args) -> Array:
    """Labels (B,) by what the target network promises where the world went on."""
    return targets(a, ["target_critic"], lambda action: action)
