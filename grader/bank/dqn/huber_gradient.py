"""Reference, known mistakes and alternative solutions of ``dqn.huber_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def clipped_slope(q, action, y, kappa):
    """The slope of the Huber loss is the error, clipped to [-kappa, kappa]."""
    B = len(action)
    g = np.zeros_like(q)
    g[np.arange(B), action] = np.clip(q[np.arange(B), action] - y, -kappa, kappa) / B
    return g


huber_gradient = entry("dqn.huber_gradient", points=3, reference=clipped_slope)


@huber_gradient.mutant(
    "clipped-signal",
    "Beyond kappa the gradient is 0, as it is where the error is clipped *inside* the loss: a clipped "
    "number has derivative 0, and such a sample never learns. Clip the derivative, not the error inside the"
    " loss.",
    "b18",
)
def clipped_signal(q, action, y, kappa):
    t = torch.tensor(q, requires_grad=True)
    error = t.gather(1, torch.tensor(action)[:, None]).squeeze(1) - torch.tensor(y)
    loss = 0.5 * error.clamp(-kappa, kappa).square().mean()
    return torch.autograd.grad(loss, t)[0].numpy()


@huber_gradient.mutant(
    "square",
    "Errors beyond kappa count in full: this is still the derivative of the square.",
)
def still_square(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = (q[i, action] - y) / len(action)
    return g


@huber_gradient.mutant(
    "sign-only", "Every error counts as kappa. Below kappa the loss is a square, and its derivative is the error."
)
def sign_only(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = kappa * np.sign(q[i, action] - y) / len(action)
    return g


@huber_gradient.mutant(
    "bend-at-one",
    "The threshold is 1, whatever kappa is. DQN's clipping to [-1, 1] is the case kappa = 1.",
)
def bend_at_one(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(q[i, action] - y, -1.0, 1.0) / len(action)
    return g


@huber_gradient.mutant(
    "one-sided",
    "Only errors above kappa are clipped; those below -kappa are not. The threshold applies on both sides.",
)
def one_sided(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.minimum(q[i, action] - y, kappa) / len(action)
    return g


@huber_gradient.mutant(
    "clipped-after-mean",
    "The threshold is B kappa, as it is where errors are divided by B first and clipped afterwards. Clip "
    "each error, then average.",
)
def clipped_after_mean(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip((q[i, action] - y) / len(action), -kappa, kappa)
    return g


@huber_gradient.mutant(
    "sign",
    "This is the negative of the gradient: does the loss fall after a step of descent?",
    "b14",
)
def huber_sign(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(y - q[i, action], -kappa, kappa) / len(action)
    return g


@huber_gradient.mutant(
    "over-kappa",
    "1/kappa of the gradient, which is what torch's smooth_l1_loss(beta=kappa) gives. The Huber loss's "
    "derivative is the error itself below kappa, and kappa beyond.",
)
def over_kappa(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(q[i, action] - y, -kappa, kappa) / kappa / len(action)
    return g


@huber_gradient.alternative_solution
def huber_by_torch(q, action, y, kappa):
    t = torch.tensor(q, requires_grad=True)
    taken = t.gather(1, torch.tensor(action)[:, None]).squeeze(1)
    loss = torch.nn.functional.huber_loss(taken, torch.tensor(y), delta=kappa)
    return torch.autograd.grad(loss, t)[0].numpy()


@huber_gradient.alternative_solution
def huber_by_cases(q, action, y, kappa):
    g = np.zeros_like(q)
    for b, a in enumerate(action):
        e = q[b, a] - y[b]
        g[b, a] = e if abs(e) <= kappa else kappa * (1 if e > 0 else -1)
    return g / len(q)


@huber_gradient.alternative_solution
def huber_by_sign_and_size(q, action, y, kappa):
    error = np.take_along_axis(q, action[:, None], axis=1)[:, 0] - y
    slope = np.sign(error) * np.minimum(np.abs(error), kappa)
    return np.where(np.arange(q.shape[1]) == action[:, None], slope[:, None], 0.0) / len(y)
