"""Where the gradients go, drawn from the student's own functions: one picture for each chapter, with switches.

`chain_graph`, `dqn_graph` and `ddpg_graph` are pure: functions of the lesson and one choice in, a Graph out. `chain`,
`dqn` and `ddpg` show them in a lesson, with switches where somebody can press them and as still panels elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradschool.frontend import choose, explore, first_unwritten, switch
from gradschool.graph import Edge, Graph, Node, draw, largest

Array = np.ndarray
Function = Callable[..., Any]


def column(
    prefix: str, x: float, texts: Sequence[str], notes: Sequence[str] = (), spoken: str = "", **how: Any
) -> dict[str, Node]:
    """Units above one another, named prefix1, prefix2, ...; ``notes`` beside them; in words ``spoken`` 1, 2, ..."""
    heights = np.linspace(0.96, 0.04, len(texts)) if len(texts) > 1 else [0.5]
    said = list(notes) or [""] * len(texts)
    return {
        f"{prefix}{i + 1}": Node((x, float(y)), text, note, **how, spoken=f"{spoken} {i + 1}" if spoken else text)
        for i, (y, text, note) in enumerate(zip(heights, texts, said, strict=True))
    }


def layer(start: str, end: str, gradient: Array, kind: str = "flow", label: bool = True) -> list[Edge]:
    """The edges of a linear layer: gradient (n_in, n_out), one number for each edge."""
    return [Edge(f"{start}{i + 1}", f"{end}{j + 1}", float(g), kind, label) for (i, j), g in np.ndenumerate(gradient)]


# -- chapter 1: a network by hand -----------------------------------------------------------------------------


def chain_net() -> tuple[Array, Array, Array, Array, Array, Array]:
    """W1 (3, 2), b1, W2 (2, 3), b2, one sample x (1, 2) and the gradient G (1, 2) that arrives at its outputs."""
    W1 = np.array([[0.8, -0.5], [-0.4, 0.9], [1.2, 0.6]])
    W2 = np.array([[1.0, -0.7, 0.4], [0.5, 0.9, -0.8]])
    return W1, np.array([0.1, 0.0, -0.2]), W2, np.zeros(2), np.array([[1.0, 0.5]]), np.array([[0.8, -0.5]])


def chain_graph(mlp_backward: Function, outputs: str = "both", cut: bool = False) -> Graph:
    """The gradients of `mlp_backward` on a small net. ``outputs``: which carry a gradient; ``cut``: detach at H."""
    W1, b1, W2, b2, X, G = chain_net()
    G = G * {"both": [1.0, 1.0], "y1": [1.0, 0.0], "y2": [0.0, 1.0]}[outputs]
    grad_W1, _, grad_W2, _, _ = (np.asarray(g, float) for g in mlp_backward(W1, b1, W2, b2, X, G))
    H = np.tanh(X @ W1.T + b1)
    nodes = column("x", 0, [f"$x_{i + 1}$ {v:.1f}" for i, v in enumerate(X[0])], spoken="input")
    nodes |= column(
        "h",
        1,
        [f"$h_{i + 1}$ {v:.2f}" for i, v in enumerate(H[0])],
        spoken="hidden unit",
        kind="blocked" if cut else "idle",
    )
    nodes |= column(
        "y", 2, ["$y_1$", "$y_2$"], [f"$G$ = {g:+.1f}" if g else "$G$ = 0" for g in G[0]], "output", side="right"
    )
    first = layer("x", "h", 0 * grad_W1.T if cut else grad_W1.T, "blocked" if cut else "flow", label=not cut)
    named = {"both": "both outputs", "y1": "output 1 alone", "y2": "output 2 alone"}[outputs]
    words = f"a gradient arrives at {named}" + (
        "; H is detached, so the way back ends at the hidden layer and W1 learns nothing, although W2 does."
        if cut
        else ", passes W2, tanh and W1."
    )
    title = f"$G$ at {named}" + (", H detached" if cut else "")
    return Graph(title, nodes, (*first, *layer("h", "y", grad_W2.T)), words)


def chain(mlp_backward: Function) -> None:
    """Chapter 1's picture: choose the outputs that carry a gradient, and cut the path at the hidden layer."""
    unwritten = first_unwritten({"mlp_backward": lambda: chain_graph(mlp_backward)})
    if unwritten:
        print(unwritten)
        return
    shown: list[Any] = [{}, {"outputs": "y1"}, {"outputs": "y2"}, {"cut": True}]
    graphs = [chain_graph(mlp_backward, **choice) for choice in shown]
    explore(
        lambda **choice: draw([chain_graph(mlp_backward, **choice)], most=largest(graphs)),
        draw(graphs, width=8.4, height=2.8),
        lambda: {
            "outputs": choose([("both outputs", "both"), ("output 1", "y1"), ("output 2", "y2")], "gradient at"),
            "cut": switch("detach H", False),
        },
    )


# -- chapter 2: one transition --------------------------------------------------------------------------------

DRIVE = ("south", "north", "east", "west")
STATES, LEFT, LANDED = 4, 1, 2  # of so many states, the one that is left and the one where the taxi lands


def dqn_tables() -> tuple[Array, Array]:
    """W and W_target (4, 4): two Q-tables of a small world, neither of them right."""
    rng = np.random.default_rng(6)
    W = rng.normal(scale=1.5, size=(STATES, len(DRIVE)))
    return W, W + rng.normal(scale=0.4, size=W.shape)


def dqn_graph(
    semi_gradient: Function,
    residual_gradient: Function,
    action: int = 2,
    terminated: bool = False,
    detached: bool = True,
) -> Graph:
    """One transition through a linear Q-network: every edge a weight, with its gradient by the lesson's functions."""
    W, W_target = dqn_tables()
    batch = np.array([LEFT]), np.array([action]), np.array([-1.0]), np.array([LANDED]), np.array([terminated]), 0.9
    grad = np.asarray(semi_gradient(W, W_target, *batch) if detached else residual_gradient(W, *batch), float)
    best = int(np.argmax((W_target if detached else W)[LANDED]))
    kind = "blocked" if detached else "leak"
    nodes = column("s", 0, [f"state {i}" for i in range(STATES)])
    nodes["s2"] = Node(nodes["s2"].at, "$s$: state 1", kind="flow", spoken="state 1")
    nodes["s3"] = Node(nodes["s3"].at, "$s'$: state 2", kind="idle" if detached or terminated else "leak")
    nodes |= column("q", 1.25, list(DRIVE))
    taken = f"q{action + 1}"
    nodes[taken] = Node(nodes[taken].at, DRIVE[action], kind="flow")
    error = float(grad[LEFT].sum()) if detached or terminated else float(grad[LEFT, action])
    nodes |= {
        "y": Node((2.55, 0.14), "label $y$", spoken="the label"),
        "L": Node((2.55, 0.72), r"$\frac{1}{2}(Q-y)^2$", kind="flow", spoken="the loss"),
    }
    edges = [*_table_edges(grad, kind), Edge("L", taken, error)]
    if not terminated:
        source = "t" if detached else f"q{best + 1}"
        if detached:
            nodes["t"] = Node((1.85, -0.04), "target net", kind="blocked", spoken="the target network")
        elif source != taken:
            nodes[source] = Node(nodes[source].at, DRIVE[best], kind="leak")
        edges.append(Edge("y", source, 0.0 if detached else -0.9 * error, kind))
    edges.append(Edge("L", "y", 0.0 if detached or terminated else -error, kind if not terminated else "idle"))
    return Graph(_dqn_title(action, terminated, detached), nodes, tuple(edges), _dqn_words(terminated, detached, best))


def _table_edges(grad: Array, kind: str) -> list[Edge]:
    """Every weight W[s, a]; what is not in the row of the state that was left came through the label."""
    edges = layer("s", "q", grad)
    leaked = f"s{LEFT + 1}"
    return [e if e.start == leaked or kind == "blocked" else Edge(e.start, e.end, e.gradient, "leak") for e in edges]


def _dqn_title(action: int, terminated: bool, detached: bool) -> str:
    label = "label held fixed" if detached else "gradient through the label"
    return f"{DRIVE[action]}, {label}" + (", episode over" if terminated else "")


def _dqn_words(terminated: bool, detached: bool, best: int) -> str:
    if terminated:
        return "the episode ends, the label is the reward alone, and only the taken weight of state 1 moves."
    if detached:
        return (
            "only the weight from state 1 to the taken action moves; the edge from the label to the target network is "
            "blocked."
        )
    return (
        f"a second path runs through the label: the weight from state 2 to its best action, {DRIVE[best]}, moves too, "
        "against the first."
    )


def dqn(semi_gradient: Function, residual_gradient: Function) -> None:
    """Chapter 2's picture: choose the taken action, end the episode, hold the label fixed or not."""
    functions = semi_gradient, residual_gradient
    unwritten = first_unwritten(
        {
            "semi_gradient": lambda: dqn_graph(*functions),
            "residual_gradient": lambda: dqn_graph(*functions, detached=False),
        }
    )
    if unwritten:
        print(unwritten)
        return
    shown: list[Any] = [{}, {"detached": False}, {"action": 0}, {"terminated": True, "detached": False}]
    graphs = [dqn_graph(*functions, **choice) for choice in shown]
    explore(
        lambda **choice: draw([dqn_graph(*functions, **choice)], most=largest(graphs)),
        draw(graphs, width=8.4, height=3.0),
        lambda: {
            "action": choose([(name, a) for a, name in enumerate(DRIVE)], "taken action"),
            "terminated": switch("the episode ends", False),
            "detached": switch("hold the label fixed (detach)", True),
        },
    )


# -- chapter 3: actor and critic ------------------------------------------------------------------------------

WAYS = {
    "careless": "backward() on -mean Q",
    "asked": "only the actor's gradients",
    "no_grad": "Q under no_grad",
    "detached": "the action detached",
    "yours": "your actor_step",
}


def ddpg_nets(seed: int = 32) -> tuple[Any, Any, Any]:
    """A small actor (3, 3, 1) and critic (4, 3, 1) as torch modules, and a batch of 8 of tensors."""
    import torch

    from gradschool.actor_critic import TorchActor, TorchCritic
    from gradschool.ddpg_training import Batch
    from gradschool.nets import MLP

    rng = np.random.default_rng(seed)
    actor, critic = MLP((3, 3, 1), rng), MLP((4, 3, 1), rng)
    actor.flat *= 1.5
    critic.flat *= 1.5
    obs, action = torch.tensor(rng.normal(size=(8, 3))), torch.tensor(rng.uniform(-2, 2, (8, 1)))
    zeros = torch.zeros(8, dtype=torch.float64)
    batch: Any = Batch(*(obs, action, zeros, obs, zeros, zeros))  # type: ignore[arg-type]
    return TorchActor(actor, np.array([-2.0]), np.array([2.0])), TorchCritic(critic), batch


def ddpg_gradients(
    actor_loss_direct: Function, actor_step: Function | None, way: str
) -> tuple[list[Array], list[Array]]:
    """The gradients of the actor's and of the critic's parameters that this way leaves; zeros where there is none.

    ``yours``: the actor's from how far `actor_step` moved it with a step size of 1, the critic's from what lies in its
    ``.grad`` afterwards and from how far it moved.
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
    """What lies in ``.grad``, zeros where nothing does."""
    return [np.zeros(p.shape) if p.grad is None else p.grad.detach().numpy().copy() for p in parameters]


def ddpg_graph(actor_loss_direct: Function, actor_step: Function | None, way: str = "careless") -> Graph:
    """Actor and critic as one graph, with what -mean Q leaves in the weights of both."""
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
    nodes |= {"Q": Node((3.3, 0.5), "Q", kind="leak" if reaches_critic else open_path)}
    nodes |= {"J": Node((4.05, 0.5), "-mean Q", kind="idle" if stop == "loss" else "flow")}
    edges = layer("s", "h", W1.T, label=False) + [Edge(f"h{i + 1}", "a", float(g)) for i, g in enumerate(W2[0])]
    edges += [Edge("a", f"c{i + 1}", float(g), "leak") for i, g in enumerate(V1[:, 3])]
    edges += [Edge("s", f"c{i + 1}", float(np.linalg.norm(g)), "leak", label=False) for i, g in enumerate(V1[:, :3])]
    edges += [Edge(f"c{i + 1}", "Q", float(g), "leak") for i, g in enumerate(V2[0])]
    edges += [Edge("Q", "J", 0.0, "blocked" if stop == "loss" else "idle")]
    return Graph(WAYS[way], nodes, tuple(edges), _ddpg_words(reaches_actor, reaches_critic))


def _ddpg_words(reaches_actor: bool, reaches_critic: bool) -> str:
    told = {
        (True, True): "the actor's weights get their gradients, and the critic's weights get some too: a leak.",
        (True, False): "the path through the critic is open and its weights get nothing; the actor's get theirs.",
        (False, True): "nothing reaches the actor; the critic's weights get gradients, which is the wrong half.",
        (False, False): "nothing reaches anybody.",
    }
    return told[reaches_actor, reaches_critic]


def ddpg(actor_loss_direct: Function, actor_step: Function) -> None:
    """Chapter 3's picture: choose how the actor's gradient is taken, and see whom else it reaches."""
    functions = actor_loss_direct, actor_step
    unwritten = first_unwritten(
        {
            "actor_loss_direct": lambda: ddpg_graph(*functions, "careless"),
            "actor_step": lambda: ddpg_graph(*functions, "yours"),
        }
    )
    if unwritten:
        print(unwritten)
        return
    graphs = [ddpg_graph(*functions, way) for way in ("careless", "no_grad", "detached", "yours")]
    explore(
        lambda way: draw([ddpg_graph(*functions, way)], width=7.6, most=largest(graphs)),
        draw(graphs, width=8.4, height=2.9),
        lambda: {"way": choose([(words, way) for way, words in WAYS.items()], "how")},
    )
