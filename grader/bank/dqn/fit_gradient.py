"""Reference, known mistakes and alternative solutions of ``dqn.fit_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry

fit_gradient = entry("dqn.fit_gradient", points=3, warm_up=True, reference=lambda q, targets: (q - targets) / len(q))


@fit_gradient.mutant(
    "over-A",
    "1/A of the gradient, as a mean over the outputs gives (mse_loss and Keras' mse compute one). Sum over "
    "actions, mean over the batch.",
    "b2",
)
def fit_over_a(q, targets):
    return (q - targets) / q.size


@fit_gradient.mutant("sum", "B times too large: the loss is a mean over the batch.", "a9")
def fit_sum(q, targets):
    return q - targets


@fit_gradient.mutant("sign", "The sign is flipped: targets minus outputs ascends the loss.", "b14")
def fit_sign(q, targets):
    return (targets - q) / len(q)


@fit_gradient.mutant(
    "lost-half",
    "Twice the gradient. The 1/2 of the loss cancels the 2 of the square.",
    "a8",
)
def fit_lost_half(q, targets):
    return 2 * (q - targets) / len(q)


@fit_gradient.mutant(
    "mse-loss",
    "2/A of the gradient, which is what torch's mse_loss gives: it has no 1/2, and it divides by A as well as by B.",
    "b2",
)
def fit_mse(q, targets):
    t = torch.tensor(q, requires_grad=True)
    return torch.autograd.grad(torch.nn.functional.mse_loss(t, torch.tensor(targets)), t)[0].numpy()


@fit_gradient.mutant(
    "summed-actions",
    "One number per sample, the sum over the actions. That sum belongs to the loss; its gradient has an "
    "entry for every output.",
)
def fit_summed(q, targets):
    return (q - targets).sum(axis=1) / len(q)


@fit_gradient.mutant(
    "over-nonzero",
    "The errors are divided by the number of errors that are not 0. The mean is over the batch, B rows, "
    "whatever they contain.",
)
def fit_over_nonzero(q, targets):
    return (q - targets) / max(1, np.count_nonzero(q - targets))


@fit_gradient.mutant(
    "largest-error-only",
    "In each row only the largest error has a gradient. In the lesson's targets there is one error a row; the loss counts "
    "them all.",
)
def fit_largest_only(q, targets):
    error = q - targets
    return np.where(np.abs(error) == np.abs(error).max(axis=1, keepdims=True), error, 0.0) / len(q)


@fit_gradient.alternative_solution
def fit_by_autograd(q, targets):
    t = torch.tensor(q, requires_grad=True)
    loss = 0.5 * (t - torch.tensor(targets)).square().sum(dim=1).mean()
    return torch.autograd.grad(loss, t)[0].numpy()


@fit_gradient.alternative_solution
def fit_scaled(q, targets):
    return q.shape[0] ** -1 * np.subtract(q, targets)


@fit_gradient.alternative_solution
def fit_row_by_row(q, targets):
    return np.stack([(row - target) / len(q) for row, target in zip(q, targets, strict=True)])
