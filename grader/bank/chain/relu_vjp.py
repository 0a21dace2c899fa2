"""Reference, known mistakes and alternative solutions of ``chain.relu_vjp``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

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
    "The entries where g is positive are kept. The mask depends on the input of relu, z > 0, and not on g.",
)
def masked_by_gradient(z, g):
    return g * (g > 0)


@relu_vjp.mutant(
    "times-value",
    "This is g times relu(z), the value. The derivative of relu is its slope: 1 where z > 0, 0 elsewhere.",
)
def times_value(z, g):
    return g * np.maximum(z, 0)


@relu_vjp.mutant(
    "derivative-alone",
    "This is the derivative of relu alone, and g makes no difference. A vjp multiplies it with the gradient g that "
    "arrives.",
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
    "This is relu of z g. Backward does not repeat the function, it multiplies g by the function's slope.",
)
def relu_of_gradient(z, g):
    return np.maximum(z * g, 0)


@relu_vjp.mutant(
    "half-at-the-kink",
    "Everything is right except at z = 0 exactly, where half of g passes: this lesson (and PyTorch) takes the slope 0 there.",
)
def half_at_the_kink(z, g):
    return g * (np.sign(z) + 1) / 2


@relu_vjp.mutant(
    "closed-above-6",
    "Right below z = 6; from there on nothing passes, as in relu6. The slope of relu is 1 for every z above 0.",
)
def relu_closed_above_6(z, g):
    return g * ((z > 0) & (z < 6))


@relu_vjp.alternative_solution
def relu_by_where(z, g):
    return np.where(z > 0, g, 0.0)


@relu_vjp.alternative_solution
def relu_by_copy_and_zero(z, g):
    out = g.copy()
    out[z <= 0] = 0
    return out


@relu_vjp.alternative_solution
def relu_by_heaviside(z, g):
    return np.heaviside(z, 0.0) * g
