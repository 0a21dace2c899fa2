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


tabular_step = entry("dqn.tabular_step", points=3, reference=q_learning)


@tabular_step.mutant(
    "in-place", "The new table is right, and the old one is gone: the caller's Q changed too. Copy it.", "a19"
)
def tabular_in_place(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    Q[state, action] += alpha * (y - Q[state, action])
    return Q


@tabular_step.mutant("no-terminal-mask", "The last step of an episode bootstraps.", "b7")
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
    "forgets-the-old", "The old value is overwritten by alpha y: a step of size alpha keeps 1 - alpha of it."
)
def tabular_forgets(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state, action] = alpha * y
    return new


@tabular_step.mutant("whole-row", "All actions of the state move. One of them was taken.", "b1")
def tabular_row(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].max()
    new = Q.copy()
    new[state] += alpha * (y - Q[state])
    return new


@tabular_step.mutant("argmax", "The number of the best action is added, not its value.", "b4")
def tabular_argmax(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[next_state].argmax()
    new = Q.copy()
    new[state, action] += alpha * (y - Q[state, action])
    return new


@tabular_step.mutant("max-over-s", "You bootstrap on s, the state that was left.", "b5")
def tabular_max_over_s(Q, state, action, reward, next_state, terminated, alpha, gamma):
    y = reward + gamma * (not terminated) * Q[state].max()
    new = Q.copy()
    new[state, action] += alpha * (y - Q[state, action])
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
