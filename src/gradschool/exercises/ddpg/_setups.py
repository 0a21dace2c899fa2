"""Chapter 3: random networks, batches and ranges, and the inputs that several exercises share.

Small networks, A = 3 as well as 1, action ranges other than 1. The replay actions are never the actor's own, every
batch of more than one row has a row that is terminated, one that is only truncated and one that is both, and no unit
sits near the kink of its relu.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.ddpg.adapters import batch_of, net_of
from gradschool.rl.nets.mlp import MLP, initial_parameters

CLEAR = 1e-3  # how far from its kink every relu unit of an ordinary input is


def squash_oracle(z: Array, low: Array, high: Array) -> Array:
    """The action low + (high - low) / (1 + exp(-2 z)), which the lesson calls squash."""
    action: Array = low + (high - low) / (1.0 + np.exp(-2.0 * z))
    return action


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


def random_setup(rng: Rng, B: int, A: int, n: int = 3, hidden: tuple[int, ...] = (8, 6)) -> dict[str, Any]:
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
    own = squash_oracle(actor(batch.obs), a["low"], a["high"])
    at_own, at_replay = (np.concatenate([batch.obs, action], axis=1) for action in (own, batch.action))
    if not (clear_of_kinks(actor, batch.obs) and clear_of_kinks(critic, at_own) and clear_of_kinks(critic, at_replay)):
        return False
    slopes = [critic.input_vjp(critic.forward(x)[1], np.ones((len(x), 1))) for x in (at_own, at_replay)]
    return len(own) < 3 or bool(np.abs(slopes[0] - slopes[1]).max() > 1e-2)


def select(parts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Some of the parts, in this order."""
    return {name: parts[name] for name in names}


def setup_cases(rng: Rng, *names: str, hidden: tuple[int, ...] = (8, 6)) -> list[Case]:
    """Two regular cases and two at the edge, with these parts of a random setup as arguments."""

    def case(name: str, B: int, A: int, edge: bool = False, hidden: tuple[int, ...] = hidden) -> Case:
        parts = random_setup(rng, B, A, hidden=hidden)
        sizes = {"B": B, "A": A} if B > 1 and A > 1 else {}
        rows = {key: parts["batch"][key].astype(bool) for key in ("terminated", "truncated")}
        return Case(name, select(parts, *names), edge, sizes, rows)

    return [
        case("a batch of 4, 3 action dimensions", 4, 3),
        case("a batch of 6, 2 action dimensions", 6, 2),
        case("square layers", 3, 3, edge=True, hidden=(3, 3)),
        case("one sample, one action dimension", 1, 1, edge=True),
    ]


def actor_critic_cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return setup_cases(rng, "actor", "critic", "batch", "low", "high")


def action_slope_cases(rng: Rng) -> list[Case]:
    """An actor, a batch, dQ/da (B, A) as somebody handed it over, and the range."""
    drawn = setup_cases(rng, "actor", "batch", "low", "high")
    slopes = [rng.normal(size=c.args["batch"]["action"].shape) for c in drawn]
    order = ("actor", "batch", "dq_da", "low", "high")
    return [
        Case(c.name, select({**c.args, "dq_da": g}, *order), c.edge, c.sizes)
        for c, g in zip(drawn, slopes, strict=True)
    ]


def squash_cases(rng: Rng) -> list[Case]:
    """z (B, A) from the network, and the range of each action dimension, (A,)."""

    def case(name: str, B: int, A: int, edge: bool = False, z: Array | None = None) -> Case:
        low, high = limits(rng, A)
        args = {"z": rng.normal(size=(B, A)) if z is None else z, "low": low, "high": high}
        return Case(name, args, edge, {"B": B, "A": A} if A > 1 else {})

    return [
        case("4 samples, 3 action dimensions", 4, 3),
        case("3 samples, 2 action dimensions", 3, 2),
        case("one sample, one dimension", 1, 1, edge=True),
        case("far out, where tanh is flat", 2, 3, edge=True, z=np.array([[-9.0, 0.0, 9.0], [6.0, -6.0, 0.5]])),
    ]
