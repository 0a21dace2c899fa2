"""Reference, known mistakes and alternative solutions of ``ddpg.action_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def slope_at_own_action(actor, critic, batch, low, high):
    """dQ/da (B, A) at a = mu(s); the first factor of eq. 6 in Lillicrap et al. 2015."""
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


action_gradient = entry("ddpg.action_gradient", points=4, reference=slope_at_own_action)


@action_gradient.mutant(
    "replay-action",
    "The slope is taken at the action in the replay buffer. That is right only for a critic that is linear in a: ask "
    "about the actor's own action, mu(s).",
    "c2",
)
def slope_at_replay_action(actor, critic, batch, low, high):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "with-respect-to-s",
    "You return the slope in the state: the first columns of the critic's input are s. Which columns are a?",
    "c19",
)
def slope_in_s(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, : action.shape[1]]


@action_gradient.mutant(
    "whole-input",
    "You return dQ/d[s, a], one column for each input of the critic. Only the action's columns are asked for.",
    "c19",
)
def slope_whole_input(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))


@action_gradient.mutant(
    "batch-averaged",
    "1/B of what is asked for. This is a slope for each sample; the mean over the batch comes later, once.",
    "c4",
)
def slope_batch_averaged(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q) / len(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "height-times-slope",
    "This is Q times dQ/da, as when Q is pushed back and not 1. Add a constant to Q and your answer changes; dQ/da does "
    "not.",
    "c6",
)
def slope_times_height(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, q)[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "through-the-squash",
    "This is dQ/dz: the slope has gone back through the squash too, half the width times 1 - tanh^2. Asked for is dQ/da, "
    "in the action itself; the squash comes with the actor's gradient.",
)
def slope_through_the_squash(actor, critic, batch, low, high):
    squashed, half = np.tanh(actor(batch.obs)), (high - low) / 2
    q, cache = critic.forward(np.concatenate([batch.obs, (low + high) / 2 + half * squashed], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :] * half * (1 - squashed**2)


@action_gradient.mutant(
    "not-squashed",
    "The slope is taken at the actor's raw output, before tanh and scale: an action that the environment does not have.",
    "c11",
)
def slope_at_raw_output(actor, critic, batch, low, high):
    q, cache = critic.forward(np.concatenate([batch.obs, actor(batch.obs)], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "unscaled",
    "The slope is taken at tanh(z), in [-1, 1]. The critic takes actions in the environment's units.",
    "c12",
)
def slope_at_unscaled(actor, critic, batch, low, high):
    q, cache = critic.forward(np.concatenate([batch.obs, np.tanh(actor(batch.obs))], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "negated", "The sign is flipped. This is dQ/da itself; the minus belongs to the loss -Q, one step later.", "c1"
)
def slope_negated(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return -critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "first-range-for-all",
    "The slope is taken at actions in the range of the first action dimension, in every dimension. low and high have one "
    "entry for each.",
)
def slope_first_range(actor, critic, batch, low, high):
    action = (low[0] + high[0]) / 2 + (high[0] - low[0]) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


@action_gradient.mutant(
    "clipped",
    "Right where |dQ/da| is at most 1, and cut off beyond, as by np.clip: a steep critic and a very steep one then look "
    "alike. The slope itself is asked for.",
)
def slope_clipped(actor, critic, batch, low, high):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
    return np.clip(critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :], -1, 1)


@action_gradient.alternative_solution
def slope_by_full_vjp(actor, critic, batch, low, high):
    action = low + (np.tanh(actor(batch.obs)) + 1) / 2 * (high - low)
    q, cache = critic.forward(np.hstack([batch.obs, action]))
    _, dx = critic.vjp(cache, np.ones((len(q), 1)))
    return dx[:, -action.shape[1] :]


@action_gradient.alternative_solution
def slope_sample_by_sample(actor, critic, batch, low, high):
    rows = []
    for s in batch.obs:
        a = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(s[None])[0])
        _, cache = critic.forward(np.concatenate([s, a])[None])
        rows.append(critic.input_vjp(cache, np.ones((1, 1)))[0, len(s) :])
    return np.array(rows)
