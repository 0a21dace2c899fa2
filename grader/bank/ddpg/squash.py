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
    "Your actions stay in [-1, 1]. The environment counts in its own units: stretch and shift tanh to [low, high].",
    "c11",
)
def squash_not_scaled(z, low, high):
    return np.tanh(z)


@squash.mutant(
    "clipped",
    "Inside the range you hand z through, at the walls you cut it off. A cut has slope 0 outside: an actor that once "
    "leaves never hears how to come back. What maps the whole line smoothly into the range?",
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
    "At z = 0 you are right, but you swing twice as far as the range is wide on either side: tanh itself already spans "
    "2, from -1 to 1.",
    "c11",
)
def squash_too_wide(z, low, high):
    return (low + high) / 2 + (high - low) * np.tanh(z)


@squash.mutant("high-alone", "You scale by high alone. That fits only a range that is symmetric about 0.", "c11")
def squash_by_high(z, low, high):
    return high * np.tanh(z)


@squash.alternative_solution
def squash_from_low(z, low, high):
    share = (np.tanh(z) + 1) / 2
    return low + share * (high - low)


@squash.alternative_solution
def squash_by_logistic(z, low, high):
    share = 1 / (1 + np.exp(-2 * z))
    return (1 - share) * low + share * high
