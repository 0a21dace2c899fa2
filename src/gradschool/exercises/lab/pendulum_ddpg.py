"""Inputs and oracle of ``lab.pendulum_ddpg``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, has_value, large, of_size, several, some, some_row, some_row_without
from gradschool.exercises.ddpg._other_slopes import NOT_CONSTANT, OF_OWN, with_its_own_slope
from gradschool.exercises.lab._records import all_updates
from gradschool.exercises.lab._updates import (
    actions,
    actor_step,
    actor_step_along,
    critic_label,
    critic_step,
    each_batch,
    pendulum_learn,
    q_of,
    slopes_of,
)
from gradschool.exercises.lab.adapters import ASKED, TOGETHER, nets_of, together
from gradschool.lessons.lab.small import pendulum_nets, real_arrays

AXES: Axes = {
    "rows that end": lambda inputs: some_row("done")([a["batches"] for a in inputs]),
    "rows that go on": lambda inputs: some_row_without("done")([a["batches"] for a in inputs]),
    "one row": lambda inputs: of_size("done", 1, axis=1)([a["batches"] for a in inputs]),
    "critics whose slope in the action changes with the action": some(lambda a: a["curved"]),
    "critics of layers with ReLU alone": some(lambda a: not a["curved"]),
    "one number for an action": lambda inputs: of_size("action", 1, axis=2)([a["batches"] for a in inputs]),
    "one number for an action, several rows": some(
        lambda a: a["batches"]["action"].shape[2] == 1 < a["batches"]["done"].shape[1]
    ),
    "several gammas": several("gamma"),
    "several taus": several("tau"),
    "a target that stands still": has_value("tau", 0.0),
    "a target that takes more than half": some(lambda a: 0.5 < a["tau"] < 1),
    "a target that is copied": has_value("tau", 1.0),
    "targets that are copied after a small loss": some(
        lambda a: a["tau"] == 1 and np.abs(_first_errors(a)).max() < 0.1
    ),
    "a large reward": lambda inputs: large("reward")([a["batches"] for a in inputs]),
}


def cases(rng: Rng) -> list[Case]:
    """Actor, critic, the target of each, four batches, gamma and tau."""

    def case(
        name: str,
        size: int,
        B: int,
        gamma: float,
        tau: float,
        *,
        edge: bool = False,
        scale: float = 1.0,
        curved: bool = False,
    ) -> Case:
        """``scale`` makes rewards larger."""
        for _ in count():
            nets, batches = pendulum_nets(rng, size), real_arrays(rng, 3, B, size=size)
            batches["reward"] *= scale
            b = next(each_batch({name: x[1:] for name, x in batches.items()}))
            args = {**nets, "batches": batches, "gamma": gamma, "tau": tau, "curved": curved}
            steps = [actor_step(nets_of(args), b, at) for at in (actions(nets["actor"], b["obs"]), b["action"])]
            if edge or np.abs(steps[0] - steps[1]).max() > 1e-3:  # the slope is another one at stored actions
                break
        if tau == 1:
            batches["reward"][0] += _first_errors(args) - 0.05
        return Case(name, args, edge, {"B": B, "A": size})

    return [
        case("two numbers for an action", 2, 6, 0.9, 0.1),
        case("three numbers for an action, curved critics", 3, 5, 0.7, 0.7, curved=True),
        case("one number, one row, targets that are copied", 1, 1, 0.8, 1.0, edge=True),
        case("one number, large rewards, targets that stand still", 1, 6, 0.9, 0.0, edge=True, scale=200.0),
    ]


def _first_errors(a: Args) -> Array:
    """Q(s, a) - y of the rows of the first batch."""
    nets, b = nets_of(a), next(each_batch(a["batches"]))
    x = np.concatenate([b["obs"], b["action"]], axis=1)
    return np.asarray(q_of(nets["critic"], x) - critic_label(nets, b, a["gamma"]))


def oracle(a: Args) -> dict[str, Any]:
    """What both stated losses, their measured gradients and plain SGD make of the four networks."""
    nets, gamma, tau, batches = nets_of(a), a["gamma"], a["tau"], list(each_batch(a["batches"]))
    over = {**batches[2], "done": np.ones_like(batches[2]["done"])}
    return {
        "critic_after_both": next(pendulum_learn(nets, iter([over]), gamma, tau))["critic"],
        "actor_step": actor_step(nets, batches[1], actions(nets["actor"], batches[1]["obs"])),
        "critic_step": critic_step(nets, batches[0], gamma),
        "all_updates": together(all_updates(pendulum_learn(nets, iter(batches[:TOGETHER]), gamma, tau))),
        "acts_within_limits": np.ones(min(ASKED, len(over["done"])), bool),
        "adds_noise": np.ones(1, bool),
        "starts_alike": np.ones(2, bool),
    }


def otherwise(a: Args) -> Otherwise:
    """The actor after one step along another slope than dQ/da at its own actions."""
    nets, b = nets_of(a), list(each_batch(a["batches"]))[1]
    own = actions(nets["actor"], b["obs"])

    def step(slope: Array) -> dict[str, Array]:
        return {"actor_step": actor_step_along(nets["actor"], b["obs"], slope)}

    def at(action: Array) -> Array:
        return slopes_of(nets["critic"], b, action)

    slopes: dict[str, Callable[[], Array]] = {
        "dQ/da at the target actor's action": lambda: at(actions(nets["target_actor"], b["obs"])),
        "dQ/da of the target critic": lambda: slopes_of(nets["target_critic"], b, own),
        "dQ/da at the actions of the batch": lambda: at(b["action"]),
        "dQ/da at actions of 0": lambda: at(np.zeros_like(own)),
        NOT_CONSTANT: lambda: with_its_own_slope({**a, "batch": b}, own),
    } | {words: lambda change=change: np.array(change(at(own))) for words, change in OF_OWN}
    return {
        f"what it would be with {words} instead of dQ/da at the actor's own action": lambda of=of: step(of())  # type: ignore[misc]
        for words, of in slopes.items()
    }
