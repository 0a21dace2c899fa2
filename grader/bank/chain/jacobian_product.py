"""Reference, known mistakes and alternative solutions of ``chain.jacobian_product``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

jacobian_product = entry("chain.jacobian_product", points=2, reference=lambda J, g: J.T @ g)


@jacobian_product.mutant(
    "not-transposed",
    "Where J is square this is J g, and elsewhere an error. The gradient comes back through the transpose, J^T g; a "
    "square J hides that from the shapes, not from the numbers.",
    "a1",
)
def not_transposed(J, g):
    return J @ g


@jacobian_product.mutant(
    "element-wise",
    "A whole matrix comes back, each row of J times its own g_i. A weight reaches the loss through every output: its "
    "gradient is the sum over the outputs, which is what the matrix product does.",
    "a2",
)
def element_wise(J, g):
    return J * g[:, None]


@jacobian_product.mutant(
    "mean-over-outputs",
    "1/m of the gradient: the outputs' contributions are averaged where they add up.",
    "a11",
)
def product_mean(J, g):
    return J.T @ g / len(g)


@jacobian_product.mutant(
    "gradient-left-out",
    "This is the sum of the rows of J, as if every g_i were 1: how much each output matters to the loss is lost.",
)
def gradient_left_out(J, g):
    return J.sum(axis=0)


@jacobian_product.mutant(
    "factors-added-first",
    "This is the sum of J's rows times the sum of g: added first, then multiplied. The chain rule multiplies along "
    "each path first, then adds.",
)
def factors_added_first(J, g):
    return J.sum(axis=0) * g.sum()


@jacobian_product.mutant(
    "clipped",
    "Entries beyond 1 in size come back as 1 or -1, as np.clip(..., -1, 1) makes them. The product is the gradient as it is, "
    "however large.",
)
def product_clipped(J, g):
    return np.clip(J.T @ g, -1, 1)


@jacobian_product.alternative_solution
def row_times_matrix(J, g):
    return g @ J


@jacobian_product.alternative_solution
def weighted_rows(J, g):
    return (J * g[:, None]).sum(axis=0)


@jacobian_product.alternative_solution
def product_by_einsum(J, g):
    return np.einsum("iw,i->w", J, g)
