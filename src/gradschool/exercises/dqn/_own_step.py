"""What the labels and errors of one call of ``dqn.agent`` may be made of."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.exercises._formulas import Rows
from gradschool.exercises._weights import distinct
from gradschool.rl.nets.mlp import MLP


def net_of(a: Args, call: str, name: str) -> MLP:
    """One of the networks as it was before a call."""
    return MLP(a["sizes"], flat=a[call][name])


def values(a: Args, call: str) -> dict[str, Array]:
    """Outputs (B, A) that labels and errors are made of."""
    batch = a[call]["batch"]
    q, target = net_of(a, call, "q"), net_of(a, call, "target_q")
    return {
        "here": q(batch["obs"]),
        "online": q(batch["next_obs"]),
        "target": target(batch["next_obs"]),
        "target here": target(batch["obs"]),
    }


def rows_of(a: Args, call: str) -> Rows:
    """What the labels of one call are made of."""
    batch, x = a[call]["batch"], values(a, call)
    each, action = np.arange(len(batch["action"])), batch["action"]
    labels = {
        "max of the target network": x["target"].max(axis=1),
        "double DQN": x["target"][each, x["online"].argmax(axis=1)],
        "max of the online network": x["online"].max(axis=1),
        "double DQN with the networks swapped": x["online"][each, x["target"].argmax(axis=1)],
        "smallest value of the target network": x["target"].min(axis=1),
        "mean over actions of the target network": x["target"].mean(axis=1),
        "target network at the action of the replay": x["target"][each, action],
        "max of the target network at s": x["target here"].max(axis=1),
        "target network at s and the action taken": x["target here"][each, action],
        "target network at the best action of s": x["target"][each, x["here"].argmax(axis=1)],
        "max of the smaller output of both networks": np.minimum(x["target"], x["online"]).max(axis=1),
        "max of the mean output of both networks": (x["target"] + x["online"]).max(axis=1) / 2,
        "log of the sum of exp over the target network": np.logaddexp.reduce(x["target"], axis=1),
        "index of the best action": x["target"].argmax(axis=1).astype(float),
        "first output of the target network": x["target"][:, 0],
    }
    return Rows(
        pairs=pairs_of(batch),
        q=x["here"][each, action],
        reward=batch["reward"],
        terminated=batch["terminated"],
        truncated=batch["truncated"],
        gamma=a["gamma"],
        values=labels,
        right=2,
        divisor=x["here"].shape[1],
    )


def pairs_of(batch: dict[str, Array]) -> Array:
    """The distinct pairs of state and action, (P, B): 1 where a row belongs to a pair."""
    _, (pair,) = distinct(np.column_stack([batch["obs"], batch["action"]]))
    return np.asarray(pair == np.arange(pair.max() + 1)[:, None], float)
