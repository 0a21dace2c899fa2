"""Reference, known mistakes and alternative solutions of ``ddpg.twin_target``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def minimum_of_two(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    """Clipped double Q-learning with target policy smoothing; Fujimoto et al. 2018, algorithm 1."""
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    action = np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)
    x = np.concatenate([batch.next_obs, action], axis=1)
    q_next = np.minimum(*(critic(x)[:, 0] for critic in target_critics))
    return batch.reward + gamma * (1 - batch.terminated) * q_next


twin_target = entry("ddpg.twin_target", points=4, reference=minimum_of_two)


@twin_target.mutant(
    "maximum", "The larger of the two estimates is taken, which increases overestimation. The smaller one is asked for."
)
def twin_maximum(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = [critic(x)[:, 0] for critic in target_critics]
    return batch.reward + gamma * (1 - batch.terminated) * np.maximum(*q)


@twin_target.mutant(
    "mean",
    "This is the average of the two estimates. It still follows the critic that overestimates; take the smaller.",
)
def twin_mean(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = [critic(x)[:, 0] for critic in target_critics]
    return batch.reward + gamma * (1 - batch.terminated) * (q[0] + q[1]) / 2


@twin_target.mutant("first-only", "Only the first critic counts: your TD target does not change with the second one.")
def twin_first_only(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * target_critics[0](x)[:, 0]


@twin_target.mutant(
    "minimum-over-batch",
    "One Q for the whole batch, the smallest of all rows. Compare the two critics row by row.",
)
def twin_minimum_over_batch(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = min(critic(x)[:, 0].min() for critic in target_critics)
    return batch.reward + gamma * (1 - batch.terminated) * q


@twin_target.mutant("no-smoothing", "The noise never enters: your TD target does not change with it.")
def twin_no_smoothing(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, action])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "noise-not-clipped",
    "The noise is not clipped to noise_clip: where it is larger, the critics are asked about an action too far away.",
)
def twin_noise_not_clipped(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + noise, low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "noise-before-the-squash",
    "The noise is added to the target actor's raw output and is squashed with it: it shrinks where tanh is flat, and "
    "noise_clip is in units of the action. Squash first, then add.",
)
def twin_noise_before_the_squash(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    z = target_actor(batch.next_obs) + np.clip(noise, -noise_clip, noise_clip)
    x = np.hstack([batch.next_obs, (low + high) / 2 + (high - low) / 2 * np.tanh(z)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "one-without-noise",
    "The first critic is asked about the noisy action, the second about the one without noise. The two are compared at "
    "the same action.",
)
def twin_one_without_noise(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    own = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    noisy = np.clip(own + np.clip(noise, -noise_clip, noise_clip), low, high)
    q = [c(np.hstack([batch.next_obs, a]))[:, 0] for c, a in zip(target_critics, (noisy, own), strict=True)]
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*q)


@twin_target.mutant(
    "action-out-of-range",
    "The noise is clipped, the noisy action is not: in some rows the critics are asked about an action beyond [low, "
    "high], where they have learned nothing.",
)
def twin_action_out_of_range(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, action + np.clip(noise, -noise_clip, noise_clip)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "time-limit-terminal", "Rows that are only truncated do not bootstrap: mask on `terminated` alone.", "c20"
)
def twin_time_limit_terminal(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    over = np.maximum(batch.terminated, batch.truncated)
    return batch.reward + gamma * (1 - over) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "one-critic-for-the-batch",
    "The critic with the smaller mean over the batch answers for every row. Take the smaller of the two in each row.",
)
def twin_one_critic_for_all(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    q = min((critic(x)[:, 0] for critic in target_critics), key=np.mean)
    return batch.reward + gamma * (1 - batch.terminated) * q


@twin_target.mutant(
    "noise-clipped-above-only",
    "The noise is clipped above and not below: where it is less than -noise_clip, the critics are asked about an action "
    "too far away.",
)
def twin_noise_clipped_above(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.minimum(noise, noise_clip), low, high)])
    return batch.reward + gamma * (1 - batch.terminated) * np.minimum(*(c(x)[:, 0] for c in target_critics))


@twin_target.mutant(
    "never-ends",
    "Rows that are terminated bootstrap. Nothing comes after the end: there y is the reward alone.",
    "b7",
)
def twin_never_ends(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    x = np.hstack([batch.next_obs, np.clip(action + np.clip(noise, -noise_clip, noise_clip), low, high)])
    return batch.reward + gamma * np.minimum(*(c(x)[:, 0] for c in target_critics))


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
