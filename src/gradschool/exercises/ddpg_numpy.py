"""Chapter 3, the exercises in NumPy: how each is tried, and an oracle that needs no reference.

Values come from central differences of the stated loss, or from torch as a witness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.numerics import central_differences
from gradschool.exercises.ddpg_cases import Args, Rng, batch_of, bounded, limits, net_of, pick, world_cases
from gradschool.rl.nets.mlp import MLP, Array

Answer = Callable[..., Any]


# -- ddpg.squash, ddpg.squash_vjp ------------------------------------------------------------------------------


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


def squash_expect(a: Args) -> Array:
    """By torch: the middle of the range plus half its width times tanh."""
    import torch

    z, low, high = (torch.tensor(a[name]) for name in ("z", "low", "high"))
    return torch.lerp(low.expand_as(z), high.expand_as(z), (torch.tanh(z) + 1) / 2).numpy()


def squash_vjp_cases(rng: Rng) -> list[Case]:
    """The same, and the gradient g = dL/da (B, A) that arrives at the action."""
    cases = squash_cases(rng)
    slopes = [rng.normal(size=c.args["z"].shape) for c in cases]
    return [
        Case(c.name, pick({**c.args, "g": g}, "z", "g", "low", "high"), c.edge, c.sizes)
        for c, g in zip(cases, slopes, strict=True)
    ]


def squash_vjp_expect(a: Args) -> Array:
    """Gradient of L = sum g squash(z) in z by central differences."""
    return central_differences(lambda z: float(np.sum(a["g"] * bounded(z, a["low"], a["high"]))), a["z"])


# -- ddpg.critic_target, ddpg.twin_target ----------------------------------------------------------------------


def target_cases(rng: Rng) -> list[Case]:
    """A batch, both target networks, the range and gamma."""
    cases = world_cases(rng, "batch", "target_actor", "target_critic", "low", "high")
    return [Case(c.name, {**c.args, "gamma": 0.9}, c.edge, c.sizes, c.rows) for c in cases]


def target_run(answer: Answer, a: Args) -> Any:
    """critic_target(batch, target_actor, target_critic, low, high, gamma)."""
    nets = [net_of(a[name]) for name in ("target_actor", "target_critic")]
    return answer(batch_of(a["batch"]), *nets, a["low"], a["high"], a["gamma"])


def target_expect(a: Args) -> Array:
    """By torch, one row at a time: what the target networks promise, where the world went on."""
    return torch_targets(a, ["target_critic"], lambda action, row: action)


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


def twin_cases(rng: Rng) -> list[Case]:
    """The same with two target critics, and smoothing noise (B, A), some of it beyond its clip (A,)."""
    names = ("batch", "target_actor", "target_critic", "target_critic_2", "low", "high")
    cases = world_cases(rng, *names)
    return [Case(c.name, {**c.args, **noise_for(rng, c.args)}, c.edge, c.sizes, c.rows) for c in cases]


def noise_for(rng: Rng, a: Args) -> dict[str, Any]:
    """Gamma, noise of the size of its clip, and the clip."""
    clip = 0.25 * (a["high"] - a["low"])
    return {"gamma": 0.9, "noise": rng.normal(size=a["batch"]["action"].shape) * 1.5 * clip, "noise_clip": clip}


def twin_run(answer: Answer, a: Args) -> Any:
    """twin_target(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip)."""
    critics = [net_of(a["target_critic"]), net_of(a["target_critic_2"])]
    rest = (a[name] for name in ("low", "high", "gamma", "noise", "noise_clip"))
    return answer(batch_of(a["batch"]), net_of(a["target_actor"]), critics, *rest)


def twin_expect(a: Args) -> Array:
    """By torch: the smaller promise at the jittered action, both the jitter and the action kept in range."""
    import torch

    low, high, noise, clip = (torch.tensor(a[name]) for name in ("low", "high", "noise", "noise_clip"))

    def move(action: Any, row: int) -> Any:
        return torch.clamp(action + torch.clamp(noise[row], -clip, clip), low, high)

    return torch_targets(a, ["target_critic", "target_critic_2"], move)


# -- ddpg.critic_gradient, ddpg.polyak -------------------------------------------------------------------------


def critic_cases(rng: Rng) -> list[Case]:
    """A critic, a batch, and the labels y (B,)."""
    cases = world_cases(rng, "critic", "batch")
    labels = [rng.normal(size=len(c.args["batch"]["reward"])) for c in cases]
    return [Case(c.name, {**c.args, "y": y}, c.edge, c.sizes) for c, y in zip(cases, labels, strict=True)]


def critic_run(answer: Answer, a: Args) -> Any:
    """critic_gradient(critic, batch, y)."""
    return answer(net_of(a["critic"]), batch_of(a["batch"]), a["y"])


def critic_expect(a: Args) -> Array:
    """Gradient of L = 1/(2B) sum (Q(s, a) - y)^2 in the critic's parameters by central differences."""
    x = np.concatenate([a["batch"]["obs"], a["batch"]["action"]], axis=1)

    def loss(flat: Array) -> float:
        return 0.5 * float(np.mean((MLP(net_of(a["critic"]).sizes, flat=flat)(x)[:, 0] - a["y"]) ** 2))

    return central_differences(loss, a["critic"]["flat"])


def polyak_cases(rng: Rng) -> list[Case]:
    """Two flat parameter arrays (n,) and tau."""

    def case(name: str, n: int, tau: float, edge: bool = False) -> Case:
        return Case(name, {"target": rng.normal(size=n), "online": rng.normal(size=n), "tau": tau}, edge)

    return [
        case("tau 0.1", 5, 0.1),
        case("tau 0.03", 8, 0.03),
        case("tau 0: nobody moves", 4, 0.0, edge=True),
        case("tau 1: the target is the online network", 4, 1.0, edge=True),
    ]


def polyak_expect(a: Args) -> Array:
    """What torch.lerp makes of it."""
    import torch

    return torch.lerp(torch.tensor(a["target"]), torch.tensor(a["online"]), a["tau"]).numpy()


# -- ddpg.action_gradient, ddpg.actor_gradient_jacobian, ddpg.actor_gradient_vjp ---------------------------------


def action_cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return world_cases(rng, "actor", "critic", "batch", "low", "high")


def action_run(answer: Answer, a: Args) -> Any:
    """action_gradient(actor, critic, batch, low, high)."""
    return answer(net_of(a["actor"]), net_of(a["critic"]), batch_of(a["batch"]), a["low"], a["high"])


def action_expect(a: Args) -> Array:
    """dQ/da for each sample at a = mu(s) by central differences of sum Q."""
    obs, critic = a["batch"]["obs"], net_of(a["critic"])
    own = bounded(net_of(a["actor"])(obs), a["low"], a["high"])
    return central_differences(lambda action: float(critic(np.concatenate([obs, action], axis=1)).sum()), own)


def actor_cases(rng: Rng) -> list[Case]:
    """An actor, a batch, dQ/da (B, A) as somebody handed it over, and the range."""
    cases = world_cases(rng, "actor", "batch", "low", "high")
    slopes = [rng.normal(size=c.args["batch"]["action"].shape) for c in cases]
    order = ("actor", "batch", "dq_da", "low", "high")
    return [
        Case(c.name, pick({**c.args, "dq_da": g}, *order), c.edge, c.sizes) for c, g in zip(cases, slopes, strict=True)
    ]


def actor_run(answer: Answer, a: Args) -> Any:
    """actor_gradient_...(actor, batch, dq_da, low, high)."""
    return answer(net_of(a["actor"]), batch_of(a["batch"]), a["dq_da"], a["low"], a["high"])


def actor_expect(a: Args) -> Array:
    """Gradient of L = -1/B sum dq_da . mu(s; theta) in theta by central differences; dq_da is a number here."""
    obs, sizes = a["batch"]["obs"], net_of(a["actor"]).sizes

    def loss(flat: Array) -> float:
        action = bounded(MLP(sizes, flat=flat)(obs), a["low"], a["high"])
        return -float(np.sum(a["dq_da"] * action)) / len(obs)

    return central_differences(loss, a["actor"]["flat"])


# -- ddpg.invert_gradients -------------------------------------------------------------------------------------


def invert_cases(rng: Rng) -> list[Case]:
    """dQ/da (B, A), the actions it was taken at (some beyond the walls), and the range."""

    def case(name: str, B: int, A: int, at: float | None = None, edge: bool = False) -> Case:
        low, high = limits(rng, A)
        share = rng.uniform(-0.2, 1.2, size=(B, A)) if at is None else np.full((B, A), at)
        g = rng.uniform(0.5, 2.0, size=(B, A)) * np.where(np.arange(B * A).reshape(B, A) % 2, -1.0, 1.0)
        args = {"dq_da": g, "action": low + share * (high - low), "low": low, "high": high}
        return Case(name, args, edge, {"B": B, "A": A} if A > 1 else {})

    return [
        case("4 samples, 3 action dimensions", 4, 3),
        case("5 samples, 2 action dimensions", 5, 2),
        case("at the upper wall", 2, 3, at=1.0, edge=True),
        case("beyond the upper wall", 2, 2, at=1.25, edge=True),
        case("in the middle", 3, 1, at=0.5, edge=True),
    ]


def invert_expect(a: Args) -> Array:
    """One entry at a time: the straight line that is 1 at the far wall and 0 at the wall that is being approached."""
    out = np.empty_like(a["dq_da"])
    for i, j in np.ndindex(out.shape):
        wall, far = (a["high"][j], a["low"][j]) if a["dq_da"][i, j] > 0 else (a["low"][j], a["high"][j])
        out[i, j] = a["dq_da"][i, j] * (a["action"][i, j] - wall) / (far - wall)
    return out
