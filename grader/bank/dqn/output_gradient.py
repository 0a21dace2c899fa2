"""Reference, known mistakes and alternative solutions of ``dqn.output_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def known_gradient(q, action, y):
    """(q[b, a_b] - y_b) / B at the taken action, 0 elsewhere."""
    B = len(action)
    g = np.zeros_like(q)
    g[np.arange(B), action] = (q[np.arange(B), action] - y) / B
    return g


output_gradient = entry("dqn.output_gradient", points=4, reference=known_gradient)


@output_gradient.mutant(
    "untaken-to-zero",
    "The columns of untaken actions are not 0 but q / B, as if 0 were their target. No evidence, no error.",
    "b1",
)
def untaken_to_zero(q, action, y):
    i = np.arange(len(action))
    targets = np.zeros_like(q)
    targets[i, action] = y
    return (q - targets) / len(action)


@output_gradient.mutant(
    "y-everywhere",
    "Every action of a row is pulled to y. The sample gives evidence about one action only: the one that was taken.",
    "b1",
)
def y_everywhere(q, action, y):
    return (q - y[:, None]) / len(action)


@output_gradient.mutant(
    "over-A",
    "1/A of the gradient, as a mean over all outputs gives. How many errors does one sample really have?",
    "b2",
)
def over_all_outputs(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = (q[i, action] - y) / q.size
    return g


@output_gradient.mutant(
    "sign", "The sign is flipped. The loss is (Q - y)^2 / 2: what is its derivative with respect to Q?", "b14"
)
def output_sign(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = (y - q[i, action]) / len(action)
    return g


@output_gradient.mutant("lost-half", "Twice the gradient: the 1/2 of the loss cancels the 2 of the square.", "a8")
def output_lost_half(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = 2 * (q[i, action] - y) / len(action)
    return g


@output_gradient.mutant(
    "sum",
    "B times too large: the loss is a mean over the batch. If the batch is duplicated, a mean stays the same.",
    "a9",
)
def output_sum(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = q[i, action] - y
    return g


@output_gradient.mutant(
    "broadcast",
    "Every taken output is pulled to the *mean* of all targets, as happens where a (B, 1) column meets a (B,) row. "
    "Print both shapes before you subtract.",
    "b11",
)
def column_meets_row(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    block = q[i, action][:, None] - y
    g[i, action] = block.mean(axis=1) / len(action)
    return g


@output_gradient.mutant(
    "column-index",
    "Each sample's error is written into every row, as g[:, action] = ... does. Write one entry per row: "
    "which index selects the row?",
    "b12",
)
def all_rows(q, action, y):
    g = np.zeros_like(q)
    i = np.arange(len(action))
    g[:, action] = (q[i, action] - y) / len(action)
    return g


@output_gradient.mutant(
    "best-action",
    "The gradient is at the best action instead of the taken one. Which action did the reward come from?",
)
def at_best_action(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    best = q.argmax(axis=1)
    g[i, best] = (q[i, best] - y) / len(action)
    return g


@output_gradient.mutant(
    "clipped",
    "Errors beyond 1 count as 1. That is the Huber loss's derivative; this loss is a square.",
    "b18",
)
def output_clipped(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(q[i, action] - y, -1, 1) / len(action)
    return g


@output_gradient.mutant(
    "in-place",
    "The numbers are right, but the caller's q is overwritten. Make a new array.",
    "a19",
)
def output_in_place(q, action, y):
    i = np.arange(len(action))
    error = (q[i, action] - y) / len(action)
    q[:] = 0.0
    q[i, action] = error
    return q


@output_gradient.mutant(
    "over-nonzero",
    "The mean is taken over the samples whose error is not 0. A sample with zero error counts in B as well.",
)
def output_over_nonzero(q, action, y):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = q[i, action] - y
    return g / max(1, np.count_nonzero(g))


@output_gradient.alternative_solution
def by_mask(q, action, y):
    taken = np.arange(q.shape[1]) == action[:, None]
    return np.where(taken, q - y[:, None], 0.0) / len(q)


@output_gradient.alternative_solution
def by_loop(q, action, y):
    g = np.zeros(q.shape)
    for b in range(len(q)):
        g[b, action[b]] = (q[b, action[b]] - y[b]) / len(q)
    return g


@output_gradient.alternative_solution
def by_autograd(q, action, y):
    t = torch.tensor(q, requires_grad=True)
    loss = 0.5 * (t.gather(1, torch.tensor(action)[:, None]).squeeze(1) - torch.tensor(y)).square().mean()
    return torch.autograd.grad(loss, t)[0].numpy()
