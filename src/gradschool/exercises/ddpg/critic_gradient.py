"""Inputs and oracle of ``ddpg.critic_gradient``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises.ddpg._setups import setup_cases
from gradschool.exercises.ddpg.adapters import net_of
from gradschool.rl.nets.mlp import MLP


def cases(rng: Rng) -> list[Case]:
    """A critic, a batch, and the labels y (B,)."""
    drawn = setup_cases(rng, "critic", "batch")
    labels = [rng.normal(size=len(c.args["batch"]["reward"])) for c in drawn]
    return [Case(c.name, {**c.args, "y": y}, c.edge, c.sizes) for c, y in zip(drawn, labels, strict=True)]


def oracle(a: Args) -> Array:
    """Gradient of L = 1/(2B) sum (Q(s, a) - y)^2 in the critic's parameters by a complex step."""
    x = np.concatenate([a["batch"]["obs"], a["batch"]["action"]], axis=1)

    def loss(flat: Array) -> Any:
        error = MLP(net_of(a["critic"]).sizes, flat=flat)(x)[:, 0] - a["y"]
        return 0.5 * np.sum(error**2) / len(x)

    return complex_step(loss, a["critic"]["flat"])
