"""Wrong answers to three exercises, as students write them, for the live check of the landing page.

Each is examined by the real check while the site is built. The page shows the label, the first line and the card, and
no code: a wrong answer is nearly a right one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class LiveAnswer(NamedTuple):
    """A wrong answer: which exercise, a short label for the button, and the function itself."""

    exercise: str
    label: str
    function: Callable[..., Any]


def sign_flipped(q, action, y):  # type: ignore[no-untyped-def]
    """The gradient is label minus prediction."""
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (y - q[rows, action]) / len(q)
    return g


def mean_over_a(q, action, y):  # type: ignore[no-untyped-def]
    """The loss is averaged over the actions too."""
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / q.size
    return g


def untaken_to_zero(q, action, y):  # type: ignore[no-untyped-def]
    """The actions that were not taken get a target of 0."""
    target = np.zeros_like(q)
    target[np.arange(len(q)), action] = y
    return (q - target) / len(q)


def column_minus_row(q, action, y):  # type: ignore[no-untyped-def]
    """(B, 1) minus (B,) broadcasts to (B, B), and the mean hides it."""
    rows = np.arange(len(q))[:, None]
    error = q[rows, action[:, None]] - y
    g = np.zeros_like(q)
    g[rows, action[:, None]] = error.mean(axis=1, keepdims=True) / len(q)
    return g


def tanh_left_out(W1, b1, W2, b2, X, G):  # type: ignore[no-untyped-def]
    """The backward pass skips the activation."""
    H = np.tanh(X @ W1.T + b1)
    delta = G @ W2
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


def bias_per_sample(W1, b1, W2, b2, X, G):  # type: ignore[no-untyped-def]
    """The bias gradients keep one row for each sample."""
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X, delta, G.T @ H, G, delta @ W1


def critic_gradient_left(actor, critic, optimizer, batch):  # type: ignore[no-untyped-def]
    """loss.backward() also fills the critic's .grad, and the next critic step applies it."""
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()


def detached_action(actor, critic, optimizer, batch):  # type: ignore[no-untyped-def]
    """The action is detached, which cuts the path to the actor."""
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs).detach()).mean()).backward()
    optimizer.step()


ANSWERS = (
    LiveAnswer("dqn.output_gradient", "sign flipped", sign_flipped),
    LiveAnswer("dqn.output_gradient", "mean over actions", mean_over_a),
    LiveAnswer("dqn.output_gradient", "target 0 if not taken", untaken_to_zero),
    LiveAnswer("dqn.output_gradient", "broadcast to (B, B)", column_minus_row),
    LiveAnswer("chain.mlp_backward", "tanh left out", tanh_left_out),
    LiveAnswer("chain.mlp_backward", "bias not summed", bias_per_sample),
    LiveAnswer("ddpg.actor_step", "critic's .grad kept", critic_gradient_left),
    LiveAnswer("ddpg.actor_step", "action detached", detached_action),
)
