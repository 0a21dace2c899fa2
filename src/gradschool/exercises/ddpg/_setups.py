"""Chapter 3: random networks, batches and ranges, and the inputs that several exercises share.

Small networks; ranges of three widths, one of which does not hold 0. The replay actions are never the actor's own, and
every batch of more than one row has a row that is terminated, one that is only truncated and one that is both. What an
exercise must be asked is built into its cases and not left to the draw: `AXES` in its own file says what that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import TINY
from gradschool.exercises.ddpg.adapters import batch_of, net_of
from gradschool.rl.nets.mlp import MLP, initial_parameters

# Of the slope of the squash, where it is taken from the action.
AT_THE_ACTION = "what it would be with the slope of the squash at the action, not at z"
OF_THE_ACTION = "what it would be with 1 - a^2, where a is the action, instead of the slope of tanh"
CLEAR = 1e-3  # how far from its kink every relu unit of an ordinary input is
NEAR = 2e-5  # how far the one is that stands next to its kink
SEEN = 0.3  # the least weight by which such a unit of the critic sees the action
FAR_OUT = 4.0  # a z of a regular case, beyond where somebody may call tanh flat
STEEP = 300.0  # the largest |dQ/da| of a steep critic: beyond what anybody would clip "for stability"
GAMMAS = (0.9, 0.97, 0.8, 1.0, 0.95, 0.0)  # of the six cases of `setup_cases`
WIDTHS = (1.0, 0.4, 2.0)  # of the first, second and third range
WIDE = 8.0  # how much wider the ranges are where the critic is steep
FLAT = 2e-4  # the largest |dQ/da| of a flat critic
ORDINARY = 0.05  # what a dQ/da beside a tiny one is larger than
FAINT = 1e-4  # what a critic that hardly sees the first action multiplies its weights of that action by
LARGE_REWARD, TINY_REWARD = 150.0, 1e-4  # what two rewards of a batch are multiplied by
SMALL_REWARD = 0.3  # what all are multiplied by where the critics are flat: the target is short


def squash_oracle(z: Array, low: Array, high: Array) -> Array:
    """The action low + (high - low) / (1 + exp(-2 z)), which the lesson calls squash; for complex z too."""
    upper = np.real(z) >= 0
    e = np.exp(np.where(upper, -2.0, 2.0) * z)  # never overflows, however far out z is
    action: Array = low + (high - low) * np.where(upper, 1.0, e) / (1.0 + e)
    return action


def new_net(rng: Rng, sizes: tuple[int, ...]) -> dict[str, Any]:
    """A network as plain data, twice as steep as usual, so that its slopes are worth looking at."""
    return {"sizes": sizes, "flat": 2.0 * initial_parameters(sizes, rng)}


def limits(rng: Rng, A: int) -> tuple[Array, Array]:
    """Low and high of each action dimension: uneven, not symmetric, in no order, and the third lies above 0."""
    low = -np.sort(rng.uniform(1.2, 3.0, A))
    low[2:] = rng.uniform(0.5, 1.0, len(low[2:]))
    return low, low + rng.uniform(2.8, 3.8, A) * np.resize(WIDTHS, A)


def new_batch(rng: Rng, B: int, n: int, low: Array, high: Array) -> dict[str, Array]:
    """B transitions as plain data; of six or more the last but one stands there twice."""
    flags = {name: np.zeros(B) for name in ("terminated", "truncated")}
    rows = rng.permutation(B)
    if B >= 3:
        flags["terminated"][rows[:2]] = 1.0
        flags["truncated"][rows[1:3]] = 1.0
    obs, next_obs = rng.normal(size=(2, B, n))
    action, reward = rng.uniform(low, high, size=(B, len(low))), signed(rng, B, 0.8)
    if B >= 3:
        reward[rows[0]] *= TINY_REWARD
        reward[rows[2]] *= LARGE_REWARD
    if B >= 4:
        reward[rows[3]] = 0.0
    batch = {"obs": obs, "action": action, "reward": reward, "next_obs": next_obs, **flags}
    if B >= 6:
        for x in batch.values():
            x[rows[-1]] = x[rows[-2]]
    return batch


def hidden_inputs(net: MLP, x: Array) -> list[Array]:
    """What arrives at the units of each hidden layer, before the relu."""
    _, cache = net.forward(x)
    layers = list(zip(cache, net.weights, net.biases, strict=True))[:-1]
    return [h @ w + b for h, w, b in layers]


def clear_of_kinks(net: MLP, x: Array, by: float = CLEAR) -> bool:
    """Whether every hidden unit is away from its kink on these inputs, and some are shut, but in no row all of them."""
    return all(np.abs(z).min() > by and (z > 0).any(axis=1).all() and (z < 0).any() for z in hidden_inputs(net, x))


def random_setup(rng: Rng, B: int, A: int, hidden: tuple[int, ...] = (8, 6), kind: str = "") -> dict[str, Any]:
    """A batch, limits, an actor and a critic with targets that differ from them: drawn again until it is fit to use.

    ``kind`` may be "steep", with wide ranges, a large dQ/da and a large Q of either sign, "flat", with a tiny dQ/da and
    small rewards, "faint", with a dQ/da that is tiny in the first action alone, or "kink", with a unit of either
    network next to its kink.
    """
    for _ in count():
        low, high = (bound * (WIDE if kind == "steep" else 1.0) for bound in limits(rng, A))
        batch = new_batch(rng, B, 3, low, high)
        nets = {name: new_net(rng, (3, *hidden, A)) for name in ("actor", "target_actor")}
        nets |= {name: new_net(rng, (3 + A, *hidden, 1)) for name in ("critic", "target_critic", "target_critic_2")}
        parts: dict[str, Any] = {"batch": batch, **nets, "low": low, "high": high}
        if kind == "kink":
            move_to_kinks(parts)
        if kind == "faint":
            net_of(parts["critic"]).weights[0][batch["obs"].shape[1]] *= FAINT
            if not tiny_beside_others(slopes_at(parts, own_actions(parts))):
                continue
        if kind == "steep":
            scale_critics(parts, STEEP, "critic", "target_critic", "target_critic_2")
            center_values(parts)
        if kind == "flat":
            scale_critics(parts, FLAT, "critic", "target_critic", "target_critic_2")
            batch["reward"] *= SMALL_REWARD
        if is_fit(parts, NEAR / 2 if kind == "kink" else CLEAR):
            break
    return parts


def own_actions(a: Args) -> Array:
    """The actor's own actions mu(s), (B, A)."""
    return squash_oracle(net_of(a["actor"])(a["batch"]["obs"]), a["low"], a["high"])


def slopes_at(a: Args, action: Array) -> Array:
    """dQ/da (B, A) of the critic at these actions."""
    steep = slopes_of_layers(a, action)
    return steep * (1 + 0.5 * np.cos(layers_at(a, action)))[:, None] if a.get("curved") else steep


def slopes_of_layers(a: Args, action: Array) -> Array:
    """The slope (B, A) of what the critic's layers return: all of dQ/da where the critic is not curved."""
    critic, obs = net_of(a["critic"]), a["batch"]["obs"]
    x = np.concatenate([obs, action], axis=1)
    return critic.input_vjp(critic.forward(x)[1], np.ones((len(x), 1)))[:, obs.shape[1] :]


def values_at(a: Args, action: Array) -> Array:
    """Q (B,) of the critic at these actions."""
    return np.asarray(value_of(a, layers_at(a, action)))


def layers_at(a: Args, action: Array) -> Array:
    """What the critic's layers return at these actions, (B,)."""
    z: Array = net_of(a["critic"])(np.concatenate([a["batch"]["obs"], action], axis=1))[:, 0]
    return z


def value_of(a: Args, z: Any) -> Any:
    """Q for what a critic's layers return: z + sin(z) / 2 where the case's critics are curved; for complex z too."""
    return z + 0.5 * np.sin(z) if a.get("curved") else z


def scale_critics(a: Args, slope: float, *names: str) -> None:
    """Multiply the last layer of these critics, so that the critic's largest dQ/da at own actions is this."""
    largest = float(np.abs(slopes_at(a, own_actions(a))).max())
    factor = slope / largest if largest else 1.0  # a critic whose units are all off has no slope to make large
    for name in names:
        net = net_of(a[name])
        net.weights[-1][:] *= factor
        net.biases[-1][:] *= factor


def center_values(a: Args) -> None:
    """Shift the critic's output so that its Q at own actions goes as far below 0 as above."""
    q = values_at(a, own_actions(a))
    net_of(a["critic"]).biases[-1][:] -= (q.min() + q.max()) / 2


def move_to_kinks(a: Args) -> None:
    """Shift a bias of the actor, then two of the critic, so that these units are just above their kinks on one row.

    Both units of the critic have one action's weight, with opposite signs: whichever way the action of the first row is
    moved, as by rounding, one of them shuts.
    """
    obs = a["batch"]["obs"]
    for name, units in (("actor", 1), ("critic", 2)):
        net = net_of(a[name])
        if name == "critic":
            of_action = net.weights[0][-1]
            of_action[0] = np.copysign(max(abs(of_action[0]), SEEN), of_action[0])
            of_action[1] = -of_action[0]
        x = obs if name == "actor" else np.concatenate([obs, own_actions(a)], axis=1)
        net.biases[0][:units] += NEAR - hidden_inputs(net, x)[0][0, :units]


def is_fit(a: Args, clear: float = CLEAR) -> bool:
    """No unit on its kink, another slope of the critic at mu(s) than in the memory, and an action beyond 1."""
    actor, critic, batch = net_of(a["actor"]), net_of(a["critic"]), batch_of(a["batch"])
    own = own_actions(a)
    at_own, at_replay = (np.concatenate([batch.obs, action], axis=1) for action in (own, batch.action))
    alive = clear_of_kinks(net_of(a["target_actor"]), batch.next_obs, NEAR / 2)
    if not (alive and clear_of_kinks(actor, batch.obs, clear) and clear_of_kinks(critic, at_own, clear)):
        return False
    apart = np.abs(slopes_at(a, own) - slopes_at(a, batch.action)).max()
    told = bool(apart > 1e-2 and np.abs(own).max() > 1.1)
    return clear_of_kinks(critic, at_replay) and (len(own) < 4 or own.shape[1] == 1 or told)


def tiny_beside_others(x: Array) -> bool:
    """Whether some entry is tiny and not 0, and another is of ordinary size."""
    size = np.abs(x)
    return bool(np.any((size > 0) & (size < TINY)) and np.any(size > ORDINARY))


def select(parts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Some of the parts, in this order."""
    return {name: parts[name] for name in names}


def setup_case(
    rng: Rng,
    names: tuple[str, ...],
    name: str,
    size: tuple[int, int],
    *,
    edge: bool = False,
    hidden: tuple[int, ...] = (8, 6),
    kind: str = "",
) -> Case:
    """One case of ``size`` (B, A), with these parts of a random setup as arguments."""
    B, A = size
    parts = random_setup(rng, B, A, hidden, kind)
    sizes = {"B": B, "A": A}
    rows = {key: parts["batch"][key].astype(bool) for key in ("terminated", "truncated")}
    return Case(name, select(parts, *names), edge, sizes, rows)


def setup_cases(rng: Rng, *names: str) -> list[Case]:
    """Three regular cases and three at the edge, with these parts of a random setup as arguments."""
    return [
        setup_case(rng, names, "a batch of 4, 3 action dimensions", (4, 3)),
        setup_case(rng, names, "a batch of 6 with one row twice, 2 action dimensions", (6, 2)),
        setup_case(rng, names, "a steep critic, wide ranges", (5, 3), kind="steep"),
        setup_case(rng, names, "square layers, a faint first action", (3, 3), edge=True, hidden=(3, 3), kind="faint"),
        setup_case(
            rng,
            names,
            "one sample, one action dimension, one hidden layer, a flat critic",
            (1, 1),
            edge=True,
            hidden=(5,),
            kind="flat",
        ),
        setup_case(rng, names, "one action dimension, next to a kink", (4, 1), edge=True, kind="kink"),
    ]


def actor_critic_cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return setup_cases(rng, "actor", "critic", "batch", "low", "high")


def with_a_curved_critic(cases: list[Case]) -> list[Case]:
    """Return the cases with the second one's critics curved, as torch modules can be.

    Between kinks the slope of layers with ReLU is the same at all actions. So where every critic is made of them alone,
    a dQ/da that is differentiated as well, instead of held constant, goes unseen.
    """
    return [replace(c, args={**c.args, "curved": k == 1}) for k, c in enumerate(cases)]


def action_slope_cases(rng: Rng) -> list[Case]:
    """An actor, a batch, dQ/da (B, A) as somebody handed it over, and the range.

    The slopes are of ordinary size, large in the third case, with a row of zeros and tiny ones beside it in the fourth,
    and tiny in the last.
    """
    drawn = setup_cases(rng, "actor", "batch", "low", "high")
    slopes = [signed(rng, c.args["batch"]["action"].shape) for c in drawn]
    slopes[3][0] = 0.0
    slopes[3][:, 0] *= FAINT
    slopes[2] *= STEEP / np.abs(slopes[2]).max()
    slopes[-1] *= 1e-4
    order = ("actor", "batch", "dq_da", "low", "high")
    return [
        Case(c.name, select({**c.args, "dq_da": g}, *order), c.edge, c.sizes)
        for c, g in zip(drawn, slopes, strict=True)
    ]


def squash_cases(rng: Rng) -> list[Case]:
    """z (B, A) from the network, and the range of each action dimension, (A,)."""

    def case(name: str, B: int, A: int, edge: bool = False, z: Array | None = None, wide: float = 1.0) -> Case:
        low, high = (wide * bound for bound in limits(rng, A))
        args = {"z": signed(rng, (B, A)) if z is None else z, "low": low, "high": high}
        return Case(name, args, edge, {"B": B, "A": A})

    flat = case("far out, where tanh is flat", 2, 3, edge=True, z=np.array([[-9.0, 0.0, 12.0], [6.0, -12.0, 0.5]]))
    flat.args["low"][0] = 0.0  # nearly reached there: a tiny action
    first = case("4 samples, 3 action dimensions", 4, 3)
    first.args["z"].flat[:2] = FAR_OUT, -FAR_OUT  # in every draw: a bound in between is met by luck otherwise
    return [
        first,
        case("3 samples, 2 action dimensions", 3, 2),
        flat,
        case("as many samples as dimensions", 3, 3, edge=True),
        case("one sample, one dimension, a small range", 1, 1, edge=True, wide=0.1),
        case("one dimension", 4, 1, edge=True),
        case("wide ranges", 3, 2, edge=True, wide=60.0),
    ]
