"""Reference, known mistakes and alternative solutions of ``dqn.td_target``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def worth_of_a_step(reward, q_next, terminated, truncated, gamma):
    """y = r + gamma (1 - terminated) max_a' Q_target(s', a') (Mnih et al. 2015, Algorithm 1)."""
    return reward + gamma * (1.0 - terminated) * q_next.max(axis=1)


td_target = entry("dqn.td_target", points=3, reference=worth_of_a_step)


@td_target.mutant(
    "no-terminal-mask",
    "Right except where the episode ended: there gamma max Q is still added. What is the value of a state "
    "after the end?",
    "b7",
)
def no_mask(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * q_next.max(axis=1)


@td_target.mutant(
    "clock-as-terminal",
    "Rows that were only truncated do not bootstrap. The time limit was reached there; is it part of the MDP?",
    "b9",
)
def clock_as_terminal(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated | truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "masks-the-clock-alone",
    "Truncated rows are masked and terminated ones are not. Which of the two flags says that nothing comes after?",
    "b9",
)
def masks_the_clock(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - truncated) * q_next.max(axis=1)


@td_target.mutant(
    "unless-truncated",
    "A row that is terminated *and* truncated bootstraps. Both flags may be set at once, and termination decides.",
    "b9",
)
def unless_truncated(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated & ~truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "reward-masked",
    "Terminated rows have the target 0: the reward is masked as well. The +20 is received on that very step.",
    "b10",
)
def reward_masked(reward, q_next, terminated, truncated, gamma):
    return (1.0 - terminated) * (reward + gamma * q_next.max(axis=1))


@td_target.mutant(
    "argmax",
    "y - r is gamma times 0, 1, 2, ...: the index of the best action is added instead of its value. Value or index?",
    "b4",
)
def index_for_value(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.argmax(axis=1)


@td_target.mutant(
    "mean",
    "The mean over the next actions is taken. Q-learning takes the largest of them.",
)
def mean_over_actions(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.mean(axis=1)


@td_target.mutant(
    "max-over-batch",
    "Every row bootstraps from the same number, the maximum over the whole batch. Each row has its own next"
    " state: along which axis is the maximum?",
)
def max_over_batch(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.max()


@td_target.mutant(
    "no-discount",
    "gamma makes no difference: the future is not discounted.",
)
def no_discount(reward, q_next, terminated, truncated, gamma):
    return reward + (1.0 - terminated) * q_next.max(axis=1)


@td_target.mutant(
    "column",
    "The target is a column (B, 1). With a row (B,) it will broadcast to (B, B). Return one number per sample: (B,).",
    "b11",
)
def target_column(reward, q_next, terminated, truncated, gamma):
    return (reward + gamma * (1.0 - terminated) * q_next.max(axis=1))[:, None]


@td_target.mutant(
    "never-below-0",
    "Where every next Q is below 0 the target bootstraps from 0, as a maximum that starts at 0 does. Most "
    "of Taxi's values are below 0: take the largest of the outputs.",
    "b15",
)
def never_below_0(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.max(axis=1, initial=0.0)


@td_target.mutant(
    "clipped-reward",
    "Rewards beyond 1 in size count as 1 or -1. Mnih et al. clipped Atari's scores; here the +20 and the "
    "-10 are used as they are.",
)
def clipped_reward(reward, q_next, terminated, truncated, gamma):
    return np.clip(reward, -1.0, 1.0) + gamma * (1.0 - terminated) * q_next.max(axis=1)


@td_target.mutant(
    "ties-added",
    "Where two next actions are equally good their values are added up. The maximum is one of them, once.",
)
def ties_added(reward, q_next, terminated, truncated, gamma):
    best = q_next == q_next.max(axis=1, keepdims=True)
    return reward + gamma * (1.0 - terminated) * (best * q_next).sum(axis=1)


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


@td_target.alternative_solution
def by_sorting(reward, q_next, terminated, truncated, gamma):
    return reward + np.where(terminated, 0.0, gamma) * np.sort(q_next, axis=1)[:, -1]
