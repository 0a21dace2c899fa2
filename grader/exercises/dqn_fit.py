"""References, mistakes and other right ways: the `fit` trick."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.registry import entry


def own_output_but_taken(q, action, y):
    """The network's own outputs, with y in the place of the taken action."""
    targets = q.copy()
    targets[np.arange(len(q)), action] = y
    return targets


fit_targets = entry("dqn.fit_targets", points=2, reference=own_output_but_taken)


@fit_targets.mutant(
    "untaken-to-zero",
    "Untaken actions have the target 0. A target equal to the network's own output makes no error; 0 makes one.",
    "b1",
)
def targets_zero(q, action, y):
    targets = np.zeros_like(q)
    targets[np.arange(len(q)), action] = y
    return targets


@fit_targets.mutant("y-everywhere", "Every action has y as its target. What did the sample say about the others?")
def targets_y(q, action, y):
    return np.repeat(y[:, None], q.shape[1], axis=1)


@fit_targets.mutant(
    "in-place",
    "The targets are right, but q has changed with them: `targets = q` is the same array. Then q - targets is 0 "
    "everywhere, and nothing is ever learned. Copy it.",
    "a19",
)
def targets_alias(q, action, y):
    targets = q
    targets[np.arange(len(q)), action] = y
    return targets


@fit_targets.mutant("every-row", "targets[:, action] = y writes into every row. One entry per row.", "b12")
def targets_every_row(q, action, y):
    targets = q.copy()
    targets[:, action] = y
    return targets


@fit_targets.mutant("errors", "The TD error stands where the target belongs: fit subtracts by itself.")
def targets_errors(q, action, y):
    targets = q.copy()
    i = np.arange(len(q))
    targets[i, action] = y - q[i, action]
    return targets


@fit_targets.alternative_solution
def targets_by_where(q, action, y):
    return np.where(np.arange(q.shape[1]) == action[:, None], y[:, None], q)


@fit_targets.alternative_solution
def targets_put_along(q, action, y):
    targets = np.array(q)
    np.put_along_axis(targets, action[:, None], y[:, None], axis=1)
    return targets


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
