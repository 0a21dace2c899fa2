"""Inputs and oracle of ``lab.pendulum_test``."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, of_size, several
from gradschool.exercises.lab._records import all_updates, as_after, of_record, record_case, verdicts
from gradschool.exercises.lab._updates import each_batch, pendulum_learn, shows
from gradschool.exercises.lab.adapters import NETS, sizes_of
from gradschool.lessons.lab.small import pendulum_nets, real_arrays

AXES: Axes = {
    "several shapes": several("actor_sizes"),
    "one number for an action": lambda inputs: of_size("action", 1, axis=3)([a["batches"] for a in inputs]),
}


def cases(rng: Rng) -> list[Case]:
    """Recorded agents: flat weights of four networks before and after each of four updates, batches, gamma, tau."""

    def case(name: str, size: int, B: int, edge: bool = False) -> Case:
        shared = {"actor_sizes": (3, 6, size), "critic_sizes": (3 + size, 6, 1)}

        def make(rng: Rng, fault: int) -> dict[str, Any]:
            gamma, tau = rng.uniform(0.6, 0.95), rng.uniform(0.05, 0.3)
            for _ in count():
                nets, batches = pendulum_nets(rng, size), real_arrays(rng, 3, B, size=size)
                first = [next(pendulum_learn(nets, each_batch(batches), gamma, tau, k)) for k in (0, fault)]
                if fault == 0 or shows(first[0], first[1]):
                    break
            after = all_updates(pendulum_learn(nets, each_batch(batches), gamma, tau, fault))
            flats = {name: net["flat"] for name, net in nets.items()}
            return {**flats, "batches": batches, "gamma": np.array(gamma), "tau": np.array(tau), **as_after(after)}

        return record_case(rng, name, make, shared, edge)

    return [
        case("two numbers for an action", 2, 6),
        case("three numbers for an action", 3, 5),
        case("one number, batches of two rows", 1, 2, edge=True),
    ]


def oracle(a: Args) -> dict[str, Array]:
    """Which recorded agents learned as the stated losses and plain SGD say."""
    return verdicts(a, _replay)


def _replay(a: Args, r: int) -> dict[str, Array]:
    nets = {name: {"sizes": a[sizes_of(name)], "flat": a[name][r]} for name in NETS}
    batches = each_batch(of_record(a["batches"], r))
    return all_updates(pendulum_learn(nets, batches, float(a["gamma"][r]), float(a["tau"][r])))
