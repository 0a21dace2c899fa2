"""Back-propagation one vjp at a time: the student's own `linear_vjp` and `tanh_vjp`, walked through a small network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.lessons.figures.flow import chain_net
from gradschool.lessons.figures.graph import Edge, Graph, column, draw, layer
from gradschool.lessons.figures.live_graph import Control, live_graph
from gradschool.lessons.notebook_ui import first_unimplemented

Array = np.ndarray
Function = Callable[..., Any]

STEPS = (
    ("1. Forward", "every unit holds its value; there is no gradient yet."),
    ("2. $G$ arrives at the outputs", "from any loss, or from none: the network needs G alone."),
    ("3. linear_vjp: $W_2$", "the gradient of a weight is the gradient at its output times its input."),
    ("4. ... and on to $h$", "each hidden unit adds the gradients of both outputs, each times its weight."),
    ("5. tanh_vjp: on to $z$", "each unit's gradient is multiplied by its own slope, 1 - h^2, and by nothing else."),
    ("6. linear_vjp: $W_1$ and $x$", "the same rule as in steps 3 and 4, one layer further to the left."),
)


def walk(linear_vjp: Function, tanh_vjp: Function) -> dict[str, Array]:
    """Compute every value and every gradient of one pass through `flow.chain_net`, by the lesson's two vjps.

    Parameters
    ----------
    linear_vjp
        (W, b, x, g) -> gradients of W, b and x.
    tanh_vjp
        (z, g) -> gradient of z.

    Returns
    -------
    dict
        Values x, z, h, y, each (n,); gradients G, at_h, at_z, at_x at the units (n,), W1 and W2 at the weights (m, n).
    """
    W1, b1, W2, b2, X, G = chain_net()
    x, g = X[0], G[0]
    z = W1 @ x + b1
    h = np.tanh(z)
    grad_W2, _, at_h = linear_vjp(W2, b2, h, g)
    at_z = tanh_vjp(z, at_h)
    grad_W1, _, at_x = linear_vjp(W1, b1, x, at_z)
    found = {"x": x, "z": z, "h": h, "y": W2 @ h + b2, "G": g, "at_h": at_h, "at_z": at_z, "at_x": at_x}
    return {name: np.asarray(v, float) for name, v in (found | {"W1": grad_W1, "W2": grad_W2}).items()}


def step_graph(found: dict[str, Array], step: int) -> Graph:
    """Draw the network after so many steps (1 to 6) of `walk`: gradients only where it has come by."""

    def units(name: str, x: float, gradient: str, since: int, spoken: str) -> dict[str, Any]:
        there = step >= since
        notes = [f"{v:+.2f}" for v in found[gradient]] if there else ()
        texts = [f"${name}$ {v:.2f}" for v in found[name]]
        return column(name, x, texts, notes, spoken, kind="flow" if there else "idle")

    nodes = units("x", 0, "at_x", 6, "input") | units("z", 1, "at_z", 5, "z")
    nodes |= units("h", 1.75, "at_h", 4, "hidden unit") | units("y", 2.75, "G", 2, "output")
    edges = layer("x", "z", found["W1"].T * (step >= 6), label=step == 6)
    edges += [Edge(f"z{i + 1}", f"h{i + 1}", float(g) * (step >= 5), label=False) for i, g in enumerate(found["at_z"])]
    edges += layer("h", "y", found["W2"].T * (step >= 3), label=step in (3, 4))
    title, words = STEPS[step - 1]
    values = ", ".join(_listed(name, found[name]) for name in ("x", "z", "h", "y"))
    arrived = [("G", 2), ("at_h", 4), ("at_z", 5), ("at_x", 6)]
    notes = [_listed(name, found[name]) for name, since in arrived if since == step]
    numbers = f" Values: {values}." if step == 1 else "".join(f" New: {note}." for note in notes)
    return Graph(title, nodes, tuple(edges), words + numbers)


def _listed(name: str, values: Array) -> str:
    return f"{name} = ({', '.join(f'{v:.2f}' for v in values)})"


def backward_steps(linear_vjp: Function, tanh_vjp: Function) -> None:
    """Show the walk: with Play, Previous and Next where a person can press them, as a strip of all steps elsewhere."""
    unwritten = first_unimplemented(
        {
            "linear_vjp": lambda: linear_vjp(np.ones((2, 3)), np.zeros(2), np.ones(3), np.ones(2)),
            "tanh_vjp": lambda: tanh_vjp(np.ones(2), np.ones(2)),
            "linear_vjp and tanh_vjp": lambda: step_graph(walk(linear_vjp, tanh_vjp), 6),
        }
    )
    if unwritten:
        print(unwritten)
        return
    found = walk(linear_vjp, tanh_vjp)
    steps = [step_graph(found, k + 1) for k in range(len(STEPS))]
    strip = draw(steps, width=8.4, height=2.7)
    control = Control("step", "step", tuple((str(k + 1), k + 1) for k in range(len(STEPS))), in_order=True)
    live_graph("Backpropagation, one step at a time", lambda step: steps[step - 1], [control], strip).show()
