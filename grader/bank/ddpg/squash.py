"""Reference, known mistakes and alternative solutions of ``ddpg.squash``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def tanh_and_scale(z, low, high):
    """The middle of the range plus half its width times tanh."""
    return (low + high) / 2 + (high - low) / 2 * np.tanh(z)


squash = entry("ddpg.squash", points=2, reference=tanh_and_scale)


@squash.mutant(
    "not-scaled",
    "Your actions stay in [-1, 1]. The environment has its own units: scale and shift tanh to [low, high].",
    "c11",
)
def squash_not_scaled(z, low, high):
    return np.tanh(z)


@squash.mutant(
    "clipped",
    "Inside the range the action is z itself, beyond a bound it is the bound. Out there the slope is 0, and no gradient "
    "leads back. What maps the whole line smoothly into the range?",
    "c16",
)
def squash_clipped(z, low, high):
    return np.clip(z, low, high)


@squash.mutant(
    "middle-forgotten",
    "The width is right, the middle is not: your range is symmetric about 0. Where is it when low = 1 and high = 3?",
)
def squash_middle_forgotten(z, low, high):
    return (high - low) / 2 * np.tanh(z)


@squash.mutant(
    "twice-too-wide",
    "The middle is right, and your actions reach twice as far from it as the bounds are: tanh itself already spans 2, "
    "from -1 to 1, so it takes half of the width.",
    "c11",
)
def squash_too_wide(z, low, high):
    return (low + high) / 2 + (high - low) * np.tanh(z)


@squash.mutant("high-alone", "This is high times tanh(z). It fits only a range that is symmetric about 0.", "c11")
def squash_by_high(z, low, high):
    return high * np.tanh(z)


@squash.mutant(
    "first-range-for-all",
    "The first action dimension is right; the others get the range of the first. low and high have one entry for each "
    "column of z.",
)
def squash_first_range(z, low, high):
    return (low[0] + high[0]) / 2 + (high[0] - low[0]) / 2 * np.tanh(z)


@squash.alternative_solution
def squash_from_low(z, low, high):
    share = (np.tanh(z) + 1) / 2
    return low + share * (high - low)


@squash.alternative_solution
def squash_by_logistic(z, low, high):
    share = 1 / (1 + np.exp(-2 * z))
    return (1 - share) * low + share * high
