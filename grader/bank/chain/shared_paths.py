"""Reference, known mistakes and alternative solutions of ``chain.shared_paths``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def both_paths(W, x, g):
    """grad W = g h^T through the second use plus delta x^T through the first."""
    h = np.tanh(W @ x)
    return np.outer(g, h) + np.outer((W.T @ g) * (1 - h**2), x)


shared_paths = entry("chain.shared_paths", points=4, reference=both_paths)


@shared_paths.mutant(
    "last-path-only",
    "Only the path through the second use of W is there. W is used twice, and each use sends a gradient back: paths add.",
    "a14",
)
def last_path_only(W, x, g):
    return np.outer(g, np.tanh(W @ x))


@shared_paths.mutant(
    "first-path-only",
    "Only the path through the first use of W is there. The gradient of the second use belongs to the same W: paths "
    "add.",
    "a14",
)
def first_path_only(W, x, g):
    h = np.tanh(W @ x)
    return np.outer((W.T @ g) * (1 - h**2), x)


@shared_paths.mutant(
    "paths-averaged",
    "Half of the gradient, as if the two paths were averaged. Nothing divides them in the chain rule: they add.",
)
def paths_averaged(W, x, g):
    h = np.tanh(W @ x)
    return (np.outer(g, h) + np.outer((W.T @ g) * (1 - h**2), x)) / 2


@shared_paths.mutant(
    "activation-left-out",
    "On the way to the first use the gradient crosses tanh, and its derivative 1 - h^2 is missing there.",
    "a3",
)
def shared_activation_left_out(W, x, g):
    h = np.tanh(W @ x)
    return np.outer(g, h) + np.outer(W.T @ g, x)


@shared_paths.mutant(
    "not-transposed",
    "The path to the first use of W has W g instead of W^T g: the gradient crosses W backward. A square matrix "
    "hides it from the shapes, not from the numbers.",
    "a1",
)
def shared_not_transposed(W, x, g):
    h = np.tanh(W @ x)
    return np.outer(g, h) + np.outer((W @ g) * (1 - h**2), x)


@shared_paths.mutant(
    "larger-path",
    "In each entry only the larger of the two paths' gradients is there. Both uses belong to the same W: add the paths.",
)
def larger_path(W, x, g):
    h = np.tanh(W @ x)
    late, early = np.outer(g, h), np.outer((W.T @ g) * (1 - h**2), x)
    return np.where(np.abs(early) > np.abs(late), early, late)


@shared_paths.alternative_solution
def shared_as_two(W, x, g):
    first, second = W, W
    h = np.tanh(first @ x)
    grad = np.zeros_like(W)
    grad += g[:, None] * h[None, :]
    grad += ((g @ second) / np.cosh(first @ x) ** 2)[:, None] * x[None, :]
    return grad


@shared_paths.alternative_solution
def shared_by_torch(W, x, g):
    w = torch.tensor(W, requires_grad=True)
    y = w @ torch.tanh(w @ torch.tensor(x))
    y.backward(torch.tensor(g))
    return w.grad.numpy()
