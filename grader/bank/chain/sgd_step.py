"""Reference, known mistakes and alternative solutions of ``chain.sgd_step``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

sgd_step = entry(
    "chain.sgd_step",
    points=2,
    warm_up=True,
    reference=lambda params, grads, lr: [p - lr * g for p, g in zip(params, grads, strict=True)],
)


@sgd_step.mutant("uphill", "Your step adds the gradient: that climbs the loss. Descent subtracts it.", "a7")
def sgd_uphill(params, grads, lr):
    return [p + lr * g for p, g in zip(params, grads, strict=True)]


@sgd_step.mutant(
    "step-size-forgotten",
    "The whole gradient is subtracted, whatever lr is. Multiply it by lr.",
)
def step_size_forgotten(params, grads, lr):
    return [p - g for p, g in zip(params, grads, strict=True)]


@sgd_step.mutant(
    "in-place",
    "The values are right, but the caller's arrays are changed too, for example because `p -= ...` works in place. "
    "Return new arrays.",
    "a19",
)
def sgd_in_place(params, grads, lr):
    for p, g in zip(params, grads, strict=True):
        p -= lr * g
    return params


@sgd_step.mutant("first-only", "Only the first array is stepped; the others come back as they were.")
def first_only(params, grads, lr):
    return [params[0] - lr * grads[0], *params[1:]]


@sgd_step.mutant(
    "divides",
    "The step is the gradient divided by lr. A smaller step size must give a smaller step: multiply.",
)
def divides(params, grads, lr):
    return [p - g / lr for p, g in zip(params, grads, strict=True)]


@sgd_step.mutant(
    "clipped",
    "The steps are those of gradients clipped to [-1, 1]. Plain SGD takes the gradient as it is, however large.",
)
def sgd_clipped(params, grads, lr):
    return [p - lr * np.clip(g, -1, 1) for p, g in zip(params, grads, strict=True)]


@sgd_step.mutant(
    "lr-shared-out",
    "Every step is lr divided by the number of arrays. Each array steps by the whole lr; try a list of one and of two.",
)
def lr_shared_out(params, grads, lr):
    return [p - lr / len(params) * g for p, g in zip(params, grads, strict=True)]


@sgd_step.alternative_solution
def sgd_as_tuple(params, grads, lr):
    return tuple(np.subtract(p, np.multiply(lr, g)) for p, g in zip(params, grads, strict=True))


@sgd_step.alternative_solution
def sgd_by_index(params, grads, lr):
    stepped = []
    for i in range(len(params)):
        new = params[i].copy()
        new -= grads[i] * lr
        stepped.append(new)
    return stepped


@sgd_step.alternative_solution
def sgd_by_map(params, grads, lr):
    return list(map(lambda p, g: p + (-lr) * g, params, grads))
