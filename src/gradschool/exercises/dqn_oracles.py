"""Chapter 2, the oracles: what each answer must be, without a reference.

They are central differences of the loss that the lesson states, or a library's word for the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradschool.core.numerics import central_differences

Array = np.ndarray
Args = Mapping[str, Any]


def one_hot_expect(a: Args) -> Array:
    """What torch calls one_hot."""
    import torch

    return torch.nn.functional.one_hot(torch.tensor(a["s"]), a["n_states"]).to(torch.float64).numpy()


def q_values_expect(a: Args) -> Array:
    """What torch calls an embedding: a table looked up by id."""
    import torch

    return torch.nn.functional.embedding(torch.tensor(a["s"]), torch.tensor(a["W"])).numpy()


def episode_value(reward: float, after: float, over: bool, gamma: float) -> float:
    """The discounted worth of a step: the reward now, and, if the world goes on, `after` one step later."""
    return float(np.polyval([reward] if over else [after, reward], gamma))


def target_expect(a: Args) -> Array:
    """Row by row, the worth of one step followed by the best that the target network promises."""
    rows = zip(a["reward"], a["q_next"], a["terminated"], strict=True)
    return np.array([episode_value(r, max(q.tolist()), over, a["gamma"]) for r, q, over in rows])


def double_expect(a: Args) -> Array:
    """Row by row: what the target network says of the action that ranks first in the online network."""
    columns = (a["reward"], a["q_next_online"], a["q_next_target"], a["terminated"])
    return np.array(
        [
            episode_value(r, max(zip(online.tolist(), judge.tolist(), strict=True))[1], over, a["gamma"])
            for r, online, judge, over in zip(*columns, strict=True)
        ]
    )


def epsilon_expect(a: Args) -> Array:
    """Row by row: the die decides."""
    rows = zip(a["q"], a["u"], a["random_action"], strict=True)
    return np.array([int(dice) if u < a["epsilon"] else q.tolist().index(max(q)) for q, u, dice in rows])


def squared_loss(q: Array, action: Array, y: Array) -> float:
    """L = 1/2 mean_b (q[b, action_b] - y_b)^2."""
    return 0.5 * sum((row[a] - t) ** 2 for row, a, t in zip(q, action, np.ravel(y), strict=True)) / len(q)


def output_expect(a: Args) -> Array:
    """dL/dq by central differences of the loss of the taken actions."""
    return central_differences(lambda q: squared_loss(q, a["action"], a["y"]), a["q"])


def huber_expect(a: Args) -> Array:
    """dL/dq by central differences of the mean Huber loss of the taken actions."""

    def huber(e: float) -> float:
        k = a["kappa"]
        return 0.5 * e * e if abs(e) <= k else k * (abs(e) - 0.5 * k)

    def loss(q: Array) -> float:
        return sum(huber(row[i] - t) for row, i, t in zip(q, a["action"], a["y"], strict=True)) / len(q)

    return central_differences(loss, a["q"])


def weight_expect(a: Args) -> Array:
    """dL/dW by central differences of L = sum_b g_b . W[state_b]."""

    def loss(W: Array) -> float:
        return sum(float(g @ W[s]) for s, g in zip(a["state"], a["g"], strict=True))

    return central_differences(loss, np.zeros((a["n_states"], a["g"].shape[1])))


def fit_targets_expect(a: Args) -> Array:
    """The outputs themselves, plus the TD error where an action was taken."""
    error = np.array([t - row[i] for row, i, t in zip(a["q"], a["action"], a["y"], strict=True)])
    return a["q"] + error[:, None] * (np.arange(a["q"].shape[1]) == a["action"][:, None])


def fit_gradient_expect(a: Args) -> Array:
    """dL/dq by central differences of L = 1/2 mean_b sum_a (q - targets)^2, the targets held fixed."""
    return central_differences(lambda q: 0.5 * float(np.sum((q - a["targets"]) ** 2)) / len(q), a["q"])


def td_loss(W: Array, W_target: Array, a: Args) -> float:
    """1/2 mean_b (W[s, a] - y)^2 with y from W_target."""
    best = [max(row) for row in W_target[a["next_state"]].tolist()]
    rows = zip(a["reward"], best, a["terminated"], strict=True)
    y = np.array([episode_value(r, q, over, a["gamma"]) for r, q, over in rows])
    return squared_loss(W[a["state"]], a["action"], y)


def semi_expect(a: Args) -> Array:
    """Gradient of the loss in W by central differences; W_target stays where it is."""
    return central_differences(lambda W: td_loss(W, a["W_target"], a), a["W"])


def residual_expect(a: Args) -> Array:
    """Gradient of the loss in W by central differences, where the target moves with W."""
    return central_differences(lambda W: td_loss(W, W, a), a["W"])


def torch_expect(a: Args) -> dict[str, Any]:
    """The gradient of the loss in W by central differences; nothing at the target network."""
    return {
        "grad_W": semi_expect(a),
        "grad_W_target": np.zeros_like(a["W_target"]),
        "loss": np.array(td_loss(a["W"], a["W_target"], a)),
        "requires_grad_after": np.array([True, True]),
    }


def tabular_expect(a: Args) -> Array:
    """Q with the entry (s, a) moved by alpha times the way to its target, and nothing else."""
    y = episode_value(a["reward"], max(a["Q"][a["next_state"]].tolist()), a["terminated"], a["gamma"])
    at = np.zeros_like(a["Q"])
    at[a["state"], a["action"]] = 1.0
    return a["Q"] + a["alpha"] * at * (y - a["Q"])
