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
    "You brake when leaving a wall and not when running into it: at the upper wall an upward slope must vanish. The two "
    "branches have changed places.",
    "c17",
)
def invert_swapped(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, action - low, high - action) / (high - low)


@invert_gradients.mutant(
    "one-branch", "Upward slopes are right; downward ones use the room above as well. They run towards low.", "c17"
)
def invert_one_branch(dq_da, action, low, high):
    return dq_da * (high - action) / (high - low)


@invert_gradients.mutant(
    "zeroed",
    "You cut the slope to 0 beyond the wall and leave it whole inside: that is zeroing. An actor that is outside then gets "
    "no word about the way back; inverting turns the slope round there.",
)
def invert_zeroed(dq_da, action, low, high):
    out = ((action >= high) & (dq_da > 0)) | ((action <= low) & (dq_da < 0))
    return np.where(out, 0.0, dq_da)


@invert_gradients.mutant(
    "clipped-room",
    "Inside the range you are right, outside you stop at 0. Beyond the wall the factor must go *negative*: the slope is "
    "inverted there, hence the name.",
)
def invert_clipped(dq_da, action, low, high):
    room = np.where(dq_da > 0, high - action, action - low)
    return dq_da * np.clip(room / (high - low), 0.0, 1.0)


@invert_gradients.mutant(
    "not-normalised", "The room is not divided by the width of the range: far from the wall the factor should be 1."
)
def invert_not_normalised(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, high - action, action - low)


@invert_gradients.mutant(
    "half-width",
    "Twice too large: you divide the room by half the width. From wall to wall the factor runs from 1 to 0.",
)
def invert_half_width(dq_da, action, low, high):
    return dq_da * np.where(dq_da > 0, high - action, action - low) / ((high - low) / 2)


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
