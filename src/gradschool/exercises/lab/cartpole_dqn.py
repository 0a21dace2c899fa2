"""Inputs and oracle of ``lab.cartpole_dqn``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import LARGE, Axes, has_value, large, of_size, several, some, some_row, some_row_without
from gradschool.exercises.ddpg._losses import outputs
from gradschool.exercises.lab._records import all_updates
from gradschool.exercises.lab._updates import Batch, cartpole_learn, each_batch, other_action, squared_error
from gradschool.exercises.lab.adapters import ASKED, TOGETHER, together
from gradschool.lessons.lab.small import STEP_SIZE, new_net, real_arrays

AXES: Axes = {
    "rows that end": lambda inputs: some_row("done")([a["batches"] for a in inputs]),
    "rows that go on": lambda inputs: some_row_without("done")([a["batches"] for a in inputs]),
    "one row": lambda inputs: of_size("done", 1, axis=1)([a["batches"] for a in inputs]),
    "several gammas": several("gamma"),
    "several taus": several("tau"),
    "a target that stands still": has_value("tau", 0.0),
    "a target that takes more than half": some(lambda a: 0.5 < a["tau"] < 1),
    "a target that is copied": has_value("tau", 1.0),
    "a large reward": lambda inputs: large("reward")([a["batches"] for a in inputs]),
    "a target that is copied after a small loss": some(lambda a: a["tau"] == 1 and np.abs(_last_errors(a)).max() < 0.1),
    "every value of the target network far below 0": some(lambda a: np.all(_target_values(a) < -LARGE)),
}
OVER = 2  # the batch after which the target network alone is looked at: there all episodes end


def cases(rng: Rng) -> list[Case]:
    """Both networks, four batches, gamma and tau."""

    def case(
        name: str, sizes: tuple[int, ...], B: int, gamma: float, tau: float, edge: bool = False, scale: float = 1.0
    ) -> Case:
        """``scale`` makes rewards larger, and lowers every value of the target network by as much and more."""
        for _ in count():
            nets = {"q_net": new_net(rng, sizes), "target_net": new_net(rng, sizes)}
            nets["target_net"]["flat"][-sizes[-1] :] -= 2.0 * (scale - 1.0)
            batches = real_arrays(rng, sizes[0], B, n_actions=sizes[-1])
            batches["reward"] *= scale
            if tau == 1:
                batches["reward"][OVER] = _taken(nets["q_net"], batches, OVER) - 0.05
            if other_action(nets["q_net"], batches, 1):
                break
        return Case(name, {**nets, "batches": batches, "gamma": gamma, "tau": tau}, edge, {"B": B})

    return [
        case("four numbers, three actions", (4, 6, 3), 8, 0.9, 0.1),
        case("two numbers, five actions", (2, 5, 5), 6, 0.6, 0.7),
        case("one row, a target that stands still", (3, 6, 4), 1, 0.8, 0.0, edge=True),
        case("large rewards, a target that is copied", (4, 6, 3), 6, 0.9, 1.0, edge=True, scale=200.0),
    ]


def _target_values(a: Args) -> Array:
    """The target network's outputs at every next observation."""
    net, batches = a["target_net"], a["batches"]
    return outputs(net["sizes"], net["flat"][None], batches["next_obs"].reshape(-1, net["sizes"][0]))


def _taken(net: Mapping[str, Any], batches: Mapping[str, Array], k: int) -> Array:
    """Q(s, a) of the rows of a batch."""
    rows = np.arange(len(batches["done"][k]))
    return np.asarray(outputs(net["sizes"], net["flat"][None], batches["obs"][k])[0][rows, batches["action"][k]])


def _last_errors(a: Args) -> Array:
    """What Q(s, a) differs by from the rewards of the batch whose episodes all end."""
    return np.asarray(_taken(a["q_net"], a["batches"], OVER) - a["batches"]["reward"][OVER])


def oracle(a: Args) -> dict[str, Any]:
    """What the stated loss, its measured gradient and plain SGD make of both networks."""
    nets, gamma, tau, batches = (a["q_net"], a["target_net"]), a["gamma"], a["tau"], list(each_batch(a["batches"]))
    here = {**batches[0], "next_obs": batches[0]["obs"]}
    over = {**batches[OVER], "done": np.ones_like(batches[OVER]["done"])}
    return {
        "discounted": next(cartpole_learn(*nets, iter([here]), gamma, tau))["q_net"],
        "next_action": next(cartpole_learn(*nets, iter([batches[1]]), 1.0, tau))["q_net"],
        "target_net": next(cartpole_learn(*nets, iter([over]), gamma, tau))["target_net"],
        "all_updates": together(all_updates(cartpole_learn(*nets, iter(batches[:TOGETHER]), gamma, tau))),
        "acts": np.ones(min(ASKED, len(here["done"])), bool),
        "explores": np.ones(1, bool),
        "starts_alike": np.ones(1, bool),
    }


def otherwise(a: Args) -> Otherwise:
    """The network after one update towards labels of other values of the next state."""
    batches, sizes = list(each_batch(a["batches"])), a["q_net"]["sizes"]
    online, target = a["q_net"]["flat"], a["target_net"]["flat"]

    def step(b: Batch, s: Array, gamma: float, value: Callable[[Array, Array], Array]) -> Array:
        of_both = [outputs(sizes, flat[None], s)[0] for flat in (online, target)]
        y = b["reward"] + gamma * value(*of_both) * (1 - b["done"])
        return np.asarray(
            online - STEP_SIZE * complex_step_at_once(squared_error(sizes, b["obs"], b["action"], y), online)
        )

    def both(value: Callable[[Array, Array], Array]) -> dict[str, Array]:
        first, second = batches[:2]
        return {
            "discounted": step(first, first["obs"], a["gamma"], value),
            "next_action": step(second, second["next_obs"], 1.0, value),
        }

    values: dict[str, Callable[[Array, Array], Array]] = {
        "the largest value of `target_net`": lambda q, slow: slow.max(axis=1),
        "the largest value of `q_net`": lambda q, slow: q.max(axis=1),
        "the value of `q_net` where `target_net` is largest": lambda q, slow: _at(q, slow.argmax(axis=1)),
        "the smaller of both networks' largest values": lambda q, slow: np.minimum(q.max(axis=1), slow.max(axis=1)),
        "the mean of `target_net`": lambda q, slow: slow.mean(axis=1),
        "the value of `target_net` where `q_net` is smallest": lambda q, slow: _at(slow, q.argmin(axis=1)),
    }
    return {
        f"what it would be with {words} instead of that of `target_net` where `q_net` is largest": lambda of=of: (  # type: ignore[misc]
            both(of)
        )
        for words, of in values.items()
    }


def _at(values: Array, chosen: Array) -> Array:
    return np.asarray(values[np.arange(len(values)), chosen])
