"""References, mistakes and other right ways: the TD target, plain and double."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.registry import entry


def worth_of_a_step(reward, q_next, terminated, truncated, gamma):
    """y = r + gamma (1 - terminated) max_a' Q_target(s', a') (Mnih et al. 2015, Algorithm 1)."""
    return reward + gamma * (1.0 - terminated) * q_next.max(axis=1)


td_target = entry("dqn.td_target", points=3, reference=worth_of_a_step)


@td_target.mutant(
    "no-terminal-mask",
    "Right except where the episode ended: there you still add gamma max Q. What comes after the end of the world?",
    "b7",
)
def no_mask(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * q_next.max(axis=1)


@td_target.mutant(
    "clock-as-terminal",
    "Rows that were only truncated lost their future. The clock ran out there; did the world end?",
    "b9",
)
def clock_as_terminal(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated | truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "masks-the-clock-alone",
    "You mask truncated and forget terminated. Which of the two flags says that nothing comes after?",
    "b9",
)
def masks_the_clock(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - truncated) * q_next.max(axis=1)


@td_target.mutant(
    "unless-truncated",
    "A row that is terminated *and* truncated bootstraps. Both flags may be set at once; the world ended all the same.",
    "b9",
)
def unless_truncated(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated & ~truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "reward-masked",
    "Terminal rows have the target 0: the mask swallowed the reward as well. The +20 is paid on that very step.",
    "b10",
)
def reward_masked(reward, q_next, terminated, truncated, gamma):
    return (1.0 - terminated) * (reward + gamma * q_next.max(axis=1))


@td_target.mutant(
    "argmax",
    "y - r is gamma times 0, 1, 2, ...: you add the number of the best action. Value or index?",
    "b4",
)
def index_for_value(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.argmax(axis=1)


@td_target.mutant("mean", "You average over the next actions. Q-learning asks for the best of them.")
def mean_over_actions(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.mean(axis=1)


@td_target.mutant(
    "max-over-batch",
    "Every row bootstraps on one and the same number: the maximum over the whole batch. Each row has landed somewhere "
    "of its own: along which axis is the maximum?",
)
def max_over_batch(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.max()


@td_target.mutant("no-discount", "gamma is missing: the future counts in full.")
def no_discount(reward, q_next, terminated, truncated, gamma):
    return reward + (1.0 - terminated) * q_next.max(axis=1)


@td_target.mutant(
    "column",
    "The target is a column (B, 1). Next to a row (B,) it will broadcast to (B, B). One number per sample: (B,).",
    "b11",
)
def target_column(reward, q_next, terminated, truncated, gamma):
    return (reward + gamma * (1.0 - terminated) * q_next.max(axis=1))[:, None]


@td_target.alternative_solution
def by_where(reward, q_next, terminated, truncated, gamma):
    return np.where(terminated, reward, reward + gamma * np.max(q_next, axis=-1))


@td_target.alternative_solution
def by_loop(reward, q_next, terminated, truncated, gamma):
    y = np.zeros(len(reward))
    for i in range(len(reward)):
        y[i] = reward[i]
        if not terminated[i]:
            y[i] += gamma * max(q_next[i])
    return y


@td_target.alternative_solution
def by_torch(reward, q_next, terminated, truncated, gamma):
    best = torch.as_tensor(q_next).amax(dim=1)
    return (torch.as_tensor(reward) + gamma * torch.as_tensor(1.0 - terminated) * best).numpy()


def online_chooses(reward, q_next_online, q_next_target, terminated, gamma):
    """y = r + gamma (1 - terminated) Q_target(s', argmax Q_online(s', .)) (van Hasselt et al. 2016, eq. 4)."""
    chosen = q_next_online.argmax(axis=1)
    return reward + gamma * (1.0 - terminated) * q_next_target[np.arange(len(reward)), chosen]


double_target = entry("dqn.double_target", points=3, reference=online_chooses)


@double_target.mutant(
    "roles-swapped",
    "The target network chooses and the online one judges. The online network chooses, the target network judges.",
    "b17",
)
def roles_swapped(reward, q_next_online, q_next_target, terminated, gamma):
    i = np.arange(len(reward))
    return reward + gamma * (1.0 - terminated) * q_next_online[i, q_next_target.argmax(axis=1)]


@double_target.mutant(
    "plain",
    "This is the ordinary target: the target network chooses and judges. Which network was to choose?",
)
def plain_target(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target.max(axis=1)


@double_target.mutant(
    "online-alone",
    "The online network judges its own choice: the very optimism that double DQN is there to take away.",
    "b6",
)
def online_alone(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_online.max(axis=1)


@double_target.mutant("no-terminal-mask", "Terminal rows bootstrap. The end of the episode ends this target too.", "b7")
def double_no_mask(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * q_next_target[np.arange(len(reward)), q_next_online.argmax(axis=1)]


@double_target.mutant(
    "smaller", "You take the smaller of the two maxima. That is TD3's idea for two critics, not double DQN's."
)
def smaller_maximum(reward, q_next_online, q_next_target, terminated, gamma):
    best = np.minimum(q_next_online.max(axis=1), q_next_target.max(axis=1))
    return reward + gamma * (1.0 - terminated) * best


@double_target.mutant(
    "block",
    "A (B, B) block: Q[:, a] takes those columns of every row. One entry per row.",
    "b12",
)
def double_block(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target[:, q_next_online.argmax(axis=1)]


@double_target.alternative_solution
def by_take_along(reward, q_next_online, q_next_target, terminated, gamma):
    chosen = np.argmax(q_next_online, axis=1, keepdims=True)
    judged = np.take_along_axis(q_next_target, chosen, axis=1).squeeze(1)
    return np.where(terminated, reward, reward + gamma * judged)


@double_target.alternative_solution
def by_one_hot(reward, q_next_online, q_next_target, terminated, gamma):
    best = q_next_online == q_next_online.max(axis=1, keepdims=True)
    return reward + gamma * (1 - terminated) * (best * q_next_target).sum(axis=1)
