"""Inputs and oracle of ``ddpg.squash``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, has_value, of_size, some, square, tall, wide
from gradschool.exercises.ddpg._axes import RANGES
from gradschool.exercises.ddpg._setups import squash_cases

AXES: Axes = {
    "one row": of_size("z", 1),
    "one action dimension, several rows": some(lambda a: a["z"].shape[1] == 1 < len(a["z"])),
    "square": square("z"),
    "tall": tall("z"),
    "wide": wide("z"),
    "z at 0": has_value("z", 0.0),
    "far out, upwards": some(lambda a: a["z"] >= 12),
    "far out, downwards": some(lambda a: a["z"] <= -12),
    **RANGES,
    "a wide range": some(lambda a: np.abs(a["low"]) > 20),
}


def cases(rng: Rng) -> list[Case]:
    """z (B, A) from the network, and the range of each action dimension, (A,)."""
    return squash_cases(rng)


def oracle(a: Args) -> Array:
    """By torch: the middle of the range plus half its width times tanh."""
    import torch

    z, low, high = (torch.tensor(a[name]) for name in ("z", "low", "high"))
    return torch.lerp(low.expand_as(z), high.expand_as(z), (torch.tanh(z) + 1) / 2).numpy()
