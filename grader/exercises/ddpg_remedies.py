"""References, mistakes and other right ways: inverting gradients, and the twin target."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry


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


def minimum_of_two(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    """Clipped double Q-learning with target policy smoothing; Fujimoto et al. 2018, algorithm 1."""
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    action = np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)
    x = np.concatenate([batch.next_obs, action], axis=1)
    q_next = np.minimum(*(critic(x)[:, 0] for critic in target_critics))
    return batch.reward + gamma * (1 - batch.terminated) * q_next


twin_target = entry("ddpg.twin_target", points=4, reference=minimum_of_two)


@twin_target.mutant(
    "maximum", "You take the larger promise: that breeds optimism. Which of two judges errs less upwards?"
)
def twin_maximum(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = [critic(x)[:, 0] for critic in target_critics]
    return batch.reward + gamma * (1 - batch.terminated) * np.maximum(*q)


@twin_target.mutant("mean", "You average the two promises. An average still follows the judge who is too kind.")
def twin_mean(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = [critic(x)[:, 0] for critic in target_critics]
    return batch.reward + gamma * (1 - batch.terminated) * (q[0] + q[1]) / 2


@twin_target.mutant("first-only", "Only the first critic is asked: the second opinion is missing.")
def twin_first_only(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * target_critics[0](x)[:, 0]


@twin_target.mutant(
    "minimum-over-batch",
    "One number for the whole batch: you took the minimum over the samples. Compare the two critics row by row.",
)
def twin_minimum_over_batch(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = min(critic(x)[:, 0].min() for critic in target_critics)
    return batch.reward + gamma * (1 - batch.terminated) * q


@twin_target.mutant("no-smoothing", "The noise never enters: the target asks at one sharp point, spike or not.")
def twin_no_smoothing(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, action])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant("noise-not-clipped", "The noise is not clipped: a far jump asks about another action altogether.")
def twin_noise_not_clipped(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + noise, low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "action-out-of-range",
    "The noise is clipped, the noisy action is not: some rows ask about an action that nobody can do, where no critic has "
    "ever learnt anything.",
)
def twin_action_out_of_range(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, action + np.clip(noise, -noise_clip, noise_clip)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "time-limit-terminal", "Rows that are only truncated lost their future: mask on `terminated` alone.", "c20"
)
def twin_time_limit_terminal(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    over = np.maximum(batch.terminated, batch.truncated)
    return batch.reward + gamma * (1 - over) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.alternative_solution
def twin_by_stack(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = low + (high - low) * (np.tanh(target_actor(batch.next_obs)) + 1) / 2
    jitter = np.minimum(np.maximum(noise, -noise_clip), noise_clip)
    x = np.hstack([batch.next_obs, np.minimum(np.maximum(action + jitter, low), high)])
    promises = np.stack([critic(x) for critic in target_critics]).min(axis=0)
    return np.where(batch.terminated > 0, batch.reward, batch.reward + gamma * promises[:, 0])


@twin_target.alternative_solution
def twin_by_where(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    action = (action + noise.clip(-noise_clip, noise_clip)).clip(low, high)
    one, two = (critic(np.hstack([batch.next_obs, action]))[:, 0] for critic in target_critics)
    smaller = np.where(one < two, one, two)
    return batch.reward + gamma * smaller - gamma * batch.terminated * smaller
