"""Reference, known mistakes and alternative solutions of ``ddpg.critic_target``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def td_target(batch, target_actor, target_critic, low, high, gamma):
    """r + gamma (1 - terminated) Q'(s', mu'(s')); Lillicrap et al. 2015, algorithm 1."""
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


critic_target = entry("ddpg.critic_target", points=4, reference=td_target)


@critic_target.mutant(
    "target-unscaled",
    "The target actor's action stays in [-1, 1]. The critic has learned about actions in the environment's units: "
    "squash into [low, high] here too.",
    "c12",
)
def target_unscaled(batch, target_actor, target_critic, low, high, gamma):
    action = np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "not-squashed",
    "The critic is asked about the target actor's raw output, without the squash: that is no action of the environment.",
    "c12",
)
def target_not_squashed(batch, target_actor, target_critic, low, high, gamma):
    q_next = target_critic(np.concatenate([batch.next_obs, target_actor(batch.next_obs)], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "squashed-twice",
    "The target actor's output goes through tanh twice, so that no action comes near a bound. Which of the two steps has "
    "squashed it already?",
    "c12",
)
def target_squashed_twice(batch, target_actor, target_critic, low, high, gamma):
    squashed = np.tanh(target_actor(batch.next_obs))
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(squashed)
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "action-from-s",
    "The next action is chosen in s, the state that was left, not in s'. Prime everything: s', mu', Q'.",
    "c13",
)
def target_action_from_s(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "values-s",
    "You bootstrap on s itself: the target should use the next state.",
    "b5",
)
def target_values_s(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.obs))
    q_next = target_critic(np.concatenate([batch.obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "replay-action",
    "The action at s' is the one from the replay buffer, which was done in s. Ask the target actor what it would do now.",
    "c2",
)
def target_replay_action(batch, target_actor, target_critic, low, high, gamma):
    q_next = target_critic(np.concatenate([batch.next_obs, batch.action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "never-ends",
    "Rows that are terminated bootstrap. Nothing comes after the end: there y is the reward alone.",
    "b7",
)
def target_never_ends(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    return batch.reward + gamma * target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]


@critic_target.mutant(
    "time-limit-terminal",
    "Rows that are only truncated do not bootstrap: there y is the reward alone. A time limit does not end the task; "
    "mask on `terminated` alone.",
    "c20",
)
def target_time_limit_terminal(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - np.maximum(batch.terminated, batch.truncated)) * q_next


@critic_target.mutant(
    "truncated-for-terminated",
    "You mask with `truncated` and let `terminated` rows bootstrap: the two flags are swapped.",
    "b9",
)
def target_truncated_mask(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.truncated) * q_next


@critic_target.mutant(
    "reward-masked",
    "At the end y is 0: the mask also removed the reward. Only the bootstrapped value is masked.",
    "b10",
)
def target_reward_masked(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return (1 - batch.terminated) * (batch.reward + gamma * q_next)


@critic_target.mutant(
    "broadcast",
    "The TD target has shape (B, B): every reward with the Q of every row, as when the critic's (B, 1) meets the reward's "
    "(B,). Take the one column out.",
    "a16",
)
def target_broadcast(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "first-range-for-all",
    "The target actor's action is put into the range of the first action dimension, in every dimension. low and high "
    "have one entry for each.",
)
def target_first_range(batch, target_actor, target_critic, low, high, gamma):
    action = (low[0] + high[0]) / 2 + (high[0] - low[0]) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "gamma-fixed",
    "Your TD target does not change with the `gamma` that is handed over: it always discounts by 0.99.",
)
def target_gamma_fixed(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + 0.99 * (1 - batch.terminated) * q_next


@critic_target.alternative_solution
def target_by_where(batch, target_actor, target_critic, low, high, gamma):
    action = low + (high - low) * (np.tanh(target_actor(batch.next_obs)) + 1) / 2
    q_next = target_critic(np.hstack([batch.next_obs, action])).squeeze(axis=1)
    return np.where(batch.terminated == 1, batch.reward, batch.reward + gamma * q_next)


@critic_target.alternative_solution
def target_row_by_row(batch, target_actor, target_critic, low, high, gamma):
    y = batch.reward.copy()
    for i in range(len(y)):
        if not batch.terminated[i]:
            s = batch.next_obs[i : i + 1]
            a = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(s))
            y[i] += gamma * target_critic(np.hstack([s, a]))[0, 0]
    return y
