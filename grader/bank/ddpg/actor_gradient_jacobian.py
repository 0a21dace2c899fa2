"""Reference, known mistakes and alternative solutions of ``ddpg.actor_gradient_jacobian``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def explicit_product(actor, batch, dq_da, low, high):
    """-1/B sum over samples of (dmu/dtheta)^T dQ/da, with dmu/dtheta written out; eq. 6, Lillicrap et al. 2015."""
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    dmu_dtheta = slope[:, :, None] * actor.jacobian(batch.obs)
    return -np.einsum("bap,ba->p", dmu_dtheta, dq_da) / len(dq_da)


actor_gradient_jacobian = entry("ddpg.actor_gradient_jacobian", points=5, reference=explicit_product)


@actor_gradient_jacobian.mutant(
    "ascent",
    "The sign is flipped. Optimizers descend, and the loss is -Q: its gradient carries a minus.",
    "c1",
)
def jacobian_ascent(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    return np.einsum("bap,ba->p", slope[:, :, None] * actor.jacobian(batch.obs), dq_da) / len(dq_da)


@actor_gradient_jacobian.mutant(
    "mean-over-actions",
    "1/A of what it should be, as with a mean over the action dimensions. There is one Q for each state, however many "
    "dimensions the action has: a product with a Jacobian *adds* over them.",
    "c3",
)
def jacobian_mean_over_actions(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    terms = slope[:, :, None] * actor.jacobian(batch.obs) * dq_da[:, :, None]
    return -terms.mean(axis=(0, 1))


@actor_gradient_jacobian.mutant("sum", "B times too large: the loss is a mean over states, not a sum.", "c4")
def jacobian_sum(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    return -np.einsum("bap,ba->p", slope[:, :, None] * actor.jacobian(batch.obs), dq_da)


@actor_gradient_jacobian.mutant(
    "factors-averaged-apart",
    "This is the product of two means, of the Jacobian and of dQ/da over the batch. The mean of products is another "
    "number: pair each sample's slope with that sample's Jacobian first.",
    "c15",
)
def jacobian_averaged_apart(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    dmu_dtheta = (slope[:, :, None] * actor.jacobian(batch.obs)).mean(axis=0)
    return -dmu_dtheta.T @ dq_da.mean(axis=0)


@actor_gradient_jacobian.mutant(
    "squash-forgotten",
    "This is the product with dz/dtheta. The action is squash(z): its slope, tanh and scale, stands between them.",
    "c10",
)
def jacobian_squash_forgotten(actor, batch, dq_da, low, high):
    return -np.einsum("bap,ba->p", actor.jacobian(batch.obs), dq_da) / len(dq_da)


@actor_gradient_jacobian.mutant(
    "scale-forgotten", "The slope of tanh is there, the half width of the range is not.", "c11"
)
def jacobian_scale_forgotten(actor, batch, dq_da, low, high):
    slope = 1 - np.tanh(actor(batch.obs)) ** 2
    return -np.einsum("bap,ba->p", slope[:, :, None] * actor.jacobian(batch.obs), dq_da) / len(dq_da)


@actor_gradient_jacobian.mutant(
    "element-wise",
    "Each row of a sample's Jacobian is multiplied by the *sum* of that sample's slopes. Row a belongs to the slope in "
    "a alone. With one action dimension the two are the same.",
    "c15",
)
def jacobian_element_wise(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    dmu_dtheta = slope[:, :, None] * actor.jacobian(batch.obs)
    return -np.einsum("bap,bc->p", dmu_dtheta, dq_da) / len(dq_da)


@actor_gradient_jacobian.mutant(
    "slope-clipped",
    "Right where every |dQ/da| is at most 1; larger slopes count as 1, as by np.clip. The product is linear in dQ/da.",
)
def jacobian_slope_clipped(actor, batch, dq_da, low, high):
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    dmu_dtheta = slope[:, :, None] * actor.jacobian(batch.obs)
    return -np.einsum("bap,ba->p", dmu_dtheta, np.clip(dq_da, -1, 1)) / len(dq_da)


@actor_gradient_jacobian.mutant(
    "first-range-for-all",
    "Every action dimension is scaled by the range of the first. low and high have one entry for each.",
)
def jacobian_first_range(actor, batch, dq_da, low, high):
    slope = (high[0] - low[0]) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    return -np.einsum("bap,ba->p", slope[:, :, None] * actor.jacobian(batch.obs), dq_da) / len(dq_da)


@actor_gradient_jacobian.alternative_solution
def jacobian_one_sample_at_a_time(actor, batch, dq_da, low, high):
    total = np.zeros_like(actor.flat)
    for s, g in zip(batch.obs, dq_da, strict=True):
        half_width_slope = (high - low) / 2 * (1 - np.tanh(actor(s[None])[0]) ** 2)
        J = np.diag(half_width_slope) @ actor.jacobian(s[None])[0]
        total -= J.T @ g / len(dq_da)
    return total


@actor_gradient_jacobian.alternative_solution
def jacobian_without_a_jacobian(actor, batch, dq_da, low, high):
    z, cache = actor.forward(batch.obs)
    return actor.vjp(cache, -dq_da / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]
