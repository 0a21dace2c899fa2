"""Chapter 2: losses, and slopes measured from them, that several oracles share. They take complex numbers too."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array, complex_step, complex_step_at_once


def episode_value(reward: float, after: Any, over: bool, gamma: float) -> Any:
    """The discounted worth of a step: the reward now, and, if the world goes on, `after` one step later."""
    return np.polyval(np.array([reward] if over else [after, reward]), gamma)


def squared_loss(q: Array, action: Array, y: Array) -> Any:
    """L = 1/2 mean_b (q[b, action_b] - y_b)^2."""
    return 0.5 * sum((row[a] - t) ** 2 for row, a, t in zip(q, action, np.ravel(y), strict=True)) / len(q)


def gradient_in_outputs(a: Args) -> Array:
    """dL/dq (B, A) by complex steps of the loss of the taken actions."""
    return complex_step(lambda q: squared_loss(q, a["action"], a["y"]), a["q"])


def td_losses(W: Array, W_target: Array, a: Args) -> Array:
    """L = 1/2 mean_b (W[s, a] - y)^2 with y from W_target, for each of K pairs of networks (K, S, A)."""
    after = W_target[:, a["next_state"]]
    first_best = after.real.argmax(axis=2)[:, :, None]
    future = a["gamma"] * np.take_along_axis(after, first_best, axis=2)[:, :, 0]
    y = a["reward"] + np.where(np.asarray(a["terminated"], bool), 0.0, future)
    return np.asarray(0.5 * np.sum((W[:, a["state"], a["action"]] - y) ** 2, axis=1) / len(a["reward"]))


def gradient_in_weights(a: Args, *, target_moves: bool = False) -> Array:
    """dL/dW (S, A) by complex steps; the target comes from W_target, which stays, or from W itself."""

    def losses(flats: Array) -> Array:
        W = flats.reshape(-1, *a["W"].shape)
        return td_losses(W, W if target_moves else a["W_target"][None], a)

    return complex_step_at_once(losses, a["W"].ravel()).reshape(a["W"].shape)
