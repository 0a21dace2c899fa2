"""Reference, known mistakes and alternative solutions of ``ddpg.actor_gradient_vjp``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def pulled_back(actor, batch, dq_da, low, high):
    """-1/B dQ/da pushed back through squash and network: the same without a Jacobian."""
    z, cache = actor.forward(batch.obs)
    at_z = -dq_da / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2)
    return actor.vjp(cache, at_z)[0]


actor_gradient_vjp = entry("ddpg.actor_gradient_vjp", points=5, reference=pulled_back)


@actor_gradient_vjp.mutant(
    "ascent", "The sign is flipped: an optimizer that descends this drives the actor to the *worst* action.", "c1"
)
def vjp_ascent(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, dq_da / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "mean-over-actions",
    "1/A of what it should be, as when the mean runs over (B, A): divide by B alone. There is one Q for each state.",
    "c3",
)
def vjp_mean_over_actions(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / z.size * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant("sum", "B times too large: the loss is a mean over states. Adam would have hidden it.", "c4")
def vjp_sum(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant("averaged-twice", "1/B of what it should be, as when B divides twice.", "c4")
def vjp_averaged_twice(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / len(z) ** 2 * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "tanh-forgotten", "The slope of tanh is left out. Where the actor is saturated yours pushes far too hard.", "c10"
)
def vjp_without_tanh(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / len(z) * (high - low) / 2)[0]


@actor_gradient_vjp.mutant("scale-forgotten", "The half width of the range is left out: in which units is a?", "c11")
def vjp_without_scale(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / len(z) * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "slope-ignored",
    "dQ/da never enters: this is the gradient of -mean of the actions, whatever the critic says about them.",
)
def vjp_slope_ignored(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -np.ones_like(z) / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "slope-normalised",
    "The direction of each sample's dQ/da counts, its length does not: a steep critic and a flat one give the same. The "
    "result is linear in dQ/da.",
)
def vjp_slope_normalised(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    unit = dq_da / np.linalg.norm(dq_da, axis=1, keepdims=True)
    return actor.vjp(cache, -unit / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "slope-clipped",
    "Right where every |dQ/da| is at most 1; larger slopes count as 1, as by np.clip. The result is linear in dQ/da.",
)
def vjp_slope_clipped(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -np.clip(dq_da, -1, 1) / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.mutant(
    "first-range-for-all",
    "Every action dimension is scaled by the range of the first. low and high have one entry for each.",
)
def vjp_first_range(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / len(z) * (high[0] - low[0]) / 2 * (1 - np.tanh(z) ** 2))[0]


@actor_gradient_vjp.alternative_solution
def vjp_minus_last(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    a = low + (high - low) * (np.tanh(z) + 1) / 2
    ascent, _ = actor.vjp(cache, dq_da * 2 * (a - low) * (high - a) / (high - low))
    return -ascent / len(batch.obs)


@actor_gradient_vjp.alternative_solution
def vjp_by_rows(actor, batch, dq_da, low, high):
    gradients = []
    for i in range(len(dq_da)):
        z, cache = actor.forward(batch.obs[i : i + 1])
        gradients.append(actor.vjp(cache, -dq_da[i : i + 1] * (high - low) / 2 / np.cosh(z) ** 2)[0])
    return np.mean(gradients, axis=0)
