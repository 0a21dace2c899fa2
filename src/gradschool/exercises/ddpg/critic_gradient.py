"""Inputs and oracle of ``ddpg.critic_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise, with_a_penalty
from gradschool.exercises.axes import Axes, an_entry_of_0, large, some
from gradschool.exercises.ddpg._axes import BATCH, layouts
from gradschool.exercises.ddpg._losses import outputs
from gradschool.exercises.ddpg._setups import STEEP, setup_cases
from gradschool.exercises.ddpg.adapters import net_of

AXES: Axes = {
    **BATCH,
    **layouts("critic"),
    "zero error in one row of several": some(lambda a: (a["y"] == values(a)) & (len(a["y"]) > 1)),
    "a large label": large("y"),
    **an_entry_of_0("y"),
    "a tiny error, and no other": some(lambda a: 0 < np.max(np.abs(values(a) - a["y"])) < 1e-3),
    "an error of ordinary size": some(lambda a: (np.abs(values(a) - a["y"]) < 3) & (values(a) != a["y"])),
}


def cases(rng: Rng) -> list[Case]:
    """A critic, a batch, and the labels y (B,); one is exactly right already, one nearly, and some are far off."""
    drawn = setup_cases(rng, "critic", "batch")
    labels = [signed(rng, len(c.args["batch"]["reward"])) for c in drawn]
    labels[3][0], labels[3][1] = values(drawn[3].args)[0], 0.0
    labels[4] = values(drawn[4].args) - 1e-4
    labels[2] += np.where(np.arange(len(labels[2])) % 2, STEEP, -STEEP)
    return [Case(c.name, {**c.args, "y": y}, c.edge, c.sizes, c.rows) for c, y in zip(drawn, labels, strict=True)]


def values(a: Args) -> Array:
    """Q(s, a) of the batch, (B,)."""
    return net_of(a["critic"])(np.concatenate([a["batch"]["obs"], a["batch"]["action"]], axis=1))[:, 0]


def oracle(a: Args) -> Array:
    """Gradient of L = 1/(2B) sum (Q(s, a) - y)^2 in the critic's parameters by complex steps."""
    x = np.concatenate([a["batch"]["obs"], a["batch"]["action"]], axis=1)

    def losses(flats: Array) -> Array:
        errors = outputs(a["critic"]["sizes"], flats, x)[:, :, 0] - a["y"]
        return np.asarray(0.5 * np.sum(errors**2, axis=1) / len(x))

    return complex_step_at_once(losses, a["critic"]["flat"])


def otherwise(a: Args) -> Otherwise:
    """The gradient of the loss and of a penalty on the weights."""
    critic, x = net_of(a["critic"]), np.concatenate([a["batch"]["obs"], a["batch"]["action"]], axis=1)
    q, cache = critic.forward(x)
    return with_a_penalty(critic.vjp(cache, (q - a["y"][:, None]) / len(x))[0], critic.flat, "`critic`")
