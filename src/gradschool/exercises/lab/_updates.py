"""Updates in NumPy by measured slopes, and the same with one fault, that several oracles and recorded agents share.

``fault`` is 0 for a right agent, else the number of a planted fault in the order of the file. Plain SGD everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises.ddpg._losses import outputs
from gradschool.exercises.ddpg._setups import slopes_at, squash_oracle, value_of
from gradschool.lessons.lab.small import LIMIT, STEP_SIZE

Batch = Mapping[str, Array]
Weights = dict[str, Array]


def each_batch(batches: Mapping[str, Array], **changes: Any) -> Iterator[dict[str, Array]]:
    """Yield the batches one by one, each with some of its arrays replaced."""
    for k in range(len(batches["reward"])):
        yield {**{name: x[k] for name, x in batches.items()}, **changes}


def taxi_learn(
    q_net: Array, target_net: Array, batches: Iterator[Batch], gamma: float, sync_every: int, fault: int = 0
) -> Iterator[Weights]:
    """Yield both tables (S, A) after each update."""
    q, target, gradient = q_net.copy(), target_net.copy(), np.zeros_like(q_net)
    for k, b in enumerate(batches):
        best, going_on = target[b["next_state"]].max(axis=1), 1 - b["done"]
        y = (b["reward"] + gamma * best) * going_on if fault == 1 else b["reward"] + gamma * best * going_on
        gradient = gradient if fault == 2 else np.zeros_like(q)
        error = q[b["state"], b["action"]] - y
        np.add.at(gradient, (b["state"], b["action"]), error / len(error))
        q -= STEP_SIZE * gradient
        if (k + 1) % sync_every == 0:
            target = q if fault == 3 else q.copy()
        yield {"q_net": q.copy(), "target_net": target.copy()}


def follow(target: Array, net: Array, tau: float) -> Array:
    """A fraction tau of the way from the target network's weights to those of its network."""
    return np.asarray((1 - tau) * target + tau * net)


def squared_error(sizes: tuple[int, ...], x: Array, column: Array, y: Array) -> Callable[[Array], Array]:
    """Half the mean of squared errors, for each of K networks of one shape, as a function of their weights (K, n)."""
    rows = np.arange(len(y))
    return lambda flats: np.asarray(0.5 * np.mean((outputs(sizes, flats, x)[:, rows, column] - y) ** 2, axis=1))


def other_action(net: Mapping[str, Any], batches: Mapping[str, Array], k: int) -> bool:
    """Whether in batch k some row that goes on has another best action at s than at s'."""
    best = [outputs(net["sizes"], net["flat"][None], batches[end][k])[0].argmax(axis=1) for end in ("obs", "next_obs")]
    return bool(np.any((best[0] != best[1]) & (batches["done"][k] == 0)))


def cartpole_learn(
    q_net: Mapping[str, Any], target_net: Mapping[str, Any], batches: Iterator[Batch], gamma: float, tau: float,
    fault: int = 0,
) -> Iterator[Weights]:  # fmt: skip
    """Yield both networks' flat weights after each update of double DQN."""
    sizes, q, target = q_net["sizes"], q_net["flat"].copy(), target_net["flat"].copy()
    for b in batches:
        chooses = outputs(sizes, q[None], b["obs"] if fault == 1 else b["next_obs"])[0].argmax(axis=1)
        best = outputs(sizes, target[None], b["next_obs"])[0][np.arange(len(chooses)), chooses]
        y = b["reward"] + (1.0 if fault == 2 else gamma) * best * (1 - b["done"])
        q = q - STEP_SIZE * complex_step_at_once(squared_error(sizes, b["obs"], b["action"], y), q)
        target = follow(target, q, 1 - tau if fault == 3 else tau)
        yield {"q_net": q, "target_net": target}


def pendulum_learn(
    nets: Mapping[str, Mapping[str, Any]], batches: Iterator[Batch], gamma: float, tau: float, fault: int = 0
) -> Iterator[Weights]:
    """Yield the flat weights of all four networks after each update of DDPG."""
    now = {name: {**net, "flat": net["flat"].copy()} for name, net in nets.items()}
    for b in batches:
        now["critic"]["flat"] = critic_step(now, b, gamma, wrong_state=fault == 2)
        at = b["action"] if fault == 3 else actions(now["actor"], b["obs"])
        moved = actor_step(now, b, at)
        if fault == 1:
            now["critic"]["flat"] = now["critic"]["flat"] - STEP_SIZE * slope_in_weights(now["critic"], b, at)
        now["actor"]["flat"] = moved
        for name in ("actor", "critic"):
            target = now[f"target_{name}"]
            target["flat"] = follow(target["flat"], now[name]["flat"], tau)
        yield {name: net["flat"].copy() for name, net in now.items()}


def actions(net: Mapping[str, Any], obs: Array) -> Array:
    """What an actor does, (B, A)."""
    return squash_oracle(outputs(net["sizes"], net["flat"][None], obs)[0], np.array(-LIMIT), np.array(LIMIT))


def critic_step(now: Mapping[str, Mapping[str, Any]], b: Batch, gamma: float, *, wrong_state: bool = False) -> Array:
    """The critic's weights after its step."""
    critic, y = now["critic"], critic_label(now, b, gamma, wrong_state=wrong_state)
    x = np.concatenate([b["obs"], b["action"]], axis=1)

    def loss(flats: Array) -> Array:
        return np.asarray(0.5 * np.mean((values_of(critic, flats, x) - y) ** 2, axis=1))

    return np.asarray(critic["flat"] - STEP_SIZE * complex_step_at_once(loss, critic["flat"]))


def critic_label(now: Mapping[str, Mapping[str, Any]], b: Batch, gamma: float, *, wrong_state: bool = False) -> Array:
    """What a critic learns, (B,): the reward, and where the episode goes on the discounted value of both targets."""
    next_action = actions(now["target_actor"], b["obs"] if wrong_state else b["next_obs"])
    x_next = np.concatenate([b["next_obs"], next_action], axis=1)
    return np.asarray(b["reward"] + gamma * (1 - b["done"]) * q_of(now["target_critic"], x_next))


def q_of(critic: Mapping[str, Any], x: Array) -> Array:
    """Q (B,) of observations with actions beside them."""
    return np.asarray(values_of(critic, critic["flat"][None], x)[0])


def values_of(critic: Mapping[str, Any], flats: Array, x: Array) -> Array:
    """Q (K, B) by each of K weights (K, n) of a critic, which is curved in the action where it says so."""
    return np.asarray(value_of(critic, outputs(critic["sizes"], flats, x)[:, :, 0]))


def slopes_of(critic: Mapping[str, Any], b: Batch, at: Array) -> Array:
    """dQ/da (B, A) of a critic at these actions."""
    return slopes_at({"critic": critic, "batch": b, "curved": critic.get("curved")}, at)


def slope_in_weights(critic: Mapping[str, Any], b: Batch, at: Array) -> Array:
    """The slope of mean Q in the critic's own weights at these actions: what asking for the actor's slope leaves."""
    x = np.concatenate([b["obs"], at], axis=1)

    def mean_q(flats: Array) -> Array:
        return np.asarray(values_of(critic, flats, x).mean(axis=1))

    return complex_step_at_once(mean_q, critic["flat"])


def actor_step(now: Mapping[str, Mapping[str, Any]], b: Batch, at: Array) -> Array:
    """The actor's weights after its step along dQ/da at these actions."""
    return actor_step_along(now["actor"], b["obs"], slopes_of(now["critic"], b, at))


def actor_step_along(actor: Mapping[str, Any], obs: Array, slope: Array) -> Array:
    """An actor's weights after a step that moves its actions along these slopes (B, A)."""

    def losses(flats: Array) -> Array:
        mu = squash_oracle(outputs(actor["sizes"], flats, obs), np.array(-LIMIT), np.array(LIMIT))
        return np.asarray(-np.sum(slope * mu, axis=(1, 2)) / len(obs))

    return np.asarray(actor["flat"] - STEP_SIZE * complex_step_at_once(losses, actor["flat"]))


def shows(one: Weights, other: Weights, at_least: float = 1e-3) -> bool:
    """Whether online networks that learned in two ways differ: a fault may leave no trace in a batch."""
    return any(float(np.abs(one[name] - other[name]).max()) > at_least for name in ("actor", "critic"))
