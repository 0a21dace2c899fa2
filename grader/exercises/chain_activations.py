"""References, mistakes and other right ways: relu and tanh."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry

relu_vjp = entry("chain.relu_vjp", points=2, reference=lambda z, g: g * (z > 0))


@relu_vjp.mutant(
    "activation-left-out",
    "The gradient comes back as it went in: the derivative of relu is missing. Every node that the gradient crosses "
    "multiplies; where z < 0 relu blocks it.",
    "a3",
)
def relu_left_out(z, g):
    return g.copy()


@relu_vjp.mutant(
    "masked-by-gradient",
    "You keep the entries where g is positive. What relu remembers is its own input: the mask is z > 0.",
)
def masked_by_gradient(z, g):
    return g * (g > 0)


@relu_vjp.mutant(
    "times-value",
    "You multiply by relu(z), the value. The derivative of relu is its slope: 1 where z > 0, 0 elsewhere.",
)
def times_value(z, g):
    return g * np.maximum(z, 0)


@relu_vjp.mutant(
    "derivative-alone",
    "This is the derivative of relu alone. A vjp multiplies it with the gradient g that arrives.",
)
def relu_derivative_alone(z, g):
    return (z > 0).astype(float)


@relu_vjp.mutant(
    "kink-open",
    "Everything is right except at z = 0 exactly: this lesson (and PyTorch) takes the slope 0 there, so the mask is "
    "z > 0, not z >= 0.",
)
def kink_open(z, g):
    return g * (z >= 0)


@relu_vjp.mutant(
    "relu-of-gradient",
    "You apply relu again, to the gradient. Backward does not repeat the function, it multiplies by its slope.",
)
def relu_of_gradient(z, g):
    return np.maximum(z * g, 0)


@relu_vjp.alternative_solution
def relu_by_where(z, g):
    return np.where(z > 0, g, 0.0)


@relu_vjp.alternative_solution
def relu_by_copy_and_zero(z, g):
    out = g.copy()
    out[z <= 0] = 0
    return out


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
    "You have 1 - tanh(z); the derivative is 1 - tanh(z)^2. At tanh(z) = 0.5 that is 0.75, not 0.5: square it.",
    "a6",
)
def square_lost(z, g):
    return g * (1 - np.tanh(z))


@tanh_vjp.mutant(
    "output-taken-for-input",
    "You apply tanh twice: 1 - tanh(tanh(z))^2. Is your argument z, or already the output?",
    "a4",
)
def output_taken_for_input(z, g):
    a = np.tanh(z)
    return g * (1 - np.tanh(a) ** 2)


@tanh_vjp.mutant(
    "input-taken-for-output",
    "You have 1 - z^2. The short form 1 - a^2 is meant for the output a = tanh(z): with z = 2 yours is -3, and the slope "
    "of tanh is never negative.",
    "a5",
)
def input_taken_for_output(z, g):
    return g * (1 - z**2)


@tanh_vjp.mutant(
    "sigmoid-slope",
    "a (1 - a) is the slope of the sigmoid. For tanh it is 1 - a^2.",
    "a5",
)
def sigmoid_slope(z, g):
    a = np.tanh(z)
    return g * a * (1 - a)


@tanh_vjp.alternative_solution
def tanh_by_cosh(z, g):
    return g / np.cosh(z) ** 2


@tanh_vjp.alternative_solution
def tanh_by_factors(z, g):
    a = np.tanh(z)
    return g * (1 + a) * (1 - a)
