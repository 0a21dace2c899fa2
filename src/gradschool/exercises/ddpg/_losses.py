"""Chapter 3: losses, and slopes measured from them, that several oracles share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises.ddpg._setups import squash_oracle
from gradschool.exercises.ddpg.adapters import net_of, state_of, torch_setup
from gradschool.rl.nets.mlp import MLP


def torch_targets(a: Args, critics: list[str], move: Callable[[Any, int], Any]) -> Array:
    """r + gamma min Q'(s', move(mu'(s'))) where the world went on, r where it ended."""
    import torch

    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic

    actor = TorchActor(net_of(a["target_actor"]), a["low"], a["high"])
    judges = [TorchCritic(net_of(a[name])) for name in critics]
    y = np.array(a["batch"]["reward"])
    with torch.no_grad():
        for i in np.flatnonzero(a["batch"]["terminated"] == 0):
            s = torch.tensor(a["batch"]["next_obs"][i : i + 1])
            action = move(actor(s), int(i))
            y[i] += a["gamma"] * min(float(judge(s, action)[0]) for judge in judges)
    return y


def actor_gradient(a: Args) -> Array:
    """Gradient of L = -1/B sum dq_da . mu(s; theta) in theta by a complex step; dq_da is a number here."""
    obs, sizes = a["batch"]["obs"], net_of(a["actor"]).sizes

    def loss(flat: Array) -> Any:
        action = squash_oracle(MLP(sizes, flat=flat)(obs), a["low"], a["high"])
        return -np.sum(a["dq_da"] * action) / len(obs)

    return complex_step(loss, a["actor"]["flat"])


def direct_loss(a: Args, flat: Array) -> Any:
    """L(theta) = -1/B sum Q(s, mu(s; theta)) in NumPy; complex where theta is."""
    obs = a["batch"]["obs"]
    action = squash_oracle(MLP(net_of(a["actor"]).sizes, flat=flat)(obs), a["low"], a["high"])
    q = net_of(a["critic"])(np.concatenate([obs, action], axis=1))
    return -np.sum(q) / len(obs)


def direct_gradient(a: Args, flat: Array) -> Array:
    """dL/dtheta (n_params,) of L = -1/B sum Q(s, mu(s; theta)) by a complex step."""
    return complex_step(lambda p: direct_loss(a, p), flat)


def true_gradient(a: Args) -> tuple[Array, ...]:
    """dL/dtheta at the actor's own parameters, as arrays in torch's shapes and order."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(direct_gradient(a, a["actor"]["flat"]), net_of(a["actor"]).sizes)


def nothing_in_grad(a: Args, which: str) -> tuple[Array, ...]:
    """Zeros in the shapes of a network's parameters, as of a ``.grad`` that is empty."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(np.zeros_like(a[which]["flat"]), net_of(a[which]).sizes)


def state_before(a: Args) -> dict[str, Any]:
    """The state of networks and batch that nobody has touched yet: what it is to be after the call as well."""
    return state_of(*torch_setup(a))
