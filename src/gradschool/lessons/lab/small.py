"""Agents of the debugging lab on small networks: float64, plain SGD, weights that are given.

``small_taxi``, ``small_cartpole`` and ``small_pendulum`` are for a student's test: the agent of a class, and batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch

from gradschool.core.exercise import AnswerUnusable
from gradschool.core.numerics import Array
from gradschool.rl.nets.actor_critic import (
    CurvedTorchCritic,
    TorchActor,
    TorchCritic,
    flat_gradient,
    load_flat,
    torch_layers,
)
from gradschool.rl.nets.mlp import MLP, initial_parameters

Tensor = torch.Tensor
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]  # obs, action, reward, next_obs, done
Net = Mapping[str, Any]  # {"sizes", "flat"}
STEP_SIZE = 0.5
LIMIT = 2.0  # of each action of the small pendulum
SHAPES = "keep the constructor's arguments and the names of the networks and methods as the file has them"


def linear(table: Array) -> torch.nn.Linear:
    """Return a layer without bias on one-hot states, from its table (S, A)."""
    n_states, n_actions = table.shape
    layer = torch.nn.Linear(n_states, n_actions, bias=False, dtype=torch.float64)
    load_table(layer, table)
    return layer


def load_table(layer: torch.nn.Module, table: Array) -> None:
    """Put a table (S, A) into such a layer."""
    with torch.no_grad():
        next(layer.parameters()).copy_(torch.from_numpy(np.array(table)).T)


def table(layer: torch.nn.Module) -> Array:
    """Return the table (S, A) of such a layer."""
    return np.array(next(layer.parameters()).detach().numpy().T)


def layers(sizes: Sequence[int], flat: Array) -> torch.nn.Sequential:
    """Return linear layers with ReLU between them, from the flat parameters of their NumPy twin."""
    return torch_layers(MLP(sizes, flat=flat))


def actor(net: Net) -> TorchActor:
    """Return a module obs (B, n) -> actions (B, A) within the limits."""
    bounds = np.full(int(net["sizes"][-1]), LIMIT)
    return TorchActor(MLP(net["sizes"], flat=net["flat"]), -bounds, bounds)


def critic(net: Net) -> TorchCritic:
    """Return a module obs (B, n), actions (B, A) -> Q (B,), curved in the action where the network says so."""
    return (CurvedTorchCritic if net.get("curved") else TorchCritic)(MLP(net["sizes"], flat=net["flat"]))


def flat(net: torch.nn.Module) -> Array:
    """Return a module's parameters in the order of its NumPy twin."""
    return flat_gradient(net.parameters())


def move(net: torch.nn.Module) -> None:
    """Change every weight in place: a network that shares them changes too."""
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(2.0).add_(1.0)


def batches_of(arrays: Mapping[str, Array], n_states: int = 0) -> list[Batch]:
    """Return batches of tensors from stacked arrays (K, B, ...); states that are numbers become one-hot rows."""

    def batch(k: int) -> Batch:
        obs, action, reward, next_obs, done = (torch.from_numpy(np.array(x[k])) for x in arrays.values())
        if n_states:
            eye = torch.eye(n_states, dtype=torch.float64)
            obs, next_obs = eye[obs], eye[next_obs]
        return obs, action, reward, next_obs, done

    return [batch(k) for k in range(len(arrays["reward"]))]


def without_ends(batch: Batch) -> Batch:
    """Return the batch as if no episode ended in it."""
    return (*batch[:4], torch.zeros_like(batch[4]))


def with_ends(batch: Batch) -> Batch:
    """Return the batch as if every episode ended in it."""
    return (*batch[:4], torch.ones_like(batch[4]))


def taxi(
    make: Callable[..., Any], q_net: Array, target_net: Array, gamma: float, sync_every: int, *, load: bool = True
) -> Any:
    """Return the agent of a class on these two tables (S, A); without ``load`` as its constructor leaves it."""
    drawn = (q_net + k for k in count())  # each network is another one, as where weights are drawn
    agent = make(
        lambda: linear(next(drawn)), optimizer=torch.optim.SGD, lr=STEP_SIZE, gamma=gamma, sync_every=sync_every
    )
    return _with(agent, {"q_net": q_net, "target_net": target_net}, load_table) if load else agent


def cartpole(
    make: Callable[..., Any], q_net: Net, target_net: Net, gamma: float, tau: float, *, load: bool = True
) -> Any:
    """Return the agent of a class on these two networks; without ``load`` as its constructor leaves it."""
    drawn = _drawn_anew(q_net)
    agent = make(lambda: layers(**next(drawn)), optimizer=torch.optim.SGD, lr=STEP_SIZE, gamma=gamma, tau=tau)
    return _with(agent, {"q_net": q_net["flat"], "target_net": target_net["flat"]}, load_flat) if load else agent


def pendulum(make: Callable[..., Any], nets: Mapping[str, Net], gamma: float, tau: float, *, load: bool = True) -> Any:
    """Return the agent of a class on these four networks; without ``load`` as its constructor leaves it."""
    drawn = {name: _drawn_anew(nets[name]) for name in ("actor", "critic")}
    agent = make(
        lambda: actor(next(drawn["actor"])),
        lambda: critic(next(drawn["critic"])),
        optimizer=torch.optim.SGD,
        lr=STEP_SIZE,
        gamma=gamma,
        tau=tau,
    )
    return _with(agent, {name: net["flat"] for name, net in nets.items()}, load_flat) if load else agent


def _drawn_anew(net: Net) -> Iterator[Net]:
    """Yield networks of one shape, each with other weights."""
    return ({**net, "flat": net["flat"] + k} for k in count())


def alike(net: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Return whether two networks have the same weights."""
    pairs = zip(net.parameters(), other.parameters(), strict=True)
    return all(bool(torch.equal(p, q)) for p, q in pairs)


def _with(agent: Any, weights: Mapping[str, Array], load: Callable[[torch.nn.Module, Array], None]) -> Any:
    """Put weights into the agent's networks, in place, and return it."""
    for name, x in weights.items():
        net = getattr(agent, name, None)
        if not isinstance(net, torch.nn.Module):
            raise AnswerUnusable(f"the agent has no network `{name}`: {SHAPES}")
        load(net, x)
    return agent


def _same(batch: Batch, own: Batch) -> bool:
    """Return whether a batch is this one, or its very tensors in a tuple of their own, as unpacking makes it."""
    return batch is own or (len(batch) == len(own) and all(x is y for x, y in zip(batch, own, strict=True)))


class Recorded:
    """An agent whose updates were recorded: `learn` puts the weights into its networks that it had after each.

    Parameters
    ----------
    nets
        Its networks by name, which become attributes.
    after
        Each network's weights after each update.
    batches
        What it learned from, in order.
    load
        Puts weights into a network.
    facts
        Further attributes, such as gamma.
    """

    q_net: Any
    target_net: Any

    def __init__(
        self,
        nets: Mapping[str, torch.nn.Module],
        after: Mapping[str, Array],
        batches: Sequence[Batch],
        load: Callable[[torch.nn.Module, Array], None],
        facts: Mapping[str, float],
    ):
        self._after, self._batches, self._load, self._learned = after, batches, load, 0
        for name, value in {**nets, **facts}.items():
            setattr(self, name, value)

    def learn(self, batch: Batch) -> None:
        """Learn from the next batch."""
        if self._learned >= len(self._batches) or not _same(batch, self._batches[self._learned]):
            raise ValueError("hand `learn` of the agent, no copy, the batches themselves, in their order, each once")
        for name, weights in self._after.items():
            self._load(getattr(self, name), weights[self._learned])
        self._learned += 1
        if self._shares_weights():
            self.target_net = self.q_net

    def _shares_weights(self) -> bool:
        """Return whether online and target network were equal from here on, as two names of one network are."""
        later = [
            weights[self._learned - 1 :] for name, weights in self._after.items() if name in ("q_net", "target_net")
        ]
        return len(later) == 2 and len(later[0]) > 1 and np.array_equal(later[0], later[1])


UPDATES = 4


def small_taxi(make: Callable[..., Any], seed: int = 0) -> tuple[Any, list[Batch]]:
    """Return the agent of a class on 8 states and 4 actions, and four batches of six rows.

    Plain SGD with step size 0.5; the target network is copied at every third update. Rows of a batch have different
    states, and at least one row ends its episode.
    """
    rng = np.random.default_rng(seed)
    q_net, target_net = rng.uniform(-3.0, 3.0, size=(2, 8, 4))
    return taxi(make, q_net, target_net, 0.9, 3), batches_of(taxi_arrays(rng, 8, 4, 6), 8)


def small_cartpole(make: Callable[..., Any], seed: int = 0) -> tuple[Any, list[Batch]]:
    """Return the agent of a class on 4 numbers and 3 actions, and four batches of six rows.

    Plain SGD with step size 0.5, tau 0.1. At least one row of a batch ends its episode.
    """
    rng = np.random.default_rng(seed)
    q_net, target_net = (new_net(rng, (4, 6, 3)) for _ in range(2))
    return cartpole(make, q_net, target_net, 0.9, 0.1), batches_of(real_arrays(rng, 4, 6, n_actions=3))


def small_pendulum(make: Callable[..., Any], seed: int = 0) -> tuple[Any, list[Batch]]:
    """Return the agent of a class on 3 numbers and 2 actions, and four batches of six rows.

    Plain SGD with step size 0.5, tau 0.1. At least one row of a batch ends its episode.
    """
    rng = np.random.default_rng(seed)
    return pendulum(make, pendulum_nets(rng, 2), 0.9, 0.1), batches_of(real_arrays(rng, 3, 6, size=2))


def new_net(rng: np.random.Generator, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Draw a network as plain data."""
    return {"sizes": sizes, "flat": 1.5 * initial_parameters(sizes, rng)}


def pendulum_nets(rng: np.random.Generator, size: int) -> dict[str, dict[str, Any]]:
    """Draw an actor and a critic, and two targets that differ from them; ``size`` numbers make an action."""
    actors = {name: new_net(rng, (3, 6, size)) for name in ("actor", "target_actor")}
    critics = {name: new_net(rng, (3 + size, 6, 1)) for name in ("critic", "target_critic")}
    return {name: (actors | critics)[name] for name in ("actor", "critic", "target_actor", "target_critic")}


def taxi_arrays(rng: np.random.Generator, S: int, A: int, B: int) -> dict[str, Array]:
    """Draw four batches (4, B) of transitions between S states; no state is left twice in one batch."""
    state = np.stack([rng.permutation(S)[:B] for _ in range(UPDATES)])
    next_state = (state + rng.integers(1, S, size=state.shape)) % S
    action, done = rng.integers(A, size=state.shape), _ends(rng, B)
    return {"state": state, "action": action, "reward": _rewards(rng, B), "next_state": next_state, "done": done}


def real_arrays(rng: np.random.Generator, n: int, B: int, n_actions: int = 0, size: int = 0) -> dict[str, Array]:
    """Draw four batches of transitions between observations (4, B, n), with numbered or continuous actions."""
    obs, next_obs = rng.normal(size=(2, UPDATES, B, n))
    drawn = rng.integers(n_actions, size=(UPDATES, B)) if n_actions else rng.uniform(-2.0, 2.0, size=(UPDATES, B, size))
    return {"obs": obs, "action": drawn, "reward": _rewards(rng, B), "next_obs": next_obs, "done": _ends(rng, B)}


def _rewards(rng: np.random.Generator, B: int) -> Array:
    """Draw rewards (4, B) of both signs, none of them near 0."""
    return np.asarray(rng.choice([-1.0, 1.0], size=(UPDATES, B)) * rng.uniform(0.5, 2.0, size=(UPDATES, B)))


def _ends(rng: np.random.Generator, B: int) -> Array:
    """Draw flags (4, B): in each batch of several rows some end and some do not; a single row ends every other time."""
    if B == 1:
        return np.array([[1.0], [0.0]] * UPDATES)[:UPDATES]
    ends = np.zeros((UPDATES, B))
    for k in range(UPDATES):
        ends[k, rng.permutation(B)[: max(1, B // 3)]] = 1.0
    return ends
