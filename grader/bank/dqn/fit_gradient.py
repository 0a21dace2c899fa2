"""Reference, known mistakes and alternative solutions of ``dqn.fit_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry

fit_gradient = entry("dqn.fit_gradient", points=3, reference=lambda q, targets: (q - targets) / len(q))


@fit_gradient.mutant(
    "over-A",
    "1/A of the gradient: mse_loss and Keras' fit average over the outputs too, though only one of the A errors is not 0. "
    "Sum over actions, mean over the batch.",
    "b2",
)
def fit_over_a(q, targets):
    return (q - targets) / q.size


@fit_gradient.mutant("sum", "B times too large: a mean over the batch is asked for.", "a9")
def fit_sum(q, targets):
    return q - targets


@fit_gradient.mutant("sign", "The other way round: targets minus outputs climbs the loss.", "b14")
def fit_sign(q, targets):
    return (targets - q) / len(q)


@fit_gradient.mutant("lost-half", "Twice the gradient. Is there a 1/2 in the loss?", "a8")
def fit_lost_half(q, targets):
    return 2 * (q - targets) / len(q)


@fit_gradient.mutant(
    "mse-loss",
    "2/A of the gradient: exactly what torch's mse_loss gives. It has no 1/2, and it divides by A as well as by B.",
    "b2",
)
def fit_mse(q, targets):
    t = torch.tensor(q, requires_grad=True)
    return torch.autograd.grad(torch.nn.functional.mse_loss(t, torch.tensor(targets)), t)[0].numpy()


@fit_gradient.mutant(
    "summed-actions",
    "One number per sample: the sum over the actions belongs to the loss. Its gradient keeps a place for every output.",
)
def fit_summed(q, targets):
    return (q - targets).sum(axis=1) / len(q)


@fit_gradient.alternative_solution
def fit_by_autograd(q, targets):
    t = torch.tensor(q, requires_grad=True)
    loss = 0.5 * (t - torch.tensor(targets)).square().sum(dim=1).mean()
    return torch.autograd.grad(loss, t)[0].numpy()


@fit_gradient.alternative_solution
def fit_scaled(q, targets):
    return q.shape[0] ** -1 * np.subtract(q, targets)
