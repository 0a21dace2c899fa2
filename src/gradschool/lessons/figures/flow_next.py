"""Chapter 5's flow pictures: SAC's two paths, and which loss of TD3 reaches which network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradschool.lessons.figures.graph import Edge, Graph, Node, draw
from gradschool.lessons.figures.live_graph import Control, live_graph
from gradschool.lessons.notebook_ui import first_unimplemented

Array = np.ndarray
Function = Callable[..., Any]

# -- SAC: one row, one action dimension -----------------------------------------------------------------------

SAC_ROW = {"mu": 0.6, "log_std": -0.4, "eps": 0.8, "dq_da": 1.5, "alpha": 0.3}
SAC_WAYS = {
    "both": "both paths",
    "log_prob_detached": "log π detached",
    "action_detached": "Q detached",
}


def sac_graph(sac_gradient: Function, way: str = "both") -> Graph:
    """Draw the gradient of alpha log pi - Q in mu and log_std, split into its two paths by the student's function.

    The path through Q is what is left at temperature 0, the path through log pi what is left where Q is flat.

    Parameters
    ----------
    sac_gradient
        (mu, log_std, eps, dq_da, alpha) -> log_prob (B,), grad_mu (B, A), grad_log_std (B, A).
    way
        One of `SAC_WAYS`.
    """
    row = {name: np.array([[value]]) for name, value in SAC_ROW.items() if name != "alpha"}
    alpha, flat = SAC_ROW["alpha"], {**row, "dq_da": np.zeros((1, 1))}
    through_q = [float(np.ravel(g)[0]) for g in sac_gradient(**row, alpha=0.0)[1:]]
    through_log_prob = [float(np.ravel(g)[0]) for g in sac_gradient(**flat, alpha=alpha)[1:]]
    stopped = {"log_prob_detached": "log_prob", "action_detached": "q"}.get(way)
    paths = {"q": (through_q, -SAC_ROW["dq_da"]), "log_prob": (through_log_prob, alpha)}
    nodes = {
        "mu": Node((0.0, 0.8), r"$\mu$", spoken="the mean"),
        "log_std": Node((0.0, 0.2), r"$\log\sigma$", spoken="the log standard deviation"),
        "q": Node((1.5, 0.8), "$Q$", kind="blocked" if stopped == "q" else "flow", spoken="Q at the action"),
        "log_prob": Node(
            (1.5, 0.2), r"$\log\pi$", kind="blocked" if stopped == "log_prob" else "flow", spoken="log pi"
        ),
        "loss": Node((3.0, 0.5), r"$\alpha\log\pi - Q$", kind="flow", spoken="the loss"),
    }
    edges = []
    for name, (gradients, _) in paths.items():
        kind = "blocked" if stopped == name else "flow"
        for parameter, gradient in zip(("mu", "log_std"), gradients, strict=True):
            edges.append(Edge(parameter, name, 0.0 if kind == "blocked" else gradient, kind))
    edges += [Edge(name, "loss", upstream, label=False) for name, (_, upstream) in paths.items() if name != stopped]
    edges += [Edge(stopped, "loss", kind="blocked", label=False)] if stopped else []
    return Graph(SAC_WAYS[way], nodes, tuple(edges), _sac_words(way))


def _sac_words(way: str) -> str:
    return {
        "both": "the mean and the log standard deviation each get two gradients, one through Q and one through log pi.",
        "log_prob_detached": "only the path through Q is left, and the temperature has no effect.",
        "action_detached": "only the path through log pi is left, and nothing says which action is good.",
    }[way]


def sac(sac_gradient: Function) -> None:
    """Show SAC's two paths with the student's gradients on them: choose what is detached."""
    unwritten = first_unimplemented({"sac_gradient": lambda: sac_graph(sac_gradient)})
    if unwritten:
        print(unwritten)
        return
    graphs = [sac_graph(sac_gradient, way) for way in SAC_WAYS]
    live_graph(
        "The two paths of SAC's gradient",
        partial(sac_graph, sac_gradient),
        [Control("way", "paths", tuple((words, way) for way, words in SAC_WAYS.items()))],
        draw(graphs, width=9.2, height=2.6, across=3),
    ).show()


# -- TD3: which loss reaches which network --------------------------------------------------------------------

TD3_LOSSES = {"critic": "the critic loss", "actor": "the actor loss"}
CRITICS = ("critic_1", "critic_2")


def td3_nets(seed: int = 7) -> tuple[dict[str, Any], Any, Any]:
    """Make a small actor and two critics as torch modules, a batch of 8 rows, and a TD target (8,)."""
    import torch

    from gradschool.rl.ddpg.agent import Batch
    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic
    from gradschool.rl.nets.mlp import MLP

    rng = np.random.default_rng(seed)
    nets: dict[str, Any] = {"actor": TorchActor(MLP((3, 8, 1), rng), np.array([-2.0]), np.array([2.0]))}
    nets |= {name: TorchCritic(MLP((4, 8, 1), rng)) for name in CRITICS}
    obs, action = torch.tensor(rng.normal(size=(8, 3))), torch.tensor(rng.uniform(-2, 2, (8, 1)))
    zeros = torch.zeros(8, dtype=torch.float64)
    batch: Any = Batch(*(obs, action, zeros, obs, zeros, zeros))  # type: ignore[arg-type]
    with torch.no_grad():  # each critic is the smaller one in four rows
        own = nets["actor"](obs)
        gaps: Any = nets["critic_1"](obs, own) - nets["critic_2"](obs, own)
        nets["critic_2"].net[-1].bias += torch.quantile(gaps, 0.5)
    return nets, batch, torch.tensor(rng.normal(size=8))


def td3_gradients(td3_losses: Function) -> dict[str, dict[str, float]]:
    """Measure how long the gradient of each loss is on its way back through both critics, and in all weights.

    Parameters
    ----------
    td3_losses
        (actor, critic_1, critic_2, batch, y) -> critic_loss, actor_loss.

    Returns
    -------
    dict
        For "critic" and "actor", the loss, lengths by place: "critic_1 out" at Q1, "critic_1 in" at the action that
        critic 1 was asked about, "critic_1" in its weights; the same of critic 2; "actor" in the actor's weights.
    """
    nets, batch, y = td3_nets()
    calls: list[tuple[str, Any, Any]] = []
    for name in CRITICS:
        nets[name].register_forward_hook(lambda _, given, q, of=name: calls.append((of, given[1], q)))
    found = {}
    for which, loss in zip(TD3_LOSSES, td3_losses(*nets.values(), batch, y), strict=True):
        found[which] = {name: _length(_slopes(loss, list(net.parameters()))) for name, net in nets.items()}
        for critic in CRITICS:
            own = [(action, q, _slopes(loss, [q])[0]) for name, action, q in calls if name == critic]
            reached = [(action, q, g) for action, q, g in own if g is not None]
            found[which][f"{critic} out"] = _length([g for *_, g in reached])
            found[which][f"{critic} in"] = _length([_slopes(q, [action], g)[0] for action, q, g in reached])
    return found


def _slopes(of: Any, at: list[Any], upstream: Any = None) -> list[Any]:
    """The gradients of a tensor at others; None where it does not reach, or where nothing is asked for."""
    import torch

    asked = [x for x in at if x.requires_grad]
    if not (asked and of.requires_grad):
        return [None] * len(at)
    got = iter(torch.autograd.grad(of, asked, upstream, retain_graph=True, allow_unused=True))
    return [next(got) if x.requires_grad else None for x in at]


def _length(gradients: list[Any]) -> float:
    return float(sum(float((g**2).sum()) for g in gradients if g is not None) ** 0.5)


def td3_graph(td3_losses: Function, which: str, title: str = "") -> Graph:
    """Draw the actor and both critics, with the length of one loss's gradient on its way back.

    Parameters
    ----------
    td3_losses
        (actor, critic_1, critic_2, batch, y) -> critic_loss, actor_loss.
    which
        "critic" or "actor": the loss that is looked at.
    title
        What stands above the panel; by default the loss.
    """
    lengths = td3_gradients(td3_losses)[which]
    through = "flow" if which == "critic" else "leak"  # the actor loss may pass a critic's weights, and not move them
    to_actor = "leak" if which == "critic" else "flow"
    nodes, edges = {}, []
    for critic, height, allowed in (("critic_1", 0.85, "flow"), ("critic_2", 0.15, through)):
        kind = through if lengths[critic] else allowed if lengths[f"{critic} out"] else "idle"
        name, length = critic.replace("_", " "), f"{lengths[critic]:.2f}" if lengths[critic] else "0"
        nodes[critic] = Node((1.9, height), f"{name}\nweights {length}", kind=kind, spoken=name)
        edges.append(Edge("loss", critic, lengths[f"{critic} out"], allowed))
        edges.append(Edge(critic, "a", lengths[f"{critic} in"], to_actor if allowed == "flow" else allowed))
    edges.append(Edge("a", "actor", lengths["actor"], to_actor))
    on = to_actor if lengths["actor"] else "idle"
    nodes["a"] = Node((0.9, 0.5), "$a$", kind=on, spoken="the actor's action")
    nodes["actor"] = Node((0.0, 0.5), "actor", kind=on, spoken="the actor's weights")
    nodes["loss"] = Node((2.9, 0.5), f"{which} loss", kind="flow", spoken=TD3_LOSSES[which])
    weights = ", ".join(f"{name.replace('_', ' ')} {lengths[name]:.2f}" for name in ("actor", *CRITICS))
    return Graph(title or TD3_LOSSES[which], nodes, tuple(edges), f"length of the gradient in the weights: {weights}.")


def td3(td3_losses: Function) -> None:
    """Show which loss reaches which network, and beside them an actor loss that follows the smaller critic.

    Parameters
    ----------
    td3_losses
        (actor, critic_1, critic_2, batch, y) -> critic_loss, actor_loss.
    """
    unwritten = first_unimplemented({"td3_losses": lambda: td3_gradients(td3_losses)})
    if unwritten:
        print(unwritten)
        return

    def smaller_critic(actor: Any, critic_1: Any, critic_2: Any, batch: Any, y: Any) -> tuple[Any, Any]:
        import torch

        action = actor(batch.obs)
        smaller = torch.min(critic_1(batch.obs, action), critic_2(batch.obs, action))
        return td3_losses(actor, critic_1, critic_2, batch, y)[0], -smaller.mean()

    graphs = [td3_graph(td3_losses, which) for which in TD3_LOSSES]
    draw([*graphs, td3_graph(smaller_critic, "actor", "an actor loss with min(Q1, Q2)")], 9.2, 2.6, across=3).put()
