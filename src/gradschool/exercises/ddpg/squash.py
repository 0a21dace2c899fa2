"""Inputs and oracle of ``ddpg.squash``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ddpg._setups import squash_cases


def cases(rng: Rng) -> list[Case]:
    """z (B, A) from the network, and the range of each action dimension, (A,)."""
    return squash_cases(rng)


def oracle(a: Args) -> Array:
    """By torch: the middle of the range plus half its width times tanh."""
    import torch

    z, low, high = (torch.tensor(a[name]) for name in ("z", "low", "high"))
    return torch.lerp(low.expand_as(z), high.expand_as(z), (torch.tanh(z) + 1) / 2).numpy()
