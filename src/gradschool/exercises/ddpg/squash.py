"""Inputs and oracle of ``ddpg.squash``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import FOR_TANH, Otherwise
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
    "far out, towards a bound at 0": some(lambda a: (a["z"] <= -9) & (a["low"] == 0)),
    **RANGES,
    "a wide range": some(lambda a: np.abs(a["low"]) > 20),
}


def cases(rng: Rng) -> list[Case]:
    """z (B, A) from the network, and the range of each action dimension, (A,)."""
    return squash_cases(rng)


def oracle(a: Args) -> Array:
    """By interpolation: tanh(z) runs from -1, where the action is low, to 1, where it is high."""
    columns = zip(np.tanh(a["z"]).T, a["low"], a["high"], strict=True)
    return np.stack([np.interp(t, (-1.0, 1.0), (low, high)) for t, low, high in columns], axis=1)


def otherwise(a: Args) -> Otherwise:
    """Other functions in the place of tanh, and other lengths in the place of half the width."""
    z, low, high = a["z"], a["low"], a["high"]
    middle, half, most = (low + high) / 2, (high - low) / 2, np.maximum(np.abs(low), np.abs(high))
    found: Otherwise = {
        f"what it would be with {words} instead of tanh(z)": lambda f=f: middle + half * f(z)  # type: ignore[misc]
        for words, f, _ in FOR_TANH
    }
    return found | {
        "tanh(z) times the larger of |`low`| and |`high`|, kept within the range": lambda: np.clip(
            most * np.tanh(z), low, high
        ),
        "tanh(z) times the larger of |`low`| and |`high`|": lambda: most * np.tanh(z),
        "tanh(z) times `high`, kept within the range": lambda: np.clip(high * np.tanh(z), low, high),
        "z kept within the range": lambda: np.clip(z, low, high),
    }
