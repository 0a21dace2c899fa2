"""Inputs and oracle of ``lab.cartpole_test``."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, of_size, several
from gradschool.exercises.lab._records import all_updates, as_after, of_record, record_case, verdicts
from gradschool.exercises.lab._updates import cartpole_learn, each_batch, other_action
from gradschool.lessons.lab.small import new_net, real_arrays

AXES: Axes = {
    "several shapes": several("sizes"),
    "two rows": lambda inputs: of_size("done", 2, axis=2)([a["batches"] for a in inputs]),
}


def cases(rng: Rng) -> list[Case]:
    """Recorded agents: flat weights before and after each of four updates, batches, gamma, tau."""

    def case(name: str, sizes: tuple[int, ...], B: int, edge: bool = False) -> Case:
        def make(rng: Rng, fault: int) -> dict[str, Any]:
            gamma, tau = rng.uniform(0.5, 0.9), rng.uniform(0.05, 0.3)
            for _ in count():
                q_net, target_net = new_net(rng, sizes), new_net(rng, sizes)
                batches = real_arrays(rng, sizes[0], B, n_actions=sizes[-1])
                if other_action(q_net, batches, 0):
                    break
            after = all_updates(cartpole_learn(q_net, target_net, each_batch(batches), gamma, tau, fault))
            nets = {"q_net": q_net["flat"], "target_net": target_net["flat"]}
            return {**nets, "batches": batches, "gamma": np.array(gamma), "tau": np.array(tau), **as_after(after)}

        return record_case(rng, name, make, {"sizes": sizes}, edge)

    return [
        case("four numbers, three actions", (4, 6, 3), 8),
        case("two numbers, five actions", (2, 5, 5), 6),
        case("batches of two rows", (3, 6, 4), 2, edge=True),
    ]


def oracle(a: Args) -> dict[str, Array]:
    """Which recorded agents learned as the stated loss and plain SGD say."""
    return verdicts(a, _replay)


def _replay(a: Args, r: int) -> dict[str, Array]:
    nets = [{"sizes": a["sizes"], "flat": a[name][r]} for name in ("q_net", "target_net")]
    batches = each_batch(of_record(a["batches"], r))
    return all_updates(cartpole_learn(nets[0], nets[1], batches, float(a["gamma"][r]), float(a["tau"][r])))
