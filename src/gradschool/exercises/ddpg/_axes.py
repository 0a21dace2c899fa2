"""Chapter 3: coverage axes that several exercises share; each looks at one case's inputs, never at its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.exercises.axes import LARGE, TINY, Axes, Axis, large, off_default, several, some, tiny
from gradschool.exercises.ddpg._setups import (
    NEAR,
    hidden_inputs,
    own_actions,
    slopes_at,
    tiny_beside_others,
    values_at,
)
from gradschool.exercises.ddpg.adapters import net_of


def in_batch(holds: Callable[[Mapping[str, Array]], Any]) -> Axis:
    """The axis of a case whose batch, or a row of it, holds this."""
    return some(lambda a: holds(a["batch"]))


def repeated(batch: Mapping[str, Array]) -> bool:
    """Whether one transition stands in the batch twice."""
    rows = np.concatenate([x.reshape(len(x), -1) for x in batch.values()], axis=1)
    return len(np.unique(rows, axis=0)) < len(rows)


BATCH: Axes = {
    "one row": in_batch(lambda b: len(b["reward"]) == 1),
    "one action dimension, several rows": in_batch(lambda b: b["action"].shape[1] == 1 < len(b["action"])),
    "a row twice": in_batch(repeated),
    "as many rows as action dimensions": in_batch(lambda b: b["action"].shape[0] == b["action"].shape[1] > 1),
    "more rows than action dimensions, and more than one": in_batch(
        lambda b: b["action"].shape[0] > b["action"].shape[1] > 1
    ),
}
FLAGS: Axes = {
    "a terminated row": in_batch(lambda b: (b["terminated"] > 0) & (b["truncated"] == 0)),
    "a truncated row": in_batch(lambda b: (b["truncated"] > 0) & (b["terminated"] == 0)),
    "a row with both flags": in_batch(lambda b: (b["terminated"] > 0) & (b["truncated"] > 0)),
    "a row with neither flag": in_batch(lambda b: (b["terminated"] == 0) & (b["truncated"] == 0)),
}
RANGES: Axes = {
    "three ranges of uneven widths": some(
        lambda a: len(a["low"]) == 3 and np.ptp(a["high"] - a["low"]) > np.min(a["high"] - a["low"])
    ),
    "bounds in no order": some(
        lambda a: all({-1, 1} <= set(np.sign(np.diff(bound)).astype(int)) for bound in (a["low"], a["high"]))
    ),
    "bounds far below 0 and far above": some(lambda a: np.any(a["low"] < -9) and np.any(a["high"] > 9)),
    "a range that does not hold 0": some(lambda a: a["low"] * a["high"] > 0),
    "a range wider than [-1, 1]": some(lambda a: a["high"] - a["low"] > 2.2),
    "a range narrower than [-1, 1]": some(lambda a: a["high"] - a["low"] < 1.8),
}
REWARDS: Axes = {
    "a reward of 0": in_batch(lambda b: np.equal(b["reward"], 0) & (np.maximum(b["terminated"], b["truncated"]) == 0)),
    "a large reward": in_batch(lambda b: np.abs(b["reward"]) >= LARGE),
    "a tiny reward where the episode ends": in_batch(lambda b: (np.abs(b["reward"]) < TINY) & (b["terminated"] > 0)),
    "rewards of both signs": in_batch(lambda b: np.any(b["reward"] > 0) and np.any(b["reward"] < 0)),
}
GAMMA: Axes = {
    "several gammas": several("gamma"),
    "gamma off its default": off_default(gamma=0.99),
    "gamma 0": some(lambda a: a["gamma"] == 0),
}


def _largest_slope(a: Args) -> float:
    """The largest |dQ/da| at the actor's own actions; infinite where there is none."""
    return float(np.abs(slopes_at(a, own_actions(a))).max() or np.inf)


STEEP_AND_FLAT: Axes = {
    "a tiny dQ/da, and no other": some(lambda a: _largest_slope(a) < TINY),
    "a tiny dQ/da beside others": some(lambda a: tiny_beside_others(slopes_at(a, own_actions(a)))),
    "a large dQ/da": some(lambda a: np.abs(slopes_at(a, own_actions(a))) >= LARGE),
    "Q far below 0": some(lambda a: values_at(a, own_actions(a)) < -LARGE),
    "Q far above 0": some(lambda a: values_at(a, own_actions(a)) > LARGE),
    "dQ/da below 1": some(lambda a: np.abs(slopes_at(a, own_actions(a))) < 1),
    "an action beyond 1": some(lambda a: np.abs(own_actions(a)) > 1.05),
    "another slope at the memory's action": some(
        lambda a: np.abs(slopes_at(a, own_actions(a)) - slopes_at(a, a["batch"]["action"])) > 1e-2
    ),
}


def layouts(net: str) -> Axes:
    """The axes of a network's sizes: square layers, one hidden layer, and two of different widths."""

    def hidden(a: Args) -> tuple[int, ...]:
        return tuple(a[net]["sizes"])[1:-1]

    return {
        f"square layers of the {net}": some(lambda a: len(hidden(a)) > 1 and len(set(hidden(a))) == 1),
        f"one hidden layer of the {net}": some(lambda a: len(hidden(a)) == 1),
        f"hidden layers of two widths of the {net}": some(lambda a: len(set(hidden(a))) > 1),
    }


def _first_row(a: Args, net: str) -> Array:
    """What arrives at the first unit of a network's first hidden layer, on the first row."""
    obs = a["batch"]["obs"]
    x = obs if net == "actor" else np.concatenate([obs, own_actions(a)], axis=1)
    first: Array = np.abs(hidden_inputs(net_of(a[net]), x)[0][0, 0])
    return first


def next_to_a_kink(net: str) -> Axes:
    """The axis of a hidden unit next to its kink, on one row."""
    return {f"a unit of the {net} next to its kink": some(lambda a: 0 < _first_row(a, net) < 2 * NEAR)}


def _shuts_either_way(a: Args) -> bool:
    """Whether a small move of the last action, up or down, shuts a unit of the critic that is open on the first row."""
    critic, own, shut = net_of(a["critic"]), own_actions(a), []
    for by in (0.0, 1e-3, -1e-3):
        moved = own + by * np.eye(own.shape[1])[-1]
        shut.append(hidden_inputs(critic, np.concatenate([a["batch"]["obs"], moved], axis=1))[0][0] <= 0)
    return bool((shut[1] & ~shut[0]).any() and (shut[2] & ~shut[0]).any())


NETWORKS: Axes = {
    **layouts("actor"),
    **layouts("critic"),
    **next_to_a_kink("actor"),
    **next_to_a_kink("critic"),
    "kinks of the critic on either side of an action": some(_shuts_either_way),
}
CURVED: Axes = {
    "a critic whose slope in the action changes with the action": some(
        lambda a: a["curved"] and len(a["batch"]["obs"]) > 1
    ),
    "a critic of layers with ReLU alone": some(lambda a: not a["curved"]),
}
ACTOR_AND_CRITIC: Axes = {**BATCH, **RANGES, **STEEP_AND_FLAT, **NETWORKS}
SLOPES_GIVEN: Axes = {
    **BATCH,
    **RANGES,
    **layouts("actor"),
    **next_to_a_kink("actor"),
    "a row without a slope": some(lambda a: (a["dq_da"] == 0).all(axis=1)),
    "a large slope": large("dq_da"),
    "a tiny slope": tiny("dq_da"),
    "a tiny slope beside others": some(lambda a: tiny_beside_others(a["dq_da"])),
}
