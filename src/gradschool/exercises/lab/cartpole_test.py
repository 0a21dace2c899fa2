"""Inputs and oracle of ``lab.cartpole_test``."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, of_size, several
from gradschool.exercises.ddpg._losses import outputs
from gradschool.exercises.lab._records import all_updates, as_after, of_record, record_case, verdicts
from gradschool.exercises.lab._updates import cartpole_learn, each_batch, other_action
from gradschool.lessons.lab.small import new_net, real_arrays
from gradschool.rl.nets.mlp import layer_views

STATES = ("obs", "next_obs")

AXES: Axes = {
    "several shapes": several("sizes"),
    "two rows": lambda inputs: of_size("done", 2, axis=2)([a["batches"] for a in inputs]),
}


def cases(rng: Rng) -> list[Case]:
    """Recorded agents: flat weights before and after each of four updates, batches, gamma, tau."""

    def case(name: str, sizes: tuple[int, ...], B: int, edge: bool = False, by_bias: bool = False) -> Case:
        def make(rng: Rng, fault: int) -> dict[str, Any]:
            gamma, tau = rng.uniform(0.5, 0.9), rng.uniform(0.05, 0.3)
            hidden = by_bias and (fault == 1 or (fault == 0 and rng.random() < 0.5))
            for _ in count():
                q_net, target_net = new_net(rng, sizes), new_net(rng, sizes)
                batches = real_arrays(rng, sizes[0], B, n_actions=sizes[-1])
                if hidden:
                    _in_last_bias_alone(q_net, batches)
                if other_action(q_net, batches, 0):
                    break
            after = all_updates(cartpole_learn(q_net, target_net, each_batch(batches), gamma, tau, fault))
            nets = {"q_net": q_net["flat"], "target_net": target_net["flat"]}
            return {**nets, "batches": batches, "gamma": np.array(gamma), "tau": np.array(tau), **as_after(after)}

        return record_case(rng, name, make, {"sizes": sizes}, edge)

    return [
        case("four numbers, three actions", (4, 6, 3), 8, by_bias=True),
        case("two numbers, five actions", (2, 5, 5), 6),
        case("batches of two rows", (3, 6, 4), 2, edge=True),
    ]


def _in_last_bias_alone(q_net: dict[str, Any], batches: dict[str, Array]) -> None:
    """Let the first update show the first fault in the last bias alone, in every draw: a test may forget the biases.

    Row 0 wakes no hidden unit; every other row whose best action is another one at s than at s' ends there.
    """
    bias = layer_views(q_net["flat"], q_net["sizes"])[1][0]
    bias[:] = -np.abs(bias)
    batches["obs"][0, 0] = 0.0
    at = {end: outputs(q_net["sizes"], q_net["flat"][None], batches[end][0])[0].argmax(axis=1) for end in STATES}
    batches["done"][0] = np.maximum(batches["done"][0], at["obs"] != at["next_obs"])
    batches["done"][0, 0] = 0.0


def oracle(a: Args) -> dict[str, Array]:
    """Which recorded agents learned as the stated loss and plain SGD say."""
    return verdicts(a, _replay)


def _replay(a: Args, r: int) -> dict[str, Array]:
    nets = [{"sizes": a["sizes"], "flat": a[name][r]} for name in ("q_net", "target_net")]
    batches = each_batch(of_record(a["batches"], r))
    return all_updates(cartpole_learn(nets[0], nets[1], batches, float(a["gamma"][r]), float(a["tau"][r])))
