"""Reference, known mistakes and alternative solutions of ``dqn.epsilon_greedy``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def by_where(q, epsilon, u, random_action):
    """The random action where the draw is below epsilon."""
    return np.where(u < epsilon, random_action, q.argmax(axis=1))


epsilon_greedy = entry("dqn.epsilon_greedy", points=2, reference=by_where)


@epsilon_greedy.mutant(
    "turned-round",
    "Random and greedy are swapped: you explore with probability 1 - epsilon. What should happen with epsilon = 0?",
)
def turned_round(q, epsilon, u, random_action):
    return np.where(u < epsilon, q.argmax(axis=1), random_action)


@epsilon_greedy.mutant(
    "at-zero",
    "With epsilon = 0 a draw of exactly 0 still explores: u lies in [0, 1), so `u < epsilon` has "
    "probability epsilon, and `u <= epsilon` slightly more.",
)
def at_zero(q, epsilon, u, random_action):
    return np.where(u <= epsilon, random_action, q.argmax(axis=1))


@epsilon_greedy.mutant("one-die", "The first draw decides for every taxi. Each row has its own u.")
def one_die(q, epsilon, u, random_action):
    return random_action.copy() if u[0] < epsilon else q.argmax(axis=1)


@epsilon_greedy.mutant(
    "always-greedy",
    "epsilon and u make no difference: every taxi takes its best action, none explores, and none ever reaches the +20.",
    "b20",
)
def always_greedy(q, epsilon, u, random_action):
    return q.argmax(axis=1)


@epsilon_greedy.mutant(
    "worst-action",
    "Where the draw says greedy, the action with the smallest Q is returned. It should be the largest.",
)
def worst_action(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.argmin(axis=1))


@epsilon_greedy.mutant(
    "values",
    "Where the draw says greedy, the best Q itself is returned instead of the index of its action. Value or index?",
    "b4",
)
def best_value(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.max(axis=1))


@epsilon_greedy.alternative_solution
def one_after_another(q, epsilon, u, random_action):
    return np.array([random_action[i] if u[i] < epsilon else np.argmax(q[i]) for i in range(len(q))])


@epsilon_greedy.alternative_solution
def by_mask(q, epsilon, u, random_action):
    action = q.argmax(axis=1)
    explore = u < epsilon
    action[explore] = random_action[explore]
    return action


@epsilon_greedy.alternative_solution
def by_choose(q, epsilon, u, random_action):
    return np.choose((u < epsilon).astype(int), [q.argmax(axis=1), random_action])
