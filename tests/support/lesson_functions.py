"""A student's right functions, as the drawings of gradients take them, and one careless step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def mlp_backward(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, G: Any) -> Any:
    H = np.tanh(X @ W1.T + b1)
    Delta = (G @ W2) * (1 - H**2)
    return Delta.T @ X, Delta.sum(0), G.T @ H, G.sum(0), Delta @ W1


def linear_vjp(W: Any, b: Any, x: Any, g: Any) -> Any:
    return np.outer(g, x), g.copy(), W.T @ g


def tanh_vjp(z: Any, g: Any) -> Any:
    return g * (1 - np.tanh(z) ** 2)


def semi_gradient(W: Any, W_target: Any, s: Any, a: Any, r: Any, s_next: Any, terminated: Any, gamma: float) -> Any:
    y = r + gamma * (1.0 - terminated) * W_target[s_next].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (s, a), (W[s, a] - y) / len(s))
    return grad


def residual_gradient(W: Any, s: Any, a: Any, r: Any, s_next: Any, terminated: Any, gamma: float) -> Any:
    best, onward = W[s_next].argmax(axis=1), gamma * (1.0 - terminated)
    error = (W[s, a] - r - onward * W[s_next, best]) / len(s)
    grad = np.zeros_like(W)
    np.add.at(grad, (s, a), error)
    np.add.at(grad, (s_next, best), -onward * error)
    return grad


def actor_loss_direct(actor: Any, critic: Any, batch: Any) -> Any:
    return -critic(batch.obs, actor(batch.obs)).mean()


def actor_step(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
    parameters = list(actor.parameters())
    gradients = torch.autograd.grad(actor_loss_direct(actor, critic, batch), parameters)
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g
    optimizer.step()


def careless_step(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
    optimizer.zero_grad()
    actor_loss_direct(actor, critic, batch).backward()
    optimizer.step()
