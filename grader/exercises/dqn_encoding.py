"""References, mistakes and other right ways: the encoding of a state, and acting."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry

one_hot = entry("dqn.one_hot", points=1, reference=lambda s, n_states: np.eye(n_states)[s])


@one_hot.mutant("transposed", "One column per sample: a batch stands in rows, so the shape is (B, n_states).")
def one_hot_transposed(s, n_states):
    return np.eye(n_states)[:, s]


@one_hot.mutant(
    "state-as-number",
    "The id stands in the row as a number. Is state 400 twice state 200? An id is a name: put a 1 at its place.",
    "b16",
)
def state_as_number(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = s
    return x


@one_hot.mutant("one-based", "The 1 stands one place too far: states count from 0.")
def one_based(s, n_states):
    return np.eye(n_states)[(s + 1) % n_states]


@one_hot.mutant(
    "every-row-every-state",
    "Each row has a 1 for every state of the whole batch: x[:, s] means all rows. One entry per row: which index picks "
    "the row?",
    "b12",
)
def every_row_every_state(s, n_states):
    x = np.zeros((len(s), n_states))
    x[:, s] = 1.0
    return x


@one_hot.alternative_solution
def by_comparison(s, n_states):
    return (s[:, None] == np.arange(n_states)).astype(float)


@one_hot.alternative_solution
def by_assignment(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = 1.0
    return x


q_values = entry("dqn.q_values", points=1, reference=lambda W, s: W[s])


@q_values.mutant(
    "columns", "W is read down its columns, as if it were (A, S). Row s of W (S, A) holds the A outputs of state s."
)
def q_columns(W, s):
    return np.stack([W.T.ravel()[i * W.shape[1] : (i + 1) * W.shape[1]] for i in s])


@q_values.mutant(
    "best-only", "One number per state: the maximum. The network answers for every action; choosing comes later."
)
def best_only(W, s):
    return W[s].max(axis=1)


@q_values.mutant(
    "relu-output", "Negative outputs have become 0: a relu on the output. V* on Taxi is often below 0.", "b15"
)
def relu_output(W, s):
    return np.maximum(W[s], 0.0)


@q_values.mutant(
    "softmax-output",
    "Every row adds up to 1: a softmax turned values into probabilities. Q is measured in rewards.",
    "b15",
)
def softmax_output(W, s):
    e = np.exp(W[s] - W[s].max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@q_values.mutant(
    "state-as-number",
    "All rows are multiples of one row of W: the id was multiplied in as a number. One-hot rows, not ids, meet W.",
    "b16",
)
def q_of_number(W, s):
    return s[:, None] * W[0]


@q_values.alternative_solution
def by_matmul(W, s):
    return np.eye(len(W))[s] @ W


@q_values.alternative_solution
def row_by_row(W, s):
    return np.array([[W[i, a] for a in range(W.shape[1])] for i in s])


def dice(q, epsilon, u, random_action):
    """The random action where the die is below epsilon."""
    return np.where(u < epsilon, random_action, q.argmax(axis=1))


epsilon_greedy = entry("dqn.epsilon_greedy", points=2, reference=dice, tolerance="none")


@epsilon_greedy.mutant("turned-round", "You explore with probability 1 - epsilon. Put in epsilon = 0: who acts then?")
def turned_round(q, epsilon, u, random_action):
    return np.where(u < epsilon, q.argmax(axis=1), random_action)


@epsilon_greedy.mutant(
    "at-zero",
    "With epsilon = 0 a die that shows exactly 0 still explores: u lies in [0, 1), so `u < epsilon` has probability "
    "epsilon, and `u <= epsilon` a little more.",
)
def at_zero(q, epsilon, u, random_action):
    return np.where(u <= epsilon, random_action, q.argmax(axis=1))


@epsilon_greedy.mutant("one-die", "The first die decides for every taxi. Each row has its own u.")
def one_die(q, epsilon, u, random_action):
    return random_action.copy() if u[0] < epsilon else q.argmax(axis=1)


@epsilon_greedy.mutant("always-greedy", "epsilon plays no part: you never explore, and never see the +20.", "b20")
def always_greedy(q, epsilon, u, random_action):
    return q.argmax(axis=1)


@epsilon_greedy.mutant(
    "worst-action", "The greedy branch takes the smallest Q. Rewards are to be gathered: the largest."
)
def worst_action(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.argmin(axis=1))


@epsilon_greedy.mutant("values", "You return the best Q itself, not which action has it. Value or index?", "b4")
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
