"""References, mistakes and other right ways: the linear layer, by its Jacobian and by its vjp."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry


def jacobian(W, b, x):
    """Row i of dp/dw holds x in the columns of W's row i, and 0 elsewhere."""
    return np.kron(np.eye(W.shape[0]), x)


linear_jacobian = entry("chain.linear_jacobian", points=4, reference=jacobian)


@linear_jacobian.mutant(
    "column-by-column",
    "Your columns follow W column by column. Here w is W read row by row (W.ravel()), so the weights of one output "
    "stand side by side.",
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
    "You have x in every block. Output i depends on row i of W alone: the derivative by all other weights is 0.",
)
def dense_blocks(W, b, x):
    m = W.shape[0]
    return np.tile(x, (m, m))


@linear_jacobian.mutant(
    "weights-instead-of-inputs",
    "Your entries are weights. p_i = sum_j W_ij x_j + b_i: the derivative by W_ij is what W_ij is multiplied by, x_j.",
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


jacobian_product = entry("chain.jacobian_product", points=2, reference=lambda J, g: J.T @ g)


@jacobian_product.mutant(
    "not-transposed",
    "You multiply J by g. Shapes say no, except where J is square, and there the answer is silently wrong: the gradient "
    "comes back through the transpose, J^T g.",
    "a1",
)
def not_transposed(J, g):
    return J @ g


@jacobian_product.mutant(
    "element-wise",
    "`*` multiplies entry by entry and leaves a whole matrix. A weight reaches the loss through every output: its "
    "gradient is the sum over the outputs, which is what the matrix product does.",
    "a2",
)
def element_wise(J, g):
    return J * g[:, None]


@jacobian_product.mutant(
    "mean-over-outputs",
    "You average over the outputs where their contributions add up: the result is 1/m of the gradient.",
    "a11",
)
def product_mean(J, g):
    return J.T @ g / len(g)


@jacobian_product.mutant(
    "gradient-left-out",
    "You add up the rows of J without weighing them by g: how much each output matters to the loss is lost.",
)
def gradient_left_out(J, g):
    return J.sum(axis=0)


@jacobian_product.mutant(
    "factors-added-first",
    "You add up each factor before multiplying. The chain rule multiplies along each path first, and adds then.",
)
def factors_added_first(J, g):
    return J.sum(axis=0) * g.sum()


@jacobian_product.alternative_solution
def row_times_matrix(J, g):
    return g @ J


@jacobian_product.alternative_solution
def weighted_rows(J, g):
    return (J * g[:, None]).sum(axis=0)


@jacobian_product.alternative_solution
def product_by_einsum(J, g):
    return np.einsum("iw,i->w", J, g)


linear_vjp = entry("chain.linear_vjp", points=4, reference=lambda W, b, x, g: (np.outer(g, x), g.copy(), W.T @ g))


@linear_vjp.mutant(
    "not-transposed",
    "grad_x uses W where W^T belongs. A square layer hides it; a layer with other numbers in and out does not: forward "
    "is W x, backward is W^T g.",
    "a1",
)
def vjp_not_transposed(W, b, x, g):
    return np.outer(g, x), g.copy(), W @ g


@linear_vjp.mutant(
    "outer-turned",
    "grad_W is np.outer(x, g), the transpose. dW has W's shape: one row for each output.",
    "a2",
)
def outer_turned(W, b, x, g):
    return np.outer(x, g), g.copy(), W.T @ g


@linear_vjp.mutant(
    "element-wise",
    "grad_W should be an outer product, every g_i with every x_j. `*` of a column g and W itself mixes in the weights.",
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
    "grad_b is g * b. dp/db is 1, not b: look at what b is multiplied by in p = W x + b.",
)
def bias_times_bias(W, b, x, g):
    return np.outer(g, x), g * b, W.T @ g


@linear_vjp.mutant(
    "gradient-not-passed-on",
    "grad_x does not see g: you return the column sums of W. What arrives at p must be multiplied in, W^T g.",
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
