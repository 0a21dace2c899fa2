"""Inputs and oracle of ``ddpg.twin_target``."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ddpg._losses import torch_targets
from gradschool.exercises.ddpg._setups import setup_cases
from gradschool.exercises.ordinary import with_ordinary_twins


def cases(rng: Rng) -> list[Case]:
    """A batch, the target actor, two target critics, and smoothing noise (B, A), some of it beyond its clip (A,)."""
    names = ("batch", "target_actor", "target_critic", "target_critic_2", "low", "high")
    drawn = setup_cases(rng, *names)
    noisy = [Case(c.name, {**c.args, **noise_for(rng, c.args)}, c.edge, c.sizes, c.rows) for c in drawn]
    return with_ordinary_twins(noisy)


def noise_for(rng: Rng, a: Args) -> dict[str, Any]:
    """Gamma, noise of the size of its clip, and the clip."""
    clip = 0.25 * (a["high"] - a["low"])
    return {"gamma": 0.9, "noise": rng.normal(size=a["batch"]["action"].shape) * 1.5 * clip, "noise_clip": clip}


def oracle(a: Args) -> Array:
    """By torch: the smaller promise at the jittered action, both the jitter and the action kept in range."""
    import torch

    low, high, noise, clip = (torch.tensor(a[name]) for name in ("low", "high", "noise", "noise_clip"))

    def move(action: Any, row: int) -> Any:
        return torch.clamp(action + torch.clamp(noise[row], -clip, clip), low, high)

    return torch_targets(a, ["target_critic", "target_critic_2"], move)
