"""Inputs and oracle of ``dqn.double_target``."""

from __future__ import annotations

from operator import itemgetter

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import TINY, Axes, all_negative, some, some_row, some_row_without, ties
from gradschool.exercises.dqn._cases import (
    distinct_q,
    nearly_tie,
    nearly_tied,
    target_axes,
    td_target_cases,
    tie_before_another,
)
from gradschool.exercises.dqn._losses import episode_value

AXES: Axes = {
    **target_axes("q_next_online", "q_next_target"),
    "a terminated row": some_row("terminated"),
    "a row that goes on": some_row_without("terminated"),
    "two best actions of the target network": ties("q_next_target"),
    "two best actions of the online network where the episode ends, before a row that goes on": some(
        lambda a: _tied_at_an_end(a)
    ),
    "an action that the online network prefers by hardly anything": some(
        lambda a: nearly_tied(a["q_next_online"]) & ~a["terminated"]
    ),
    "the target network says more of the chosen action, and less": some(lambda a: _both_orders(a)),
    "a tiny target of a row that goes on, beside others": some(lambda a: _tiny_onward(a)),
    "every Q below 0": some(lambda a: all_negative("q_next_online")([a]) and all_negative("q_next_target")([a])),
}


def _both_orders(a: Args) -> bool:
    """Whether the target network says more of the chosen action than the online network in one row, less in another."""
    rows, chosen = np.arange(len(a["reward"])), a["q_next_online"].argmax(axis=1)
    above = a["q_next_target"][rows, chosen] > a["q_next_online"][rows, chosen]
    return bool(np.any(above) and np.any(~above))


def _tiny_onward(a: Args) -> bool:
    """Whether the targets of some rows that go on, and not of all rows, are tiny."""
    tiny = np.abs(oracle(a)) < TINY
    return bool((tiny & ~a["terminated"]).any() and not tiny.all())


def _tied_at_an_end(a: Args) -> bool:
    """Whether a tie, which decides nothing where the episode ends, stands before a row that another action decides."""
    return tie_before_another(a["q_next_online"], a["terminated"])


def _lower_to_tiny(a: Args) -> None:
    """Choose the rewards of two rows that go on so that their targets are tiny, one above 0 and one below."""
    rows = np.flatnonzero(~a["terminated"])[:2]
    a["reward"][rows] += (1e-4, -1e-4) - oracle(a)[rows]


def cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of both networks (B, A), terminated (B,), gamma."""
    found = []
    for c in td_target_cases(rng):
        B, A = c.args["q_next"].shape
        online = distinct_q(rng, B, A)
        online *= np.ptp(c.args["q_next"]) / np.ptp(online)
        same = online.argmax(axis=1) == c.args["q_next"].argmax(axis=1)
        online[same] = np.roll(online[same], 1, axis=1)  # the two networks never agree about the best action
        online[::2] -= 1.5 * np.ptp(online)  # in these rows the target network says more of the chosen action
        args = {
            "reward": c.args["reward"],
            "q_next_online": online,
            "q_next_target": c.args["q_next"],
            "terminated": c.args["terminated"],
            "gamma": c.args["gamma"],
        }
        if c.name == "a batch of 8, 3 actions":
            nearly_tie(3, online, c.args["q_next"])
        if c.name == "every Q above 0":
            end = int(c.args["terminated"].argmax())
            online[end, np.arange(A) != online[end + 1].argmax()] = online[end].max() + 1.0
        if c.name == "as many samples as actions":
            _lower_to_tiny(args)
        found.append(Case(c.name, args, c.edge, c.sizes, {"terminated": c.args["terminated"]}))
    return found


def oracle(a: Args) -> Array:
    """Row by row: what the target network says of the action that ranks first in the online network."""
    columns = (a["reward"], a["q_next_online"], a["q_next_target"], a["terminated"])
    return np.array(
        [
            episode_value(
                r, max(zip(online.tolist(), judge.tolist(), strict=True), key=itemgetter(0))[1], over, a["gamma"]
            )
            for r, online, judge, over in zip(*columns, strict=True)
        ]
    )
