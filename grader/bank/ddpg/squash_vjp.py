"""Reference, known mistakes and alternative solutions of ``ddpg.squash_vjp``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

squash_vjp = entry(
    "ddpg.squash_vjp", points=2, reference=lambda z, g, low, high: g * (high - low) / 2 * (1 - np.tanh(z) ** 2)
)


@squash_vjp.mutant(
    "tanh-forgotten",
    "The slope of tanh is missing: your gradient is the same however far z is out. Go back through *every* factor of the "
    "forward pass.",
    "c10",
)
def vjp_tanh_forgotten(z, g, low, high):
    return g * (high - low) / 2


@squash_vjp.mutant(
    "scale-forgotten",
    "The half width of the range is missing. A step in tanh is a larger step in a: in which units is a?",
    "c11",
)
def vjp_scale_forgotten(z, g, low, high):
    return g * (1 - np.tanh(z) ** 2)


@squash_vjp.mutant(
    "scale-twice", "The half width enters twice. It multiplies once, where tanh becomes an action.", "c11"
)
def vjp_scale_twice(z, g, low, high):
    return g * ((high - low) / 2) ** 2 * (1 - np.tanh(z) ** 2)


@squash_vjp.mutant("full-width", "Twice too large: the factor is half of the range's width, not the whole.", "c11")
def vjp_full_width(z, g, low, high):
    return g * (high - low) * (1 - np.tanh(z) ** 2)


@squash_vjp.mutant(
    "square-lost",
    "The factor here is 1 - tanh(z). The slope of tanh is 1 - tanh(z)^2: even in z, and never above 1.",
    "a6",
)
def vjp_square_lost(z, g, low, high):
    return g * (high - low) / 2 * (1 - np.tanh(z))


@squash_vjp.mutant(
    "square-of-the-action",
    "The factor is 1 - a^2, with a the action in the units of the motor. 1 - y^2 is the slope of tanh where y is tanh(z), "
    "before it is scaled to the range; beyond 1 yours turns the gradient round.",
)
def vjp_square_of_action(z, g, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(z)
    return g * (high - low) / 2 * (1 - action**2)


@squash_vjp.mutant("gradient-ignored", "This is da/dz alone. A vjp multiplies it by the upstream gradient g.", "c6")
def vjp_gradient_ignored(z, g, low, high):
    return (high - low) / 2 * (1 - np.tanh(z) ** 2)


@squash_vjp.mutant(
    "first-range-for-all",
    "The first action dimension is right; the others are scaled by the range of the first. low and high have one entry "
    "for each column of z.",
)
def vjp_first_range(z, g, low, high):
    return g * (high[0] - low[0]) / 2 * (1 - np.tanh(z) ** 2)


@squash_vjp.mutant(
    "gradient-clipped",
    "Right where |g| is at most 1, and cut off beyond (as by np.clip(g, -1, 1)): a vjp is linear in g, and twice the g "
    "is twice the result.",
)
def vjp_gradient_clipped(z, g, low, high):
    return np.clip(g, -1, 1) * (high - low) / 2 * (1 - np.tanh(z) ** 2)


@squash_vjp.alternative_solution
def vjp_from_the_action(z, g, low, high):
    a = (low + high) / 2 + (high - low) / 2 * np.tanh(z)
    return g * 2 * (a - low) * (high - a) / (high - low)


@squash_vjp.alternative_solution
def vjp_by_cosh(z, g, low, high):
    half = 0.5 * (high - low)
    return np.multiply(g, half) / np.cosh(z) ** 2
