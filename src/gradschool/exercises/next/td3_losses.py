"""Inputs and oracle of ``next.td3_losses``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, large, some
from gradschool.exercises.ddpg._axes import BATCH, CURVED, RANGES, layouts
from gradschool.exercises.ddpg._losses import direct_losses, outputs
from gradschool.exercises.ddpg._other_slopes import gradients_otherwise
from gradschool.exercises.ddpg._setups import own_actions, setup_cases, value_of, with_a_curved_critic
from gradschool.exercises.ddpg.adapters import net_of
from gradschool.exercises.next.adapters import NETS
from gradschool.rl.ddpg.agent import Batch

PARTS = ("actor", "critic", "target_critic_2", "batch", "low", "high")


def values(a: Args, critic: str, action: Array) -> Array:
    """What one of the critics says of these actions, (B,)."""
    x = np.concatenate([a["batch"]["obs"], action], axis=1)
    return np.asarray(value_of(a, outputs(a[critic]["sizes"], a[critic]["flat"][None], x)[0, :, 0]))


def apart(a: Args) -> Array:
    """Q1 - Q2 at the actor's own actions, (B,)."""
    gaps: Array = values(a, "critic_1", own_actions(a)) - values(a, "critic_2", own_actions(a))
    return gaps


AXES: Axes = {
    **BATCH,
    **RANGES,
    **layouts("actor"),
    **layouts("critic_1"),
    **CURVED,
    "Q1 above Q2 at the actor's action": some(lambda a: apart(a) > 0),
    "Q1 below Q2 at the actor's action": some(lambda a: apart(a) < 0),
    "a target above Q1": some(lambda a: a["y"] > values(a, "critic_1", a["batch"]["action"])),
    "a target below Q1": some(lambda a: a["y"] < values(a, "critic_1", a["batch"]["action"])),
    "a large target": large("y"),
    "zero error of critic 1 in one row": some(lambda a: a["y"] == values(a, "critic_1", a["batch"]["action"])),
}


def cases(rng: Rng) -> list[Case]:
    """An actor, two critics, a batch with other actions than the actor's, its range, and the TD target y (B,)."""
    return [_with_target(rng, c, k) for k, c in enumerate(with_a_curved_critic(setup_cases(rng, *PARTS)))]


def _with_target(rng: Rng, case: Case, k: int) -> Case:
    a = case.args
    args = {"actor": a["actor"], "critic_1": a["critic"], "critic_2": a["target_critic_2"], "batch": a["batch"]}
    args |= {"low": a["low"], "high": a["high"], "curved": a["curved"]}
    _level(args)
    q = values(args, "critic_1", a["batch"]["action"])
    errors = signed(rng, len(q)) * (200.0 if k == 2 else 1.0)  # the third case is that of steep critics
    errors[0] *= 0.0 if k == 3 else 1.0
    return Case(case.name, {**args, "y": q + errors}, case.edge, case.sizes, case.rows)


def _level(a: Args) -> None:
    """Shift the second critic, so that at the actor's own actions it is the smaller one in some rows, not in others."""
    gaps = np.sort(apart(a))
    middle = (gaps[len(gaps) // 2 - 1] + gaps[len(gaps) // 2]) / 2 if len(gaps) > 1 else gaps[0] - 0.5
    net_of(a["critic_2"]).biases[-1][:] += middle


def oracle(a: Args) -> dict[str, Any]:
    """Both losses and their gradients by complex steps; nothing where no gradient may go, and all else as before."""
    y, obs, action = a["y"], a["batch"]["obs"], a["batch"]["action"]

    def mean_square(flats: Array, sizes: tuple[int, ...]) -> Array:
        q = value_of(a, outputs(sizes, flats, np.concatenate([obs, action], axis=1))[:, :, 0])
        return np.asarray(np.sum((q - y) ** 2, axis=1) / len(y))

    def actor_losses(flats: Array) -> Array:
        return direct_losses({**a, "critic": a["critic_1"]}, flats)

    critics = {name: (a[name]["flat"], a[name]["sizes"]) for name in ("critic_1", "critic_2")}
    found: dict[str, Any] = {
        "critic_loss": np.array(sum(mean_square(flat[None], sizes)[0] for flat, sizes in critics.values())),
        "actor_loss": np.array(actor_losses(a["actor"]["flat"][None])[0]),
    }
    for name, (flat, sizes) in critics.items():
        measured = complex_step_at_once(partial(mean_square, sizes=sizes), flat)
        found[f"{name}_gradient"] = _layers(a, name, measured)
    found["actor_gradient"] = _layers(a, "actor", complex_step_at_once(actor_losses, a["actor"]["flat"]))
    found["critic_loss_at_the_actor"] = _layers(a, "actor")
    found["actor_loss_at_critic_2"] = _layers(a, "critic_2")
    return {**found, **_state_before(a)}


def _layers(a: Args, name: str, flat: Array | None = None) -> tuple[Array, ...]:
    """A flat gradient in torch's shapes and order, or zeros."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(np.zeros_like(a[name]["flat"]) if flat is None else flat, net_of(a[name]).sizes)


def _state_before(a: Args) -> dict[str, Any]:
    """Networks, batch and target as they were handed over, with nothing in any ``.grad``."""
    found: dict[str, Any] = {}
    for name in NETS:
        weights = _layers(a, name, a[name]["flat"])
        found |= {
            f"{name}_grad_field": _layers(a, name),
            f"{name}_weights": weights,
            f"{name}_buffers": (np.array(a["low"]), np.array(a["high"])) if name == "actor" else (),
            f"{name}_requires_grad": np.ones(len(weights), bool),
            f"{name}_training": np.ones(len(weights) + 1, bool),
        }
    found |= {"batch_after": {name: np.array(a["batch"][name]) for name in Batch._fields}}
    found |= {"batch_requires_grad": np.zeros(len(Batch._fields), bool)}
    return {**found, "target_after": {"y": np.array(a["y"])}, "target_requires_grad": np.zeros(1, bool)}


def otherwise(a: Args) -> Otherwise:
    """The actor's gradient along other slopes than those of the first critic at its own actions."""
    return gradients_otherwise({**a, "critic": a["critic_1"]})
