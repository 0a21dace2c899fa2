"""Inputs and oracle of ``lab.taxi_dqn``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import OF_ROW, Otherwise
from gradschool.exercises.axes import (
    LARGE,
    Axes,
    has_value,
    large,
    of_size,
    several,
    some,
    some_row,
    some_row_without,
    tall,
    wide,
)
from gradschool.exercises.lab._records import all_updates
from gradschool.exercises.lab._updates import each_batch, taxi_learn
from gradschool.exercises.lab.adapters import ASKED, NEVER, together
from gradschool.lessons.lab.small import STEP_SIZE, taxi_arrays

AXES: Axes = {
    "more states than actions": tall("q_net"),
    "more actions than states": wide("q_net"),
    "rows that end": lambda inputs: some_row("done")([a["batches"] for a in inputs]),
    "a state twice in a batch, with one action": some(lambda a: _repeats(a["batches"], "state", "action")),
    "a state twice in a batch, with two actions": some(
        lambda a: _repeats(a["batches"], "state") > _repeats(a["batches"], "state", "action")
    ),
    "rows that go on": lambda inputs: some_row_without("done")([a["batches"] for a in inputs]),
    "one row": lambda inputs: of_size("done", 1, axis=1)([a["batches"] for a in inputs]),
    "gamma 1": has_value("gamma", 1.0),
    "every Q far below 0": some(lambda a: np.all(a["q_net"] < -LARGE) and np.all(a["target_net"] < -LARGE)),
    "every Q far above 0": some(lambda a: np.all(a["q_net"] > LARGE) and np.all(a["target_net"] > LARGE)),
    "several gammas": several("gamma"),
    "a large reward": lambda inputs: large("reward")([a["batches"] for a in inputs]),
}


def _repeats(batches: Mapping[str, Array], *names: str) -> int:
    """Return in how many batches two rows are alike in all of these."""
    rows = (list(zip(*(batches[n][k] for n in names), strict=True)) for k in range(len(batches["done"])))
    return sum(len(set(batch)) < len(batch) for batch in rows)


def _leave_twice(batches: Mapping[str, Array], S: int, A: int) -> None:
    """Have the last row of every batch, in place, leave the state of the first: with its action in every other one."""
    state, next_state, action = (batches[n] for n in ("state", "next_state", "action"))
    next_state[:, -1] = (next_state[:, -1] - state[:, -1] + state[:, 0]) % S  # no step leads back to its own state
    state[:, -1] = state[:, 0]
    action[:, -1] = (action[:, 0] + np.arange(len(action)) % 2) % A


def cases(rng: Rng) -> list[Case]:
    """Both tables (S, A), four batches and gamma; in batches of several rows a state is left twice."""

    def case(name: str, S: int, A: int, B: int, gamma: float, edge: bool = False, shift: float = 0.0) -> Case:
        q_net, target_net = rng.uniform(-3.0, 3.0, size=(2, S, A)) + shift
        batches = taxi_arrays(rng, S, A, B)
        batches["reward"] *= 1000.0 if edge else 1.0
        if B > 1:
            _leave_twice(batches, S, A)
        return Case(
            name, {"q_net": q_net, "target_net": target_net, "batches": batches, "gamma": gamma}, edge, {"B": B}
        )

    return [
        case("8 states, 4 actions", 8, 4, 6, 0.9),
        case("4 states, 6 actions, every Q far below 0", 4, 6, 3, 0.7, shift=-200.0),
        case("one row, gamma 1, a large reward and every Q far above 0", 5, 3, 1, 1.0, edge=True, shift=200.0),
    ]


def oracle(a: Args) -> dict[str, Any]:
    """What the stated loss, its gradient and plain SGD make of the tables."""
    nets, gamma, ends = (a["q_net"], a["target_net"]), a["gamma"], np.zeros(a["batches"]["done"].shape[1])
    one = next(taxi_learn(*nets, each_batch(a["batches"]), gamma, NEVER))
    going_on = [w["q_net"] for w in taxi_learn(*nets, each_batch(a["batches"], done=ends), gamma, NEVER)]
    whole = together(all_updates(taxi_learn(*nets, each_batch(a["batches"]), gamma, 2)))
    return {
        "one_update": one["q_net"],
        "two_updates": going_on[1],
        "copied_target": going_on[0],
        "all_updates": whole,
        "acts": np.ones(min(ASKED, len(ends)), bool),
        "starts_alike": np.ones(1, bool),
    }


def otherwise(a: Args) -> Otherwise:
    """The table after one update towards labels of another value of the next state, and after two that add up."""
    b = next(each_batch(a["batches"]))

    def one(value: Array) -> dict[str, Array]:
        y, q = b["reward"] + a["gamma"] * value * (1 - b["done"]), a["q_net"].copy()
        error = (q[b["state"], b["action"]] - y) / len(y)
        np.add.at(q, (b["state"], b["action"]), -STEP_SIZE * error)
        return {"one_update": q}

    tables = {"the largest of `q_net`": a["q_net"][b["next_state"]].max(axis=1)}
    tables |= {f"{words} of the row of `target_net`": of(a["target_net"][b["next_state"]]) for words, of in OF_ROW}

    def two() -> dict[str, Array]:
        batches = each_batch(a["batches"], done=np.zeros(len(b["done"])))
        kept = taxi_learn(a["q_net"], a["target_net"], batches, a["gamma"], NEVER, fault=2)
        return {"two_updates": [w["q_net"] for w in kept][1]}

    found: Otherwise = {
        f"what it would be with {words} instead of the largest of `target_net`": lambda value=value: one(value)  # type: ignore[misc]
        for words, value in tables.items()
    }
    return found | {"what it would be if the gradient of the first update were applied in the second once more": two}
