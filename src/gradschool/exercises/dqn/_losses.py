"""Chapter 2: losses, and slopes measured from them, that several oracles share. They take complex numbers too."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array, complex_step


def episode_value(reward: float, after: Any, over: bool, gamma: float) -> Any:
    """The discounted worth of a step: the reward now, and, if the world goes on, `after` one step later."""
    return np.polyval(np.array([reward] if over else [after, reward]), gamma)


def squared_loss(q: Array, action: Array, y: Array) -> Any:
    """L = 1/2 mean_b (q[b, action_b] - y_b)^2."""
    return 0.5 * sum((row[a] - t) ** 2 for row, a, t in zip(q, action, np.ravel(y), strict=True)) / len(q)


def gradient_in_outputs(a: Args) -> Array:
    """dL/dq (B, A) by complex steps of the loss of the taken actions."""
    return complex_step(lambda q: squared_loss(q, a["action"], a["y"]), a["q"])


def td_loss(W: Array, W_target: Array, a: Args) -> Any:
    """L = 1/2 mean_b (W[s, a] - y)^2 with y from W_target."""
    best = [max(row, key=lambda value: value.real) for row in W_target[a["next_state"]].tolist()]
    rows = zip(a["reward"], best, a["terminated"], strict=True)
    y = np.array([episode_value(r, q, over, a["gamma"]) for r, q, over in rows])
    return squared_loss(W[a["state"]], a["action"], y)


def gradient_in_weights(a: Args) -> Array:
    """dL/dW (S, A) by complex steps; W_target stays where it is."""
    return complex_step(lambda W: td_loss(W, a["W_target"], a), a["W"])
