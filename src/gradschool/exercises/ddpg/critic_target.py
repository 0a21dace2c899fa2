"""Inputs and oracle of ``ddpg.critic_target``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import BATCH, FLAGS, GAMMA, RANGES, REWARDS, layouts
from gradschool.exercises.ddpg._losses import targets
from gradschool.exercises.ddpg._setups import GAMMAS, setup_cases, squash_oracle
from gradschool.exercises.ddpg.adapters import net_of
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


def otherwise(a: Args) -> Otherwise:
    """Labels of a critic that is given its two inputs in the other order, or another action."""
    z, obs, low, high = net_of(a["target_actor"])(a["batch"]["next_obs"]), a["batch"]["next_obs"], a["low"], a["high"]
    action, future = squash_oracle(z, low, high), a["gamma"] * (a["batch"]["terminated"] == 0)

    def label(*inputs: Array) -> Array:
        q = net_of(a["target_critic"])(np.concatenate(inputs, axis=1))[:, 0]
        return np.asarray(a["batch"]["reward"] + future * q)

    actions = {
        "the target actor's output, cut off at the range instead of squashed into it": np.clip(z, low, high),
        "the target actor's output as it is, not squashed": z,
        "the tanh of the target actor's output, not scaled to the range": np.tanh(z),
        "`high` times the tanh of the target actor's output": high * np.tanh(z),
        "half of the width times the tanh of the target actor's output, without the middle of the range": (
            (high - low) / 2 * np.tanh(z)
        ),
        "the squash of an action that is squashed already": squash_oracle(action, low, high),
        "an action of 0": np.zeros_like(z),
    }
    found: Otherwise = {
        "what it would be with the action before the observation in the critic's input": lambda: label(action, obs)
    }
    return found | {
        f"what it would be with {words} as the action at s'": lambda other=other: label(obs, other)
        for words, other in actions.items()
    }
