"""Inputs and oracle of ``dqn.double_target``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.dqn._cases import distinct_q, td_target_cases
from gradschool.exercises.dqn._losses import episode_value


def cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of both networks (B, A), terminated (B,), gamma."""
    found = []
    for c in td_target_cases(rng):
        B, A = c.args["q_next"].shape
        online = distinct_q(rng, B, A)
        same = online.argmax(axis=1) == c.args["q_next"].argmax(axis=1)
        online[same] = np.roll(online[same], 1, axis=1)  # the two networks never agree about the best action
        args = {
            "reward": c.args["reward"],
            "q_next_online": online,
            "q_next_target": c.args["q_next"],
            "terminated": c.args["terminated"],
            "gamma": c.args["gamma"],
        }
        found.append(Case(c.name, args, c.edge, c.sizes, {"terminated": c.args["terminated"]}))
    return found


def oracle(a: Args) -> Array:
    """Row by row: what the target network says of the action that ranks first in the online network."""
    columns = (a["reward"], a["q_next_online"], a["q_next_target"], a["terminated"])
    return np.array(
        [
            episode_value(r, max(zip(online.tolist(), judge.tolist(), strict=True))[1], over, a["gamma"])
            for r, online, judge, over in zip(*columns, strict=True)
        ]
    )
