"""Reference, known mistakes and alternative solutions of ``chain.linear_vjp``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

linear_vjp = entry("chain.linear_vjp", points=4, reference=lambda W, b, x, g: (np.outer(g, x), g.copy(), W.T @ g))


@linear_vjp.mutant(
    "not-transposed",
    "grad_x is W g where W is square, and elsewhere there is an error: forward is W x, backward is W^T g.",
    "a1",
)
def vjp_not_transposed(W, b, x, g):
    return np.outer(g, x), g.copy(), W @ g


@linear_vjp.mutant(
    "outer-turned",
    "grad_W is the transpose of what it should be, np.outer(x, g). dW has W's shape: one row for each output.",
    "a2",
)
def outer_turned(W, b, x, g):
    return np.outer(x, g), g.copy(), W.T @ g


@linear_vjp.mutant(
    "element-wise",
    "grad_W has the weights themselves in it: it is g_i W_ij. Every g_i belongs to every x_j: that is an outer "
    "product.",
    "a2",
)
def vjp_element_wise(W, b, x, g):
    return g[:, None] * W, g.copy(), W.T @ g


@linear_vjp.mutant(
    "bias-forgotten",
    "grad_b is zero. The bias is added to p as it is, so the gradient of p passes to it unchanged.",
)
def bias_forgotten(W, b, x, g):
    return np.outer(g, x), np.zeros_like(b), W.T @ g


@linear_vjp.mutant(
    "bias-times-bias",
    "grad_b is g * b. dp/db is 1, not b: look at the factor of b in p = W x + b.",
)
def bias_times_bias(W, b, x, g):
    return np.outer(g, x), g * b, W.T @ g


@linear_vjp.mutant(
    "gradient-not-passed-on",
    "grad_x does not depend on g: it is the column sums of W. Multiply by the gradient at p: W^T g.",
)
def gradient_not_passed_on(W, b, x, g):
    return np.outer(g, x), g.copy(), W.sum(axis=0)


@linear_vjp.alternative_solution
def vjp_by_broadcast(W, b, x, g):
    return g[:, None] * x[None, :], 1.0 * g, g @ W


@linear_vjp.alternative_solution
def vjp_by_einsum(W, b, x, g):
    return np.einsum("i,j->ij", g, x), np.einsum("i->i", g), np.einsum("ij,i->j", W, g)


@linear_vjp.alternative_solution
def vjp_through_the_jacobian(W, b, x, g):
    J = np.kron(np.eye(W.shape[0]), x)
    return (J.T @ g).reshape(W.shape), g, W.T @ g
