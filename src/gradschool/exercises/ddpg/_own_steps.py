"""What an actor's step and two soft updates did, read from weights: which slope of which critic, and which tau.

The actor's gradient is compared where it enters the network, before tanh and scale: there a row of -dQ/da is
multiplied by d action / d output. A mean and a sum over the batch are both right, and so is the critic of before or of
after its own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from gradschool.core.exercise import AnswerUnusable, Args
from gradschool.core.numerics import Array
from gradschool.exercises._formulas import EXACT, Formula, Rows, is_one_for_all
from gradschool.exercises._weights import distinct
from gradschool.exercises.ddpg._setups import squash_oracle
from gradschool.exercises.ddpg.adapters import OWN_NETS, is_curved
from gradschool.rl.nets.mlp import MLP, layer_views

SAME_WAY = 1e-9  # relative residual of a tensor that lies on the straight line to the online network
SAME_SHARE = 1e-6
UPHILL = "uphill in the loss"  # a factor below 0
OWN = "at the actor's own action"
RIGHT = ("the critic after its step", "the critic before its step")


class Curved(MLP):
    """The layers of a critic whose Q is z + sin(z) / 2, with z from the layers: no straight line, and nowhere flat."""


def with_weights(net: MLP, flat: Array) -> MLP:
    """A network of the same kind with other parameters (n_params,)."""
    return type(net)(net.sizes, flat=flat)


class Nets(NamedTuple):
    """The four networks of one call as they were before it, and the range of the actions."""

    actor: MLP
    critic: MLP
    target_actor: MLP
    target_critic: MLP
    low: Array
    high: Array

    @classmethod
    def of(cls, a: Args, call: str) -> Nets:
        """The networks of one call of a case."""
        sizes = {"actor": a["actor_sizes"], "critic": a["critic_sizes"]}
        kinds = {"actor": MLP, "critic": Curved if is_curved(a["critic_sizes"]) else MLP}
        nets = {
            name: kinds[kind](sizes[kind], flat=a[call][name])
            for name in OWN_NETS
            for kind in (name.removeprefix("target_"),)
        }
        return cls(**nets, low=a["low"], high=a["high"])

    def act(self, actor: MLP, obs: Array) -> Array:
        """Actions (B, A) in the environment's units."""
        return squash_oracle(actor(obs), self.low, self.high)


def value(critic: MLP, obs: Array, action: Array) -> Array:
    """Q (B,)."""
    z = critic(np.concatenate([obs, action], axis=1))[:, 0]
    return z + np.sin(z) / 2 if isinstance(critic, Curved) else z


def steepness(critic: MLP, z: Array) -> Array:
    """The slope of Q in what its layers return, in the shape of that."""
    return 1.0 + np.cos(z) / 2 if isinstance(critic, Curved) else np.ones_like(z)


def slope(critic: MLP, obs: Array, action: Array) -> Array:
    """dQ/da (B, A)."""
    z, cache = critic.forward(np.concatenate([obs, action], axis=1))
    return critic.input_vjp(cache, steepness(critic, z))[:, obs.shape[1] :]


def climbs(nets: Nets, critic_after: Array, obs: Array) -> list[Array]:
    """What the actor's loss -sum Q leaves in the critic's .grad: by the critic of before and of after its step."""
    x, found = np.concatenate([obs, nets.act(nets.actor, obs)], axis=1), []
    for critic in (nets.critic, with_weights(nets.critic, critic_after)):
        z, cache = critic.forward(x)
        found.append(critic.vjp(cache, -steepness(critic, z))[0])
    return found


def once(carried: Array, B: int) -> Array:
    """What was applied once more: the critic's own gradient, and the actor's loss (1 for its mean and for its sum)."""
    if len(carried) != 3:
        return np.zeros(2)
    loss = float(carried[1:].sum())
    return np.array([carried[0], 1.0 if np.isclose([loss * B, loss], 1.0, rtol=1e-5).any() else loss * B])


def sums(obs: Array) -> Array:
    """The distinct states, (U, B): 1 where a row belongs to a state. A state that occurs twice learns from both."""
    _, (state,) = distinct(obs)
    return np.asarray(state == np.arange(state.max() + 1)[:, None], float)


def critic_rows(nets: Nets, batch: dict[str, Array]) -> tuple[Array, list[Array]]:
    """The critic's distinct inputs: (s, a), then (s, mu(s)) and (s', mu'(s')); where each group's rows are."""
    pairs = (
        (batch["obs"], batch["action"]),
        (batch["obs"], nets.act(nets.actor, batch["obs"])),
        (batch["next_obs"], nets.act(nets.target_actor, batch["next_obs"])),
    )
    return distinct(*(np.concatenate(pair, axis=1) for pair in pairs))


def rows_of(a: Args, call: str, after: dict[str, Array] | None = None) -> Rows:
    """What the labels of one call are made of; with weights of after the call, labels of these too."""
    batch, nets = a[call]["batch"], Nets.of(a, call)
    s, s2, replay = batch["obs"], batch["next_obs"], batch["action"]
    q, slow = nets.critic, nets.target_critic
    mu, mu_slow = (nets.act(net, s2) for net in (nets.actor, nets.target_actor))
    values = {
        "target networks at s'": value(slow, s2, mu_slow),
        "online critic at the target actor's action": value(q, s2, mu_slow),
        "target critic at the online actor's action": value(slow, s2, mu),
        "online networks at s'": value(q, s2, mu),
        "target critic at the mean of both actors' actions": value(slow, s2, (mu + mu_slow) / 2),
        "target critic at the action of the replay": value(slow, s2, replay),
        "target critic at s and the action taken": value(slow, s, replay),
        "target networks at s": value(slow, s, nets.act(nets.target_actor, s)),
        "target critic at s, the action chosen in s'": value(slow, s, mu_slow),
        "target critic at s', the action chosen in s": value(slow, s2, nets.act(nets.target_actor, s)),
        "target critic at an action that is not scaled": value(slow, s2, np.tanh(nets.target_actor(s2))),
        "target critic at an action kept within -1 and 1": value(slow, s2, np.clip(mu_slow, -1.0, 1.0)),
        "target critic with its two inputs swapped": value(slow, mu_slow, s2),
        "smaller value of target and online critic": np.minimum(value(slow, s2, mu_slow), value(q, s2, mu_slow)),
        "larger value of target and online critic": np.maximum(value(slow, s2, mu_slow), value(q, s2, mu_slow)),
    }
    if after is not None:
        moved = {name: with_weights(getattr(nets, name), after[name]) for name in OWN_NETS}
        late = moved["target_critic"]
        values["target networks after their own step"] = value(late, s2, nets.act(moved["target_actor"], s2))
        values["target critic at the online actor's new action"] = value(slow, s2, nets.act(moved["actor"], s2))
    _, (pair, *_) = critic_rows(nets, batch)
    pairs = np.asarray(pair == np.arange(pair.max() + 1)[:, None], float)
    flags = batch["terminated"], batch["truncated"]
    return Rows(pairs, value(q, s, replay), batch["reward"], *flags, a["gamma"], values)


def asked_of_actor(nets: Nets, obs: Array) -> Array:
    """-dQ/da times d action / d output for each distinct state, (U, A), by the critic of before its step."""
    action = nets.act(nets.actor, obs)
    found: Array = sums(obs) @ (-slope(nets.critic, obs, action) * squash_slope(nets, obs))
    return found


def squash_slope(nets: Nets, obs: Array) -> Array:
    found: Array = (nets.high - nets.low) / 2 * (1 - np.tanh(nets.actor(obs)) ** 2)
    return found


def explain_actor(g: Array, nets: Nets, critic_after: Array, batch: Mapping[str, Array]) -> Formula:
    """Return what explains the gradients g (U, A) at the actor's outputs for the batch's states.

    Raises
    ------
    AnswerUnusable
        If every row has the same gradient, and no slope explains it.
    """
    obs = batch["obs"]
    add, B, A = sums(obs), *batch["action"].shape
    if not np.any(g):
        return Formula(np.zeros_like(g), "the actor has no gradient at s", right=False)
    found = slopes(nets, with_weights(nets.critic, critic_after), obs, batch["action"])
    for (name, (rows, told)), (c, factor) in product(found.items(), ((1 / B, "mean"), (1.0, "sum"))):
        if _same(g / c, add @ rows):
            return Formula(add @ told, f"actor: {factor} over the batch, {name}", name in RIGHT)
        if _same(g / c, add @ rows / A):
            return Formula(add @ told / A, f"actor: {factor} over the batch and mean over the actions, {name}", False)
    for name, (rows, _) in found.items():
        x = add @ rows
        k = float((g * x).sum() / max(float((x * x).sum()), 1e-300))
        if g.size > 2 and _same(g, k * x):
            return Formula(g * B, f"actor: {k:.3g} times {name}", right=False)
    if is_one_for_all(g, add.sum(axis=1)):
        raise AnswerUnusable("each row of the actor's outputs has the same gradient, whatever its state and its Q")
    few = "too few rows to tell the actor's formula"
    return Formula(g * B, "actor: no known formula" if g.size > 2 else few, right=False)


def _same(x: Array, y: Array) -> bool:
    return bool(np.abs(x - y).max() <= EXACT * np.abs(y).max())


def slopes(nets: Nets, critic_after: MLP, obs: Array, replay: Array) -> dict[str, tuple[Array, Array]]:
    """What an actor may be pushed by, (B, A), at its outputs, and the same by the critic of before. Right ones first.

    The critic of after its step depends on the loss's convention: told as the one of before, a fault does not.
    """
    critics = dict(zip(RIGHT, (critic_after, nets.critic), strict=True)) | {"the target critic": nets.target_critic}
    ways = {name: _ways(nets, critic, obs, replay) for name, critic in critics.items()}
    told = {name: ways[RIGHT[1] if name in RIGHT else name] for name in ways}
    first = {name: (ways[name][OWN], told[name][OWN]) for name in RIGHT}
    rest = {f"{name}, {way}": (ways[name][way], told[name][way]) for name in ways for way in ways[name]}
    uphill = {f"{name}, {UPHILL}": (-rows, -same) for name, (rows, same) in rest.items()}
    return first | rest | uphill


def _ways(nets: Nets, critic: MLP, obs: Array, replay: Array) -> dict[str, Array]:
    """What one critic may push an actor by, (B, A) at the actor's outputs."""
    own, into, half = nets.act(nets.actor, obs), squash_slope(nets, obs), (nets.high - nets.low) / 2
    dq_da, q = slope(critic, obs, own), value(critic, obs, own)[:, None]
    return {
        OWN: -dq_da * into,
        "at the action of the replay": -slope(critic, obs, replay) * into,
        "at the target actor's action": -slope(critic, obs, nets.act(nets.target_actor, obs)) * into,
        "the slope of tanh left out": -dq_da * half,
        "the scale of the range left out": -dq_da * into / half,
        "Q in place of its slope": -q * into,
        "of Q squared": -2 * q * dq_da * into,
    }


class Followed(NamedTuple):
    """The target's new weights (n_params,) as if it had moved towards the online network of before its step.

    ``words`` say how far it moved, and ``share`` is the same as a number where every tensor moved as far. ``mix`` are
    the factors of the two networks in a sum that is no average, and ``of_three`` those of the target, of the online
    network before its step and of the one after it.
    """

    weights: Array
    words: str
    share: float | None
    mix: tuple[float, float] | None = None
    of_three: tuple[float, ...] | None = None


def soft_update(target: MLP, after: Array, online: MLP, online_after: Array) -> Followed:
    """What a target network did.

    Each tensor's share of the way is measured. Towards the online network of before or of after its step are both
    right; one of the two explains more tensors. A tensor that is not on that way stays as it came back.
    """
    best: tuple[int, Followed] | None = None
    for when, flat in (("after", online_after), ("before", online.flat)):
        found, fitted, shares = after.copy(), 0, []
        views = [_tensors(x, target) for x in (target.flat, after, flat, online.flat, found)]
        for old, new, towards, before, out in zip(*views, strict=True):
            way, moved = towards - old, new - old
            share = float((moved * way).sum() / max(float((way * way).sum()), 1e-300))
            if np.abs(moved - share * way).max() <= SAME_WAY * max(1.0, *(float(np.abs(t).max()) for t in (old, new))):
                out[...], fitted = old + share * (before - old), fitted + 1
                shares.append(share)
        words = f"tau {np.median(shares):.4g}, online weights of {when} the step" if shares else "no soft update"
        whole = fitted == len(views[0]) and np.ptp(shares) <= SAME_SHARE
        if best is None or fitted > best[0]:
            best = fitted, Followed(found, words, float(np.median(shares)) if whole else None)
    assert best is not None
    if best[1].share is not None:
        return best[1]
    old, both = target.flat, (online_after, online.flat)
    mix = _mixed(after, old, both[0]) or _mixed(after, old, both[1])
    if mix:
        return best[1]._replace(mix=(mix[0], mix[1]))
    return best[1]._replace(of_three=_mixed(after, old, both[1], both[0]))


def _mixed(after: Array, *weights: Array) -> tuple[float, ...] | None:
    """Return the factors of these weights in a target's new ones; None if those are no such sum."""
    table = np.stack(weights, axis=1)
    found = np.linalg.lstsq(table, after, rcond=1e-9)[0]
    if np.abs(after - table @ found).max() > SAME_WAY * max(1.0, float(np.abs(after).max())):
        return None
    return tuple(float(x) for x in found)


def _tensors(flat: Array, net: MLP) -> list[Array]:
    """Weights and biases of every layer, as views into `flat`."""
    weights, biases = layer_views(flat, net.sizes)
    return [*weights, *biases]
