"""Inputs and oracle of ``lab.taxi_test``."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, of_size, several
from gradschool.exercises.lab._records import all_updates, as_after, of_record, record_case, verdicts
from gradschool.exercises.lab._updates import each_batch, taxi_learn
from gradschool.lessons.lab.small import taxi_arrays

ALIAS, SHOWS = 3, 1e-3  # a fault, and by how much the online table must differ that an aliased target has taught

AXES: Axes = {
    "several shapes": several("q_net"),
    "one row": lambda inputs: of_size("done", 1, axis=2)([a["batches"] for a in inputs]),
}


def cases(rng: Rng) -> list[Case]:
    """Recorded agents: tables (S, A) before and after each of four updates, batches, gamma, sync_every."""

    def case(name: str, S: int, A: int, B: int, sync: int = 0, edge: bool = False) -> Case:
        def make(rng: Rng, fault: int) -> dict[str, Any]:
            q_net, target_net = rng.uniform(-3.0, 3.0, size=(2, S, A))
            gamma, sync_every = rng.uniform(0.7, 0.95), sync or int(rng.integers(2, 4))
            for _ in count():
                batches = taxi_arrays(rng, S, A, B)
                runs = [taxi_learn(q_net, target_net, each_batch(batches), gamma, sync_every, k) for k in (0, fault)]
                right, after = map(all_updates, runs)
                if fault != ALIAS or sync != 2 or np.abs(right["q_net"] - after["q_net"]).max() > SHOWS:
                    break
            facts = {"gamma": np.array(gamma), "sync_every": np.array(sync_every)}
            return {"q_net": q_net, "target_net": target_net, "batches": batches, **facts, **as_after(after)}

        return record_case(rng, name, make, {}, edge)

    # An alias shows from the update after a copy on: of four updates, with 3 in the last one alone. With 2 the online
    # table shows it too, in every draw: so a test of this table alone has one mark, whatever is drawn.
    return [
        case("8 states, 4 actions", 8, 4, 6, sync=3),
        case("5 states, 6 actions", 5, 6, 3, sync=2),
        case("batches of one row", 6, 3, 1, edge=True),
    ]


def oracle(a: Args) -> dict[str, Array]:
    """Which recorded agents learned as the stated loss and plain SGD say."""
    return verdicts(a, _replay)


def _replay(a: Args, r: int) -> dict[str, Array]:
    batches = each_batch(of_record(a["batches"], r))
    return all_updates(
        taxi_learn(a["q_net"][r], a["target_net"][r], batches, float(a["gamma"][r]), int(a["sync_every"][r]))
    )
