"""Reference, known mistakes and alternative solutions of ``chain.linear_jacobian``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def jacobian(W, b, x):
    """Row i of dp/dw holds x in the columns of W's row i, and 0 elsewhere."""
    return np.kron(np.eye(W.shape[0]), x)


linear_jacobian = entry("chain.linear_jacobian", points=4, reference=jacobian)


@linear_jacobian.mutant(
    "column-by-column",
    "Your columns follow W column by column. Here w is W read row by row (W.ravel()), so the weights of one output "
    "are adjacent.",
)
def column_by_column(W, b, x):
    m, n = W.shape
    J = np.zeros((m, m * n))
    for i in range(m):
        for j in range(n):
            J[i, j * m + i] = x[j]
    return J


@linear_jacobian.mutant(
    "transposed",
    "This is the transpose: (weights, outputs). Here row i belongs to output i, and column k to weight k.",
)
def jacobian_transposed(W, b, x):
    m = W.shape[0]
    return np.kron(np.eye(m), x).T


@linear_jacobian.mutant(
    "every-weight-feeds-every-output",
    "x is in every block. Output i depends on row i of W alone: the derivative with respect to all other weights is 0.",
)
def dense_blocks(W, b, x):
    m = W.shape[0]
    return np.tile(x, (m, m))


@linear_jacobian.mutant(
    "weights-instead-of-inputs",
    "The entries are weights: each row of W is in its own block. p_i = sum_j W_ij x_j + b_i: the derivative with respect to "
    "W_ij is its factor, x_j.",
)
def weights_instead_of_inputs(W, b, x):
    m, n = W.shape
    J = np.zeros((m, m * n))
    for i in range(m):
        J[i, i * n : (i + 1) * n] = W[i]
    return J


@linear_jacobian.mutant(
    "ones",
    "The pattern is right, but each entry is 1. Moving W_ij by a little moves p_i by x_j times as much.",
)
def ones(W, b, x):
    m, n = W.shape
    return np.kron(np.eye(m), np.ones(n))


@linear_jacobian.alternative_solution
def jacobian_by_blocks(W, b, x):
    m, n = W.shape
    J = np.zeros((m, m * n))
    for i in range(m):
        J[i, i * n : (i + 1) * n] = x
    return J


@linear_jacobian.alternative_solution
def jacobian_by_einsum(W, b, x):
    m, n = W.shape
    return np.einsum("ik,j->ikj", np.eye(m), x).reshape(m, m * n)
