"""Back-propagation one vjp at a time: the student's own `linear_vjp` and `tanh_vjp`, walked through a small network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.lessons.figures.flow import chain_net
from gradschool.lessons.figures.graph import Edge, Graph, column, draw, largest, layer
from gradschool.lessons.notebook_ui import first_unimplemented, interactive_figure

Array = np.ndarray
Function = Callable[..., Any]

STEPS = (
    ("1. Forward", "every unit holds its value; no gradient anywhere yet."),
    ("2. $G$ arrives at the outputs", "wherever it comes from: the network does not ask."),
    ("3. linear_vjp: $W_2$", "each weight gets what arrived at its right end times the value at its left end."),
    ("4. ... and on to $h$", "each hidden unit collects from both outputs, along the weights, and adds."),
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
    values = ", ".join(f"{name} = {np.array2string(found[name], precision=2)}" for name in ("x", "z", "h", "y"))
    arrived = [("G", 2), ("at_h", 4), ("at_z", 5), ("at_x", 6)]
    notes = [f"{name} = {np.array2string(found[name], precision=2)}" for name, since in arrived if since == step]
    numbers = f" Values: {values}." if step == 1 else "".join(f" New: {note}." for note in notes)
    return Graph(title, nodes, tuple(edges), words + numbers)


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
    interactive_figure(lambda step: draw([steps[step - 1]], most=largest(steps)), strip, step_controls)


def step_controls() -> dict[str, Any]:
    """Make Play, Previous, Next and a slider, all moving the one step."""
    from ipywidgets import Button, IntSlider, Play, jslink

    last = len(STEPS)
    slider = IntSlider(value=1, min=1, max=last, description="step", continuous_update=False)
    play = Play(value=1, min=1, max=last, interval=2000)
    jslink((play, "value"), (slider, "value"))
    buttons = {"Previous": -1, "Next": 1}
    made = {}
    for words, by in buttons.items():
        made[words] = Button(description=words)
        made[words].on_click(lambda _, by=by: setattr(slider, "value", min(last, max(1, slider.value + by))))
    return {"_play": play, "_previous": made["Previous"], "_next": made["Next"], "step": slider}
