"""References, mistakes and other right ways: the squash and its vjp, and the critic's label."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry


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
    "square-lost", "You have 1 - tanh(z). The slope of tanh is 1 - tanh(z)^2: even in z, and never above 1.", "a6"
)
def vjp_square_lost(z, g, low, high):
    return g * (high - low) / 2 * (1 - np.tanh(z))


@squash_vjp.mutant(
    "gradient-ignored", "This is da/dz alone. A vjp multiplies it with the gradient g that arrives.", "c6"
)
def vjp_gradient_ignored(z, g, low, high):
    return (high - low) / 2 * (1 - np.tanh(z) ** 2)


@squash_vjp.alternative_solution
def vjp_from_the_action(z, g, low, high):
    a = (low + high) / 2 + (high - low) / 2 * np.tanh(z)
    return g * 2 * (a - low) * (high - a) / (high - low)


@squash_vjp.alternative_solution
def vjp_by_cosh(z, g, low, high):
    half = 0.5 * (high - low)
    return np.multiply(g, half) / np.cosh(z) ** 2


def td_target(batch, target_actor, target_critic, low, high, gamma):
    """r + gamma (1 - terminated) Q'(s', mu'(s')); Lillicrap et al. 2015, algorithm 1."""
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


critic_target = entry("ddpg.critic_target", points=4, reference=td_target)


@critic_target.mutant(
    "target-unscaled",
    "The target actor's action stays in [-1, 1]. The critic has learnt about torques in the environment's units: same "
    "units on both sides.",
    "c12",
)
def target_unscaled(batch, target_actor, target_critic, low, high, gamma):
    action = np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "not-squashed",
    "The target actor's raw output goes into the critic, without the squash: no action of the environment at all.",
    "c12",
)
def target_not_squashed(batch, target_actor, target_critic, low, high, gamma):
    q_next = target_critic(np.concatenate([batch.next_obs, target_actor(batch.next_obs)], axis=1))[:, 0]
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
    "You bootstrap on s itself: the target never looks at where the step led. Where did you land?",
    "b5",
)
def target_values_s(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.obs))
    q_next = target_critic(np.concatenate([batch.obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "replay-action",
    "The action at s' is the one from the replay memory, which was done in s. Ask the target actor what it would do now.",
    "c2",
)
def target_replay_action(batch, target_actor, target_critic, low, high, gamma):
    q_next = target_critic(np.concatenate([batch.next_obs, batch.action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.terminated) * q_next


@critic_target.mutant(
    "never-ends",
    "Rows that are terminated promise a future. Nothing comes after the end: there y is the reward alone.",
    "b7",
)
def target_never_ends(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    return batch.reward + gamma * target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]


@critic_target.mutant(
    "time-limit-terminal",
    "Rows that are only truncated lost their future. The clock ran out, the pendulum did not: did the world end?",
    "c20",
)
def target_time_limit_terminal(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - np.maximum(batch.terminated, batch.truncated)) * q_next


@critic_target.mutant(
    "truncated-for-terminated",
    "You mask with `truncated` and let `terminated` rows go on: the two flags have changed places.",
    "b9",
)
def target_truncated_mask(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return batch.reward + gamma * (1 - batch.truncated) * q_next


@critic_target.mutant(
    "reward-masked", "At the end y is 0: the mask took the reward too. The reward survives the end.", "b10"
)
def target_reward_masked(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
    return (1 - batch.terminated) * (batch.reward + gamma * q_next)


@critic_target.mutant(
    "broadcast",
    "The label has shape (B, B): the critic returns (B, 1), the reward is (B,), and NumPy pairs every row with every "
    "row. Take the one column out.",
    "a16",
)
def target_broadcast(batch, target_actor, target_critic, low, high, gamma):
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(target_actor(batch.next_obs))
    q_next = target_critic(np.concatenate([batch.next_obs, action], axis=1))
    return batch.reward + gamma * (1 - batch.terminated) * q_next


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
