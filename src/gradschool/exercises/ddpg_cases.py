"""Chapter 3: the inputs of its exercises. Small networks, A = 3 as well as 1, action ranges other than 1.

The replay actions are never the actor's own, every batch of more than one row has a row that is terminated, one
that is only truncated and one that is both, and no unit sits near the kink of its relu.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.rl.ddpg.training import Batch
from gradschool.rl.nets.mlp import MLP, Array, initial_parameters

Args = Mapping[str, Any]
Rng = np.random.Generator
CLEAR = 1e-3  # how far from its kink every relu unit must be, so that central differences hold


def net_of(a: Args) -> MLP:
    """{"sizes", "flat"} -> the network. It uses the array itself, so that a change to it can be seen."""
    return MLP(tuple(int(n) for n in a["sizes"]), flat=a["flat"])


def batch_of(a: Args) -> Batch:
    """The six arrays of a batch by name -> Batch."""
    return Batch(**{name: a[name] for name in Batch._fields})


def bounded(z: Array, low: Array, high: Array) -> Array:
    """What the lesson calls squash, for the oracles."""
    return low + (high - low) / (1.0 + np.exp(-2.0 * z))


def new_net(rng: Rng, sizes: tuple[int, ...]) -> dict[str, Any]:
    """A network as plain data, twice as steep as usual, so that its slopes are worth looking at."""
    return {"sizes": sizes, "flat": 2.0 * initial_parameters(sizes, rng)}


def limits(rng: Rng, A: int) -> tuple[Array, Array]:
    """Low and high of each action dimension, neither symmetric nor of size 1."""
    low = -rng.uniform(1.2, 3.0, A)
    return low, low + rng.uniform(2.5, 4.0, A)


def new_batch(rng: Rng, B: int, n: int, low: Array, high: Array) -> dict[str, Array]:
    """B transitions as plain data."""
    flags = {name: np.zeros(B) for name in ("terminated", "truncated")}
    if B >= 3:
        rows = rng.permutation(B)
        flags["terminated"][rows[:2]] = 1.0
        flags["truncated"][rows[1:3]] = 1.0
    obs, next_obs = rng.normal(size=(2, B, n))
    action = rng.uniform(low, high, size=(B, len(low)))
    return {"obs": obs, "action": action, "reward": rng.normal(size=B), "next_obs": next_obs, **flags}


def clear_of_kinks(net: MLP, x: Array) -> bool:
    """Whether every hidden unit is away from its kink on these inputs, and not every one of them is dead."""
    _, cache = net.forward(x)
    layers = list(zip(cache, net.weights, net.biases, strict=True))[:-1]
    before = [h @ w + b for h, w, b in layers]
    return all(np.abs(z).min() > CLEAR and (z > 0).any(axis=1).all() for z in before)


def world(rng: Rng, B: int, A: int, n: int = 3, hidden: tuple[int, ...] = (8, 6)) -> dict[str, Any]:
    """A batch, limits, an actor and a critic with targets that differ from them: drawn again until it is fit to use."""
    while True:
        low, high = limits(rng, A)
        batch = new_batch(rng, B, n, low, high)
        nets = {name: new_net(rng, (n, *hidden, A)) for name in ("actor", "target_actor")}
        nets |= {name: new_net(rng, (n + A, *hidden, 1)) for name in ("critic", "target_critic", "target_critic_2")}
        parts = {"batch": batch, **nets, "low": low, "high": high}
        if is_fit(parts):
            return parts


def is_fit(a: Args) -> bool:
    """No kinks where the oracles look, and the critic's slope at mu(s) really is another one than in the memory."""
    actor, critic, batch = net_of(a["actor"]), net_of(a["critic"]), batch_of(a["batch"])
    own = bounded(actor(batch.obs), a["low"], a["high"])
    at_own, at_replay = (np.concatenate([batch.obs, action], axis=1) for action in (own, batch.action))
    if not (clear_of_kinks(actor, batch.obs) and clear_of_kinks(critic, at_own) and clear_of_kinks(critic, at_replay)):
        return False
    slopes = [critic.input_vjp(critic.forward(x)[1], np.ones((len(x), 1))) for x in (at_own, at_replay)]
    return len(own) < 3 or bool(np.abs(slopes[0] - slopes[1]).max() > 1e-2)


def pick(parts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Some of the parts, in this order."""
    return {name: parts[name] for name in names}


def world_cases(rng: Rng, *names: str, hidden: tuple[int, ...] = (8, 6)) -> list[Case]:
    """Two regular cases and two at the edge, with these parts of a world as arguments."""

    def case(name: str, B: int, A: int, edge: bool = False, hidden: tuple[int, ...] = hidden) -> Case:
        parts = world(rng, B, A, hidden=hidden)
        sizes = {"B": B, "A": A} if B > 1 and A > 1 else {}
        rows = {key: parts["batch"][key].astype(bool) for key in ("terminated", "truncated")}
        return Case(name, pick(parts, *names), edge, sizes, rows)

    return [
        case("a batch of 4, 3 action dimensions", 4, 3),
        case("a batch of 6, 2 action dimensions", 6, 2),
        case("square layers", 3, 3, edge=True, hidden=(3, 3)),
        case("one sample, one action dimension", 1, 1, edge=True),
    ]
