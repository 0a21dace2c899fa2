"""Where the gradients go, drawn from the student's own functions: one picture for each chapter, with switches.

`chain_graph`, `dqn_graph` and `ddpg_graph` are pure: functions of the lesson and one choice in, a Graph out. `chain`,
`dqn` and `ddpg` show them in a lesson, with switches where a person can use them and as still panels elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradschool.lessons.figures.flow_ddpg import ddpg, ddpg_graph
from gradschool.lessons.figures.flow_next import sac, sac_graph
from gradschool.lessons.figures.graph import Edge, Graph, Node, column, draw, layer
from gradschool.lessons.figures.live_graph import Control, live_graph
from gradschool.lessons.notebook_ui import first_unimplemented

__all__ = [
    "chain",
    "chain_graph",
    "chain_net",
    "ddpg",
    "ddpg_graph",
    "dqn",
    "dqn_graph",
    "dqn_tables",
    "sac",
    "sac_graph",
]

Array = np.ndarray
Function = Callable[..., Any]


# -- chapter 1: a network by hand -----------------------------------------------------------------------------


def chain_net() -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return W1 (3, 2), b1, W2 (2, 3), b2, one sample x (1, 2) and the gradient G (1, 2) at its outputs."""
    W1 = np.array([[0.8, -0.5], [-0.4, 0.9], [1.2, 0.6]])
    W2 = np.array([[1.0, -0.7, 0.4], [0.5, 0.9, -0.8]])
    return W1, np.array([0.1, 0.0, -0.2]), W2, np.zeros(2), np.array([[1.0, 0.5]]), np.array([[0.8, -0.5]])


def chain_graph(mlp_backward: Function, outputs: str = "both", cut: bool = False) -> Graph:
    """Draw the gradients of `mlp_backward` on a small net.

    Parameters
    ----------
    mlp_backward
        (W1, b1, W2, b2, X, G) -> gradients of W1, b1, W2, b2, X.
    outputs
        Which outputs carry a gradient: "both", "y1" or "y2".
    cut
        Whether the hidden layer is detached.
    """
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
    """Show chapter 1's picture: choose the outputs that carry a gradient, and cut the path at the hidden layer."""
    unwritten = first_unimplemented({"mlp_backward": lambda: chain_graph(mlp_backward)})
    if unwritten:
        print(unwritten)
        return
    shown: list[Any] = [{}, {"outputs": "y1"}, {"outputs": "y2"}, {"cut": True}]
    graphs = [chain_graph(mlp_backward, **choice) for choice in shown]
    live_graph(
        "Where a gradient at the outputs goes",
        partial(chain_graph, mlp_backward),
        [
            Control("outputs", "gradient at", (("both outputs", "both"), ("output 1", "y1"), ("output 2", "y2"))),
            Control("cut", "detach H"),
        ],
        draw(graphs, width=8.4, height=2.8),
    ).show()


# -- chapter 2: one transition --------------------------------------------------------------------------------

DRIVE = ("south", "north", "east", "west")
STATES, LEFT, LANDED = 4, 1, 2  # of so many states, the one that is left and the one where the taxi lands


def dqn_tables() -> tuple[Array, Array]:
    """Return W and W_target (4, 4): Q-tables of a problem with four states, neither of them right."""
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
    """Draw one transition through a linear Q-network: every edge a weight, with its gradient by the lesson's functions.

    Parameters
    ----------
    semi_gradient
        (W, W_target, state, action, reward, next_state, terminated, gamma) -> dL/dW (4, 4).
    residual_gradient
        The gradient when the label is not held fixed; its arguments are those of `semi_gradient` without W_target.
    action
        The action that was taken, 0 to 3.
    terminated
        Whether the transition ended the episode.
    detached
        Whether the label is held fixed.
    """
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
            nodes["t"] = Node((2.05, -0.06), "target net", kind="blocked", spoken="the target network")
        elif source != taken:
            nodes[source] = Node(nodes[source].at, DRIVE[best], kind="leak")
        edges.append(Edge("y", source, 0.0 if detached else -0.9 * error, kind))
    edges.append(Edge("L", "y", 0.0 if detached or terminated else -error, kind if not terminated else "idle"))
    return Graph(_dqn_title(action, terminated, detached), nodes, tuple(edges), _dqn_words(terminated, detached, best))


def _table_edges(grad: Array, kind: str) -> list[Edge]:
    """Return an edge for every weight W[s, a]; all but the row of the state that was left came through the label."""
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
        "in the opposite direction."
    )


def dqn(semi_gradient: Function, residual_gradient: Function) -> None:
    """Show chapter 2's picture: choose the taken action, end the episode, hold the label fixed or not."""
    functions = semi_gradient, residual_gradient
    unwritten = first_unimplemented(
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
    live_graph(
        "Where the gradient of one transition goes",
        partial(dqn_graph, *functions),
        [
            Control("action", "taken action", tuple((name, a) for a, name in enumerate(DRIVE)), first=2),
            Control("terminated", "the episode ends"),
            Control("detached", "hold the label fixed (detach)", first=True),
        ],
        draw(graphs, width=8.4, height=3.0),
    ).show()
