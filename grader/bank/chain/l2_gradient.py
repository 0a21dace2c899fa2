"""Reference, known mistakes and alternative solutions of ``chain.l2_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

l2_gradient = entry("chain.l2_gradient", points=2, warm_up=True, reference=lambda p, l: p - l)


@l2_gradient.mutant(
    "label-minus-prediction",
    "Your gradient points the other way: it is label minus prediction. Take one step of descent with it: did the loss "
    "fall?",
    "a7",
)
def label_minus_prediction(p, l):
    return l - p


@l2_gradient.mutant(
    "lost-half",
    "Every entry is twice too large. Write the loss down first: the 1/2 is there to cancel the 2 of the square.",
    "a8",
)
def lost_half(p, l):
    return 2 * (p - l)


@l2_gradient.mutant(
    "half-twice",
    "Every entry is half of what it should be. The 1/2 of the loss and the 2 of the square cancel; nothing is left over.",
    "a8",
)
def half_twice(p, l):
    return 0.5 * (p - l)


@l2_gradient.mutant(
    "mean-over-outputs",
    "1/n of the gradient, with n the number of outputs. This loss is a sum over the outputs, so no 1/n appears in its "
    "gradient.",
    "a11",
)
def mean_over_outputs(p, l):
    return (p - l) / len(p)


@l2_gradient.mutant(
    "loss-not-slope",
    "These are the terms of the loss, 1/2 (p - l)^2, not their slopes. The gradient says how the loss changes, and has a sign.",
)
def loss_not_slope(p, l):
    return 0.5 * (p - l) ** 2


@l2_gradient.mutant(
    "distance",
    "The sizes are right, the signs are gone. |p - l| cannot say in which direction the prediction should move.",
)
def distance(p, l):
    return np.abs(p - l)


@l2_gradient.mutant(
    "in-place",
    "The numbers are right, but p itself comes back changed, for example because -= works in place: computing a "
    "gradient must not change its inputs.",
    "a19",
)
def in_place(p, l):
    p -= l
    return p


@l2_gradient.mutant(
    "clipped",
    "Entries beyond 1 in size come back as 1 or -1, as np.clip(..., -1, 1) makes them. Large errors have large gradients: "
    "nothing in this loss bounds them.",
)
def l2_clipped(p, l):
    return np.clip(p - l, -1, 1)


@l2_gradient.alternative_solution
def by_subtract(p, l):
    return np.subtract(p, l)


@l2_gradient.alternative_solution
def by_loop(p, l):
    gradient = np.zeros(len(p))
    for i in range(len(p)):
        gradient[i] = p[i] - l[i]
    return gradient


@l2_gradient.alternative_solution
def by_negative(p, l):
    return -(l - p)
