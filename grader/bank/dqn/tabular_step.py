"""Reference, known mistakes and alternative solutions of ``dqn.tabular_step``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def q_learning(Q, state, action, reward, next_state, terminated, alpha, gamma):
    """Q(s, a) <- Q(s, a) + alpha (y - Q(s, a)) (Watkins 1989; Sutton & Barto 2018, eq. 6.8)."""
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state, action] += alpha * (y - Q[state, action])
    return new


tabular_step = entry("dqn.tabular_step", points=3, warm_up=True, reference=q_learning)


@tabular_step.mutant(
    "in-place",
    "The new table is right, but the caller's Q has changed too. Copy it first.",
    "a19",
)
def tabular_in_place(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    Q[state, action] += alpha * (y - Q[state, action])
    return Q


@tabular_step.mutant(
    "no-terminal-mask",
    "The last step of an episode bootstraps: gamma max Q is added though nothing comes after.",
    "b7",
)
def tabular_no_mask(Q, state, action, reward, next_state, terminated, alpha, gamma):
    new = Q.copy()
    new[state, action] += alpha * (reward + gamma * Q[next_state].max() - Q[state, action])
    return new


@tabular_step.mutant(
    "wrong-way", "Q moves away from its target. The error is y - Q when you add, Q - y when you subtract.", "b14"
)
def tabular_wrong_way(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state, action] -= alpha * (y - Q[state, action])
    return new


@tabular_step.mutant(
    "forgets-the-old",
    "The entry becomes alpha y, and the old value is lost: a step of size alpha keeps 1 - alpha of it.",
)
def tabular_forgets(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state, action] = alpha * y
    return new


@tabular_step.mutant(
    "whole-row",
    "All actions of the state move. Only one of them was taken.",
    "b1",
)
def tabular_row(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state] += alpha * (y - Q[state])
    return new


@tabular_step.mutant(
    "argmax",
    "The index of the best next action is used where its value belongs: max, not argmax.",
    "b4",
)
def tabular_argmax(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].argmax()
    new = Q.copy()
    new[state, action] += alpha * (y - Q[state, action])
    return new


@tabular_step.mutant(
    "max-over-s",
    "The target bootstraps from s, the state that was left, instead of the state that was reached.",
    "b5",
)
def tabular_max_over_s(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[state].max()
    new = Q.copy()
    new[state, action] += alpha * (y - Q[state, action])
    return new


@tabular_step.mutant(
    "wall-as-terminal",
    "A step that leads back to its own state does not bootstrap. At a wall the taxi stays where it is, and "
    "the episode continues: only `terminated` says that it is over.",
)
def wall_as_terminal(Q, state, action, reward, next_state, terminated, alpha, gamma):
    over = terminated or state == next_state
    new = Q.copy()
    new[state, action] += alpha * (reward + gamma * (not over) * Q[next_state].max() - Q[state, action])
    return new


@tabular_step.alternative_solution
def tabular_mixture(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward if terminated else reward + gamma * max(Q[next_state])
    new = np.array(Q)
    new[state, action] = (1 - alpha) * Q[state, action] + alpha * y
    return new


@tabular_step.alternative_solution
def tabular_as_sgd(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (1 - terminated) * np.max(Q[next_state])
    grad = np.zeros_like(Q)
    grad[state, action] = Q[state, action] - y
    return Q - alpha * grad


@tabular_step.alternative_solution
def tabular_by_list(Q, state, action, reward, next_state, terminated, alpha, gamma):
    table = Q.tolist()
    future = 0.0 if terminated else gamma * max(table[next_state])
    table[state][action] += alpha * (reward + future - table[state][action])
    return np.array(table)
