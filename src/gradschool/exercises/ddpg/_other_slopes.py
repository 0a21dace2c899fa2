"""What an actor may be pushed by instead of dQ/da at its own actions, in words, and the gradients that come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import SLOPES_FOR_TANH, Otherwise, slope_otherwise
from gradschool.exercises.ddpg._losses import actor_gradient
from gradschool.exercises.ddpg._setups import (
    AT_THE_ACTION,
    OF_THE_ACTION,
    layers_at,
    own_actions,
    slopes_at,
    slopes_of_layers,
    squash_oracle,
    values_at,
)
from gradschool.exercises.ddpg.adapters import net_of


def _unit_rows(x: Array) -> Array:
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(norms > 0, norms, 1.0))


def _slope_of_cosine(x: Array, action: Array) -> Array:
    """The slope in the actions of the cosine of the angle between each row's dQ/da, held fixed, and its action."""
    x, size = _unit_rows(x), np.linalg.norm(action, axis=1, keepdims=True)
    unit = action / size
    return np.asarray((x - (x * unit).sum(axis=1, keepdims=True) * unit) / size)


NOT_CONSTANT = "the slope of dQ/da times the action, with dQ/da not held constant,"
OF_OWN: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("dQ/da of the row before in each row", lambda x: np.roll(x, 1, 0)),
    ("dQ/da of the row after in each row", lambda x: np.roll(x, -1, 0)),
    ("only the sign of dQ/da", np.sign),
    ("dQ/da of each row divided by its norm", _unit_rows),
    ("dQ/da divided by its largest size", lambda x: x / np.abs(x).max()),
    ("dQ/da averaged over the batch", lambda x: np.broadcast_to(x.mean(0), x.shape)),
    ("the size of dQ/da", np.abs),
    ("dQ/da of the first action dimension alone", lambda x: x * (np.arange(x.shape[1]) == 0)),
)


def with_its_own_slope(a: Args, own: Array) -> Array:
    """The slope of dQ/da . a in a (B, A), where dQ/da is not held constant: of layers with ReLU it is dQ/da."""
    steep, z = slopes_of_layers(a, own), layers_at(a, own)
    bent = -0.5 * np.sin(z)[:, None] * steep * (steep * own).sum(axis=1, keepdims=True)
    return slopes_at(a, own) + (bent if a.get("curved") else 0.0)


def quotients(a: Args, own: Array, h: float) -> Array:
    """What central differences of Q with this step make of dQ/da, (B, A)."""
    moves = h * np.eye(own.shape[1])
    return np.stack([(values_at(a, own + m) - values_at(a, own - m)) / (2 * h) for m in moves], axis=1)


def other_actions(a: Args) -> dict[str, Array]:
    """Return actions (B, A) that may be asked about instead of the actor's own, by words."""
    own, z = own_actions(a), net_of(a["actor"])(a["batch"]["obs"])
    return {
        "actions of 0": np.zeros_like(own),
        "the actions of the batch": a["batch"]["action"],
        "the actor's actions cut off at -1 and 1": np.clip(own, -1, 1),
        "the actor's outputs before they are scaled to the range": np.tanh(z),
        "the actor's outputs before tanh, cut off at the range,": np.clip(z, a["low"], a["high"]),
        "the actor's outputs before tanh": z,
        "the middle of the range": np.broadcast_to((a["low"] + a["high"]) / 2, own.shape),
        "the mean action of the batch": np.broadcast_to(own.mean(axis=0), own.shape),
    }


def other_slopes(a: Args) -> dict[str, Callable[[], Array]]:
    """Return what may stand in the place of dQ/da, (B, A), by words."""
    own = own_actions(a)
    found: dict[str, Callable[[], Array]] = {
        f"dQ/da at {words}": lambda at=at: slopes_at(a, at)  # type: ignore[misc]
        for words, at in other_actions(a).items()
    }
    found |= {words: lambda change=change: np.array(change(slopes_at(a, own))) for words, change in OF_OWN}  # type: ignore[misc]
    if "curved" in a:  # else every critic is of layers with ReLU, and this is no other slope
        found[NOT_CONSTANT] = lambda: with_its_own_slope(a, own)
    found |= {
        f"a difference quotient of Q over {2 * h:g} in each action dimension": lambda h=h: quotients(a, own, h)  # type: ignore[misc]
        for h in (1e-1, 1e-2, 1e-3)
    }
    return found | {
        "dQ/da of the rows with a positive Q alone": lambda: slopes_at(a, own) * (values_at(a, own) > 0)[:, None],
        "dQ/da cut off at -1 and 1": lambda: np.clip(slopes_at(a, own), -1, 1),
        "dQ/da times Q": lambda: slopes_at(a, own) * values_at(a, own)[:, None],
        "the slope of the cosine between dQ/da and the action": lambda: _slope_of_cosine(slopes_at(a, own), own),
    }


def gradients_otherwise(a: Args) -> Otherwise:
    """Return the actor's gradient, as the part `actor_gradient`, with each of these."""
    return {
        f"what it would be with {words} instead of dQ/da at the actor's own action": lambda of=of: (  # type: ignore[misc]
            {"actor_gradient": in_layers(a, actor_gradient({**a, "dq_da": of()}))}
        )
        for words, of in other_slopes(a).items()
    }


def in_layers(a: Args, gradient: Array) -> Any:
    """Return a flat gradient of the actor as arrays in torch's shapes and order."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(gradient, net_of(a["actor"]).sizes)


def given_slopes_otherwise(a: Args) -> Otherwise:
    """Return the actor's flat gradient by a dQ/da that is given, with other slopes of the squash."""
    actor, B, half = net_of(a["actor"]), len(a["batch"]["obs"]), (a["high"] - a["low"]) / 2
    z, cache = actor.forward(a["batch"]["obs"])
    steep = half * (1 - np.tanh(z) ** 2)

    def gradient(up: Array) -> Array:
        return np.asarray(-actor.vjp(cache, a["dq_da"] * up)[0] / B)

    found = slope_otherwise("the slope of tanh", SLOPES_FOR_TANH, lambda slope: gradient(half * slope(z)))
    found |= {
        f"what it would be without the action dimensions whose |tanh(z)| is more than {top:g}": lambda top=top: (
            gradient(  # type: ignore[misc]
                steep * (np.abs(np.tanh(z)) < top)
            )
        )
        for top in (0.9, 0.95)
    }
    turned = np.where(np.arange(B)[:, None] == 0, -1.0, 1.0)
    return found | {
        AT_THE_ACTION: lambda: gradient(half * (1 - np.tanh(squash_oracle(z, a["low"], a["high"])) ** 2)),
        OF_THE_ACTION: lambda: gradient(half * (1 - squash_oracle(z, a["low"], a["high"]) ** 2)),
        "what it would be if the first row alone had the other sign": lambda: gradient(steep * turned),
        "what it would be if all rows but the first had the other sign": lambda: gradient(-steep * turned),
    }
