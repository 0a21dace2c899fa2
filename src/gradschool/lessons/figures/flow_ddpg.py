"""Chapter 3's picture: where the gradient of -mean Q goes, in actor and critic, for each method of computing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradschool.lessons.figures.graph import Edge, Graph, Node, column, draw, layer
from gradschool.lessons.figures.live_graph import Control, live_graph
from gradschool.lessons.notebook_ui import first_unimplemented

Array = np.ndarray
Function = Callable[..., Any]

ROWS = 8  # of the batch
WAYS = {
    "careless": "backward() on -mean Q",
    "asked": "only the actor's gradients",
    "no_grad": "Q under no_grad",
    "detached": "the action detached",
    "yours": "your actor_step",
}


def ddpg_nets(seed: int = 32) -> tuple[Any, Any, Any]:
    """Make a small actor (3, 3, 1) and critic (4, 3, 1) as torch modules, and a batch of `ROWS` rows of tensors."""
    import torch

    from gradschool.rl.ddpg.agent import Batch
    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic
    from gradschool.rl.nets.mlp import MLP

    rng = np.random.default_rng(seed)
    actor, critic = MLP((3, 3, 1), rng), MLP((4, 3, 1), rng)
    actor.flat *= 1.5
    critic.flat *= 1.5
    obs, action = torch.tensor(rng.normal(size=(ROWS, 3))), torch.tensor(rng.uniform(-2, 2, (ROWS, 1)))
    zeros = torch.zeros(ROWS, dtype=torch.float64)
    batch: Any = Batch(*(obs, action, zeros, obs, zeros, zeros))  # type: ignore[arg-type]
    return TorchActor(actor, np.array([-2.0]), np.array([2.0])), TorchCritic(critic), batch


def ddpg_gradients(
    actor_loss_direct: Function, actor_step: Function | None, way: str
) -> tuple[list[Array], list[Array]]:
    """Return the gradients that one way leaves in the actor's and in the critic's parameters; else zeros.

    For the way "yours", the actor's come from how far `actor_step` moved it with a step size of 1, the critic's from
    what lies in its ``.grad`` afterwards and from how far it moved.

    Parameters
    ----------
    actor_loss_direct
        (actor, critic, batch) -> the loss -mean Q, a tensor.
    actor_step
        (actor, critic, optimizer, batch) -> None; needed for "yours".
    way
        One of `WAYS`.
    """
    import torch

    actor, critic, batch = ddpg_nets()
    nets = list(actor.parameters()), list(critic.parameters())
    if way == "yours":
        assert actor_step is not None
        before = [[p.detach().clone() for p in net] for net in nets]
        actor_step(actor, critic, torch.optim.SGD(nets[0], lr=1.0), batch)
        moved = [
            [(b - p.detach()).numpy() for b, p in zip(bs, net, strict=True)]
            for bs, net in zip(before, nets, strict=True)
        ]
        return moved[0], [m + g for m, g in zip(moved[1], _left(nets[1]), strict=True)]
    if way == "no_grad":
        with torch.no_grad():
            loss = actor_loss_direct(actor, critic, batch)
    else:
        loss = actor_loss_direct((lambda obs: actor(obs).detach()) if way == "detached" else actor, critic, batch)
    if way == "asked":
        for p, g in zip(nets[0], torch.autograd.grad(loss, nets[0]), strict=True):
            p.grad = g
    elif loss.requires_grad:
        loss.backward()
    return _left(nets[0]), _left(nets[1])


def _left(parameters: Sequence[Any]) -> list[Array]:
    """Return what lies in ``.grad``, zeros where nothing does."""
    return [np.zeros(p.shape) if p.grad is None else p.grad.detach().numpy().copy() for p in parameters]


def ddpg_graph(actor_loss_direct: Function, actor_step: Function | None, way: str = "careless") -> Graph:
    """Draw actor and critic as one graph, with what -mean Q leaves in the weights of both by one of `WAYS`."""
    actor, critic = ddpg_gradients(actor_loss_direct, actor_step, way)
    W1, _, W2, _ = actor
    V1, _, V2, _ = critic
    reaches_actor, reaches_critic = any(g.any() for g in actor), any(g.any() for g in critic)
    open_path = "flow" if reaches_actor else "idle"
    stop = {"no_grad": "loss", "detached": "action"}.get(way)
    nodes = column("s", 0, ["cos", "sin", "speed"]) | column(
        "h", 0.8, ["$h_1$", "$h_2$", "$h_3$"], spoken="the actor's unit", kind=open_path
    )
    nodes |= {"a": Node((1.65, 0.5), "$a$", kind="blocked" if stop == "action" else open_path, spoken="the action")}
    nodes |= {"s": Node((1.65, 0.96), "state", spoken="the critic's state")}
    nodes |= column(
        "c",
        2.5,
        ["$h_1$", "$h_2$", "$h_3$"],
        spoken="the critic's unit",
        kind=open_path if not reaches_critic else "leak",
    )
    nodes |= {"Q": Node((3.2, 0.5), "Q", kind="leak" if reaches_critic else open_path)}
    nodes |= {"J": Node((4.05, 0.5), "-mean Q", kind="idle" if stop == "loss" else "flow")}
    edges = layer("s", "h", W1.T, label=False) + [Edge(f"h{i + 1}", "a", float(g)) for i, g in enumerate(W2[0])]
    edges += [Edge("a", f"c{i + 1}", float(g), "leak") for i, g in enumerate(V1[:, 3])]
    edges += [Edge("s", f"c{i + 1}", float(np.linalg.norm(g)), "leak", label=False) for i, g in enumerate(V1[:, :3])]
    edges += [Edge(f"c{i + 1}", "Q", float(g), "leak") for i, g in enumerate(V2[0])]
    way_in = "blocked" if stop == "loss" else "flow" if reaches_actor else "leak"
    edges += [Edge("Q", "J", -1.0 / ROWS, way_in)]  # what each row's Q receives
    return Graph(WAYS[way], nodes, tuple(edges), _ddpg_words(reaches_actor, reaches_critic))


def _ddpg_words(reaches_actor: bool, reaches_critic: bool) -> str:
    words = {
        (True, True): "the actor's weights get their gradients, and the critic's weights get gradients too: a leak.",
        (
            True,
            False,
        ): "the gradient passes through the critic, whose weights get none; the actor's weights get theirs.",
        (False, True): "no gradient reaches the actor; the critic's weights get gradients, which is the wrong half.",
        (False, False): "no gradient reaches either network.",
    }
    return words[reaches_actor, reaches_critic]


def ddpg(actor_loss_direct: Function, actor_step: Function) -> None:
    """Show chapter 3's picture: choose how the actor's gradient is computed, and see what else it reaches."""
    functions = actor_loss_direct, actor_step
    unwritten = first_unimplemented(
        {
            "actor_loss_direct": lambda: ddpg_graph(*functions, "careless"),
            "actor_step": lambda: ddpg_graph(*functions, "yours"),
        }
    )
    if unwritten:
        print(unwritten)
        return
    graphs = [ddpg_graph(*functions, way) for way in ("careless", "no_grad", "detached", "yours")]
    live_graph(
        "Where the gradient of -mean Q goes",
        partial(ddpg_graph, *functions),
        [Control("way", "how", tuple((words, way) for way, words in WAYS.items()))],
        draw(graphs, width=8.4, height=2.9),
    ).show()
