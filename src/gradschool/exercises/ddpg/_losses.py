"""Chapter 3: losses, and slopes measured from them, that several oracles share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises.ddpg._setups import squash_oracle, value_of
from gradschool.exercises.ddpg.adapters import net_of
from gradschool.rl.ddpg.agent import Batch


def targets(a: Args, critics: list[str], move: Callable[[Array], Array]) -> Array:
    """r + gamma min Q'(s', move(mu'(s'))) where the world went on, r where it ended."""
    s = a["batch"]["next_obs"]
    z = outputs(a["target_actor"]["sizes"], a["target_actor"]["flat"][None], s)[0]
    x = np.concatenate([s, move(squash_oracle(z, a["low"], a["high"]))], axis=1)
    promises = [outputs(a[name]["sizes"], a[name]["flat"][None], x)[0, :, 0] for name in critics]
    future = a["gamma"] * np.min(promises, axis=0)
    return np.asarray(a["batch"]["reward"] + np.where(a["batch"]["terminated"] == 0, future, 0.0))


def outputs(sizes: Sequence[int], flats: Array, x: Array) -> Array:
    """The outputs (K, B, n_out) of K networks of one shape, given by their parameters (K, n_params).

    ``x`` is (B, n_in) for all of them, or (K, B, n_in). Complex where either is.
    """
    at = 0
    for layer, (n_in, n_out) in enumerate(pairwise(int(n) for n in sizes)):
        x = np.maximum(x, 0) if layer else x
        weights = flats[:, at : at + n_in * n_out].reshape(len(flats), n_in, n_out)
        at += n_in * n_out
        x = x @ weights + flats[:, None, at : at + n_out]
        at += n_out
    return x


def actor_gradient(a: Args) -> Array:
    """Gradient of L = -1/B sum dq_da . mu(s; theta) in theta by complex steps; dq_da is a number here."""
    obs, sizes = a["batch"]["obs"], a["actor"]["sizes"]

    def losses(flats: Array) -> Array:
        actions = squash_oracle(outputs(sizes, flats, obs), a["low"], a["high"])
        return np.asarray(-np.sum(a["dq_da"] * actions, axis=(1, 2)) / len(obs))

    return complex_step_at_once(losses, a["actor"]["flat"])


def direct_losses(a: Args, flats: Array) -> Array:
    """L(theta) = -1/B sum Q(s, mu(s; theta)) in NumPy for each of K thetas (K, n_params); complex where they are."""
    obs = a["batch"]["obs"]
    actions = squash_oracle(outputs(a["actor"]["sizes"], flats, obs), a["low"], a["high"])
    x = np.concatenate([np.broadcast_to(obs, (*actions.shape[:2], obs.shape[1])), actions], axis=2)
    z = outputs(a["critic"]["sizes"], a["critic"]["flat"][None], x)
    return np.asarray(-np.sum(value_of(a, z), axis=(1, 2)) / len(obs))


def direct_gradient(a: Args, flat: Array) -> Array:
    """dL/dtheta (n_params,) of L = -1/B sum Q(s, mu(s; theta)) by complex steps."""
    return complex_step_at_once(lambda flats: direct_losses(a, flats), flat)


def true_gradient(a: Args) -> tuple[Array, ...]:
    """dL/dtheta at the actor's own parameters, as arrays in torch's shapes and order."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(direct_gradient(a, a["actor"]["flat"]), net_of(a["actor"]).sizes)


def nothing_in_grad(a: Args, which: str) -> tuple[Array, ...]:
    """Zeros in the shapes of a network's parameters, as of a ``.grad`` that is empty."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(np.zeros_like(a[which]["flat"]), net_of(a[which]).sizes)


def state_before(a: Args) -> dict[str, Any]:
    """The state of networks and batch that nobody has touched yet: what it is to be after the call as well.

    The parts of :func:`~gradschool.exercises.ddpg.adapters.state_of`, without making the networks: the oracle is asked
    hundreds of times while an answer is explained.
    """
    return {
        **_network_before(a, "actor", (a["low"], a["high"])),
        **_network_before(a, "critic", ()),
        "batch_after": {name: np.array(a["batch"][name]) for name in Batch._fields},
        "batch_requires_grad": np.zeros(len(Batch._fields), bool),
    }


def _network_before(a: Args, name: str, buffers: tuple[Array, ...]) -> dict[str, Any]:
    """A network's state: every parameter learns, and the module, its Sequential and each layer are in train mode."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    weights = layer_arrays(a[name]["flat"], net_of(a[name]).sizes)
    return {
        f"{name}_weights": weights,
        f"{name}_buffers": tuple(np.array(x) for x in buffers),
        f"{name}_requires_grad": np.ones(len(weights), bool),
        f"{name}_training": np.ones(len(weights) + 1, bool),  # a Linear and a ReLU for each layer but the last
    }
