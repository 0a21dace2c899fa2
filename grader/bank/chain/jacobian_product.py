"""Reference, known mistakes and alternative solutions of ``chain.jacobian_product``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

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
