"""Reference, known mistakes and alternative solutions of ``dqn.weight_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def scatter_add(state, g, n_states):
    """Row s of the gradient is the sum of g_b over the samples with state s: one_hot(state).T @ g."""
    grad = np.zeros((n_states, g.shape[1]))
    np.add.at(grad, state, g)
    return grad


weight_gradient = entry("dqn.weight_gradient", points=4, reference=scatter_add)


@weight_gradient.mutant(
    "last-wins",
    "A state that occurs twice in the batch keeps only its last sample, as with grad[state] = g and "
    "grad[state] += g in NumPy. Paths add.",
    "a14",
)
def last_wins(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    grad[state] += g
    return grad


@weight_gradient.mutant(
    "averaged-repeats",
    "A repeated state gets the mean of its samples. The 1/B of the loss is in g already; here they add up.",
    "a10",
)
def averaged_repeats(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    np.add.at(grad, state, g)
    count = np.bincount(state, minlength=n_states)
    return grad / np.maximum(count, 1)[:, None]


@weight_gradient.mutant(
    "over-B-again", "1/B of the gradient: g has been averaged already. Where did the first division happen?", "a10"
)
def over_b_again(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    np.add.at(grad, state, g)
    return grad / len(state)


@weight_gradient.mutant(
    "state-as-number",
    "Each row is multiplied by its id: the gradient grows with s. The input at place s is 1, not s.",
    "b16",
)
def weighted_by_id(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    np.add.at(grad, state, state[:, None] * g)
    return grad


@weight_gradient.mutant(
    "every-row",
    "All rows of W get the same gradient, including those of states that are not in the batch. What is the "
    "input at the place of such a state?",
)
def every_row(state, g, n_states):
    return np.tile(g.sum(axis=0), (n_states, 1))


@weight_gradient.mutant(
    "sign",
    "This is the negative of the gradient: the minus sign belongs to the step, not to the gradient.",
    "a7",
)
def weight_sign(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    np.add.at(grad, state, -g)
    return grad


@weight_gradient.mutant(
    "transposed",
    "The shape is (A, S): W is (S, A) here, and its gradient has the same shape.",
    "a1",
)
def weight_transposed(state, g, n_states):
    return g.T @ np.eye(n_states)[state]


@weight_gradient.alternative_solution
def by_matmul(state, g, n_states):
    return np.eye(n_states)[state].T @ g


@weight_gradient.alternative_solution
def by_bincount(state, g, n_states):
    A = g.shape[1]
    cells = state[:, None] * A + np.arange(A)
    return np.bincount(cells.ravel(), g.ravel(), n_states * A).reshape(n_states, A)


@weight_gradient.alternative_solution
def by_rows(state, g, n_states):
    grad = np.zeros((n_states, g.shape[1]))
    for s, row in zip(state, g, strict=True):
        grad[s] += row
    return grad


@weight_gradient.alternative_solution
def by_comparison(state, g, n_states):
    return (np.arange(n_states)[:, None] == state).astype(float) @ g
