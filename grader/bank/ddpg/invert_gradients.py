"""Reference, known mistakes and alternative solutions of ``ddpg.invert_gradients``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def inverted(dq_da, action, low, high):
    """Hausknecht & Stone (2016), eq. 11, for the ascent gradient dQ/da."""
    room = np.where(dq_da > 0, high - action, action - low)
    return dq_da * room / (high - low)


invert_gradients = entry("ddpg.invert_gradients", points=3, reference=inverted)


@invert_gradients.mutant(
    "branches-swapped",
    "The two branches are swapped: near a bound your slope fades where it leads away, and stays whole where it "
    "leads into the bound. At the upper bound an upward slope must vanish.",
    "c17",
)
def invert_swapped(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, action - low, high - action) / (high - low)


@invert_gradients.mutant(
    "one-branch",
    "Upward slopes are right; downward ones are scaled by the room above as well. They lead towards low.",
    "c17",
)
def invert_one_branch(dq_da, action, low, high):
    return dq_da * (high - action) / (high - low)


@invert_gradients.mutant(
    "zeroed",
    "The slope is 0 at and beyond the bound that it leads to, and whole everywhere else: that is zeroing. Out there no "
    "slope leads back; inverting changes its sign, and inside the range it shrinks near the bound.",
)
def invert_zeroed(dq_da, action, low, high):
    out = ((action >= high) & (dq_da > 0)) | ((action <= low) & (dq_da < 0))
    return np.where(out, 0.0, dq_da)


@invert_gradients.mutant(
    "clipped-room",
    "Inside the range you are right, beyond it the factor is held between 0 and 1. There it must go *negative* (or above "
    "1 on the way back): the slope is inverted, hence the name.",
)
def invert_clipped(dq_da, action, low, high):
    room = np.where(dq_da > 0, high - action, action - low)
    return dq_da * np.clip(room / (high - low), 0.0, 1.0)


@invert_gradients.mutant(
    "not-normalised", "The room is not divided by the width of the range: at the far bound the factor should be 1."
)
def invert_not_normalised(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, high - action, action - low)


@invert_gradients.mutant(
    "half-width",
    "Twice too large, as when half of the width divides. From bound to bound the factor runs from 1 to 0.",
)
def invert_half_width(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, high - action, action - low) / ((high - low) / 2)


@invert_gradients.mutant(
    "first-range-for-all",
    "The first action dimension is right; in the others the room is measured in the range of the first. low and high have "
    "one entry for each column.",
)
def invert_first_range(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, high[0] - action, action - low[0]) / (high[0] - low[0])


@invert_gradients.mutant(
    "slope-clipped",
    "Right where |dQ/da| is at most 1; larger slopes count as 1, as by np.clip. Only the room scales the slope.",
)
def invert_slope_clipped(dq_da, action, low, high):
    return np.clip(dq_da, -1, 1) * np.where(dq_da > 0, high - action, action - low) / (high - low)


@invert_gradients.alternative_solution
def invert_by_masks(dq_da, action, low, high):
    width = high - low
    up, down = (high - action) / width, (action - low) / width
    return np.maximum(dq_da, 0) * up + np.minimum(dq_da, 0) * down


@invert_gradients.alternative_solution
def invert_on_the_loss(dq_da, action, low, high):
    descent = -dq_da
    share = (action - low) / (high - low)
    return -np.where(descent < 0, descent * (1 - share), descent * share)
