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
