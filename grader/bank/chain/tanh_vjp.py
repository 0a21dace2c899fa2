"""Reference, known mistakes and alternative solutions of ``chain.tanh_vjp``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

tanh_vjp = entry("chain.tanh_vjp", points=2, reference=lambda z, g: g * (1 - np.tanh(z) ** 2))


@tanh_vjp.mutant(
    "activation-left-out",
    "The gradient comes back as it went in: the derivative of tanh is missing. Every node that the gradient crosses "
    "multiplies.",
    "a3",
)
def tanh_left_out(z, g):
    return g.copy()


@tanh_vjp.mutant(
    "square-lost",
    "The factor is 1 - tanh(z); the derivative is 1 - tanh(z)^2. At tanh(z) = 0.5 that is 0.75, not 0.5: square it.",
    "a6",
)
def square_lost(z, g):
    return g * (1 - np.tanh(z))


@tanh_vjp.mutant(
    "output-taken-for-input",
    "The factor is 1 - tanh(tanh(z))^2, with tanh taken twice. Is your argument z, or already the output?",
    "a4",
)
def output_taken_for_input(z, g):
    a = np.tanh(z)
    return g * (1 - np.tanh(a) ** 2)


@tanh_vjp.mutant(
    "input-taken-for-output",
    "The factor is 1 - z^2. The short form 1 - a^2 is meant for the output a = tanh(z): with z = 2 yours is -3, and "
    "the slope of tanh is never negative.",
    "a5",
)
def input_taken_for_output(z, g):
    return g * (1 - z**2)


@tanh_vjp.mutant(
    "sigmoid-slope",
    "The factor is a (1 - a) with a = tanh(z). That is the slope of the sigmoid in terms of its output; for tanh it "
    "is 1 - a^2.",
    "a5",
)
def sigmoid_slope(z, g):
    a = np.tanh(z)
    return g * a * (1 - a)


@tanh_vjp.mutant(
    "clipped",
    "Entries beyond 1 in size come back as 1 or -1. The slope of tanh is at most 1, but g is not: multiply, and leave the "
    "product as it is.",
)
def tanh_clipped(z, g):
    return np.clip(g * (1 - np.tanh(z) ** 2), -1, 1)


@tanh_vjp.alternative_solution
def tanh_by_cosh(z, g):
    return g / np.cosh(z) ** 2


@tanh_vjp.alternative_solution
def tanh_by_factors(z, g):
    a = np.tanh(z)
    return g * (1 + a) * (1 - a)


@tanh_vjp.alternative_solution
def tanh_by_exponentials(z, g):
    return 4 * g / (np.exp(z) + np.exp(-z)) ** 2
