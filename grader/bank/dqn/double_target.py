"""Reference, known mistakes and alternative solutions of ``dqn.double_target``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def online_chooses(reward, q_next_online, q_next_target, terminated, gamma):
    """y = r + gamma (1 - terminated) Q_target(s', argmax Q_online(s', .)) (van Hasselt et al. 2016, eq. 4)."""
    chosen = q_next_online.argmax(axis=1)
    return reward + gamma * (1.0 - terminated) * q_next_target[np.arange(len(reward)), chosen]


double_target = entry("dqn.double_target", points=3, reference=online_chooses)


@double_target.mutant(
    "roles-swapped",
    "The target network chooses and the online network evaluates. The online network should choose, and the"
    " target network should evaluate.",
    "b17",
)
def roles_swapped(reward, q_next_online, q_next_target, terminated, gamma):
    i = np.arange(len(reward))
    return reward + gamma * (1.0 - terminated) * q_next_online[i, q_next_target.argmax(axis=1)]


@double_target.mutant(
    "plain",
    "This is the ordinary target, the target network's own maximum. Which network should choose the action?",
)
def plain_target(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target.max(axis=1)


@double_target.mutant(
    "online-alone",
    "This is the online network's own maximum: it evaluates its own choice, which is the upward bias that "
    "double DQN removes.",
    "b6",
)
def online_alone(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_online.max(axis=1)


@double_target.mutant(
    "no-terminal-mask",
    "Terminated rows bootstrap. The end of the episode ends this target too.",
    "b7",
)
def double_no_mask(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * q_next_target[np.arange(len(reward)), q_next_online.argmax(axis=1)]


@double_target.mutant(
    "smaller",
    "The smaller of the two maxima is taken. That is TD3's rule for two critics, not double DQN's.",
)
def smaller_maximum(reward, q_next_online, q_next_target, terminated, gamma):
    best = np.minimum(q_next_online.max(axis=1), q_next_target.max(axis=1))
    return reward + gamma * (1.0 - terminated) * best


@double_target.mutant(
    "block",
    "A (B, B) block is returned, every row with every row's chosen action, as Q[:, a] gives it. Return one "
    "entry per row.",
    "b12",
)
def double_block(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target[:, q_next_online.argmax(axis=1)]


@double_target.mutant(
    "smaller-of-the-chosen",
    "The chosen action gets the smaller of the two networks' values. Only the target network should "
    "evaluate it; the smaller of two is TD3's rule.",
)
def smaller_of_the_chosen(reward, q_next_online, q_next_target, terminated, gamma):
    i, chosen = np.arange(len(reward)), q_next_online.argmax(axis=1)
    judged = np.minimum(q_next_online[i, chosen], q_next_target[i, chosen])
    return reward + gamma * (1.0 - terminated) * judged


@double_target.alternative_solution
def by_take_along(reward, q_next_online, q_next_target, terminated, gamma):
    chosen = np.argmax(q_next_online, axis=1, keepdims=True)
    judged = np.take_along_axis(q_next_target, chosen, axis=1).squeeze(1)
    return np.where(terminated, reward, reward + gamma * judged)


@double_target.alternative_solution
def by_one_hot(reward, q_next_online, q_next_target, terminated, gamma):
    best = q_next_online == q_next_online.max(axis=1, keepdims=True)
    return reward + gamma * (1 - terminated) * (best * q_next_target).sum(axis=1)
