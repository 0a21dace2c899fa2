"""Reference, known mistakes and alternative solutions of ``dqn.q_values``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

q_values = entry("dqn.q_values", points=1, warm_up=True, reference=lambda W, s: W[s])


@q_values.mutant(
    "columns",
    "W is read down its columns, as if it were (A, S). Row s of W (S, A) has the A outputs of state s.",
)
def q_columns(W, s):
    return np.stack([W.T.ravel()[i * W.shape[1] : (i + 1) * W.shape[1]] for i in s])


@q_values.mutant(
    "best-only",
    "One number per state is returned, the largest. The network returns a value for every action; choosing "
    "comes later.",
)
def best_only(W, s):
    return W[s].max(axis=1)


@q_values.mutant(
    "relu-output",
    "Negative outputs have become 0, as a relu on the output does. V* on Taxi is often below 0.",
    "b15",
)
def relu_output(W, s):
    return np.maximum(W[s], 0.0)


@q_values.mutant(
    "softmax-output",
    "Every row sums to 1, as after a softmax, which turns values into probabilities. Q is measured in rewards.",
    "b15",
)
def softmax_output(W, s):
    e = np.exp(W[s] - W[s].max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@q_values.mutant(
    "state-as-number",
    "Every row is a multiple of row 0 of W, by the state's id: the id is used as a number. W is multiplied "
    "by one-hot rows, not by ids.",
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


@q_values.alternative_solution
def by_take(W, s):
    return np.take(W, s, axis=0)
