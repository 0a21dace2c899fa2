"""Chapter 1's graphs of computations: each takes numbers of a cell and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.heat_map import heat_map, write_entries
from gradschool.lessons.figures.palette import BLOCKED, INK, OTHER, RIGHT, TAKEN, lesson_style

Array = np.ndarray
Point = tuple[float, float]


def _blank(ax: Axes, width: float, height: float) -> None:
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")


def _node(ax: Axes, at: Point, text: str, color: str = INK, below: str = "") -> None:
    """Draw a node of a graph with its name and value, and under it the gradient that has arrived there."""
    box = {"boxstyle": "round,pad=0.45", "facecolor": "none", "edgecolor": color, "linewidth": 1.4}
    ax.text(*at, text, ha="center", va="center", bbox=box, zorder=3)
    if below:
        ax.annotate(below, at, (0, -22), textcoords="offset points", ha="center", va="center", color=TAKEN)


def _edge(ax: Axes, start: Point, end: Point, text: str = "", color: str = INK, **style: Any) -> None:
    """Draw an arrow. ``lift`` moves its label up in points, ``bend`` curves it, ``gap`` keeps it off the nodes."""
    lift, bend, gap = style.get("lift", 8), style.get("bend", 0.0), style.get("gap", 26)
    arrow = {
        "arrowstyle": style.get("head", "-|>"),
        "color": color,
        "linestyle": style.get("line", "-"),
        "linewidth": 1.5,
        "shrinkA": gap,
        "shrinkB": style.get("end_gap", gap),
        "connectionstyle": f"arc3,rad={bend}",
    }
    ax.annotate("", end, start, arrowprops=arrow)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    place = {"textcoords": "offset points", "ha": style.get("ha", "center"), "va": "center", "fontsize": 9}
    ax.annotate(text, middle, (style.get("shift", 0), lift), color=color, **place)


CHAIN_PLACES = {
    "w": (0.6, 3.3), "x": (0.6, 1.2), "u": (2.7, 2.25), "b": (2.7, 0.4),
    "p": (4.9, 2.25), "l": (4.9, 0.4), "r": (7.1, 2.25), "L": (9.2, 2.25),
}  # fmt: skip


def chain_graph(
    values: Mapping[str, float], local: Mapping[tuple[str, str], float], gradients: Mapping[str, float]
) -> LessonFigure:
    """Draw L = 1/2 (w x + b - l)^2 as nodes w, x, u, b, p, l, r, L, with the local derivative on every edge.

    Parameters
    ----------
    values
        Name of the node -> its value.
    local
        (start, end) -> the local derivative: ``local["w", "u"]`` is du/dw.
    gradients
        Name of the node -> dL/d(node), written below it.
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.1), layout="constrained")
        ax = fig.subplots()
        _blank(ax, 9.9, 3.9)
        for name, at in CHAIN_PLACES.items():
            color = {"l": BLOCKED, "L": RIGHT}.get(name, INK)
            _node(ax, at, f"${name}={values[name]:g}$", color, rf"$\bar{{{name}}}={gradients[name]:g}$")
        for (start, end), slope in local.items():
            a, b = CHAIN_PLACES[start], CHAIN_PLACES[end]
            color, line = (BLOCKED, "--") if start == "l" else (INK, "-")
            where = (
                {"lift": 8} if a[1] == b[1] else {"lift": 6 if a[1] > b[1] else 5, "shift": 14 if a[1] > b[1] else -14}
            )
            _edge(ax, a, b, f"$\\times\\,{slope:g}$", color, line=line, **where)
    edges = "; ".join(f"d{end}/d{start} = {slope:g}" for (start, end), slope in local.items())
    back = ", ".join(f"dL/d{name} = {gradient:g}" for name, gradient in gradients.items())
    fig.alt = (
        "A graph from left to right: w and x give u = w x; u and b give p; p and the label l give r = p - l; "
        "r gives L. "
        f"Values: {', '.join(f'{n} = {v:g}' for n, v in values.items())}. Local derivative on each edge: {edges}. "
        f"Multiplied from the right end backwards: {back}. The edge from the label is dashed: it has a derivative, "
        "but the gradient is not followed into the label."
    )
    return fig


def two_paths(values: Mapping[str, float], early: float, late: float) -> LessonFigure:
    """Draw y = w tanh(w x): one parameter, two ways to the output.

    Parameters
    ----------
    values
        The values of w, x, z, h and y.
    early, late
        What each way contributes to dy/dw.
    """
    places = {"w": (0.7, 1.9), "x": (1.6, 0.4), "z": (3.3, 1.2), "h": (6.0, 1.2), "y": (8.2, 1.9)}
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 2.9), layout="constrained")
        ax = fig.subplots()
        _blank(ax, 9.2, 3.5)
        for name, at in places.items():
            _node(ax, at, f"${name}={values[name]:.3g}$", RIGHT if name == "w" else INK)
        _edge(ax, places["w"], places["z"], f"$\\times\\, x={values['x']:.3g}$", TAKEN, lift=-9, shift=-16)
        _edge(ax, places["x"], places["z"], gap=22)
        _edge(ax, places["z"], places["h"], f"$\\times\\,(1-h^2)={1 - values['h'] ** 2:.3g}$", TAKEN, lift=12, gap=38)
        _edge(ax, places["h"], places["y"], f"$\\times\\, w={values['w']:.3g}$", TAKEN, lift=-11, shift=12, gap=38)
        _edge(ax, places["w"], places["y"], "", OTHER, bend=-0.32)
        ax.text(4.4, 3.2, f"$\\times\\, h={values['h']:.3g}$", color=OTHER, ha="center", fontsize=9)
        total = early + late
        ax.text(8.9, 0.35, f"{early:.3g} + {late:.3g} = {total:.3g}", ha="right", color=INK, fontsize=11)
    fig.alt = (
        f"The parameter w = {values['w']:.3g} reaches y by two paths. Through z and h the local derivatives x, 1 - h^2 "
        f"and w multiply to {early:.3g}; along the direct edge the local derivative is h, {late:.3g}. The gradient of "
        f"w is their sum, {total:.3g}."
    )
    return fig


def three_ways(grads: Mapping[str, Array]) -> LessonFigure:
    """Draw three ways to inject G into a network, each with the gradient of W1 that came out.

    Parameters
    ----------
    grads
        Name of the way -> gradient (h, n).
    """
    names = list(grads)
    size = max(float(np.abs(g).max()) for g in grads.values())
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.5), layout="constrained")
        axes = fig.subplots(2, 3, height_ratios=(1.15, 1))
        for k, name in enumerate(names):
            _injection(axes[0, k], surrogate=k == 2)
            axes[0, k].set_title(name, fontsize=10)
            heat_map(axes[1, k], grads[name], size)
            write_entries(axes[1, k], grads[name], size, 3)
            axes[1, k].set(xticks=[], yticks=[], xlabel="gradient of $W_1$")
    gap = max(float(np.abs(g - grads[names[0]]).max()) for g in grads.values())
    fig.alt = (
        f"Three panels, one for each way: {', '.join(names)}. In each, X enters the network with parameters theta and "
        "gives Y; G arrives at Y and flows back to theta. In the third, G and Y make the scalar s; G comes back from s "
        "to Y, and the edge to the place where G came from is cut by detach. Below each panel stands the gradient of "
        f"W1 as a table; the largest difference between them is {gap:.1e}."
    )
    return fig


def _injection(ax: Axes, *, surrogate: bool) -> None:
    """Draw X -> net -> Y in gray, and the gradient's way back in orange; with the surrogate's extra nodes if asked."""
    _blank(ax, 6.4, 2.6)
    X, net, Y, s, source = (0.5, 2.0), (2.2, 2.0), (4.0, 2.0), (5.8, 2.0), (5.8, 0.45)
    for at, text, color in ((X, "$X$", INK), (net, r"net $\theta$", TAKEN), (Y, "$Y$", INK)):
        _node(ax, at, text, color)
    _edge(ax, X, net, gap=14, end_gap=24)
    _edge(ax, net, Y, gap=24, end_gap=14)
    _edge(ax, (3.9, 1.5), (2.3, 1.5), "$G$", TAKEN, bend=-0.3, gap=2, lift=-19)
    if not surrogate:
        ax.text(*s, "$G$", color=TAKEN, ha="center", va="center", fontsize=12)
        _edge(ax, s, Y, color=TAKEN, gap=14)
        return
    _node(ax, s, "$s$", RIGHT)
    _edge(ax, Y, s, gap=12)
    _edge(ax, (5.6, 1.5), (4.1, 1.5), "$G$", TAKEN, bend=-0.3, gap=2, lift=-19)
    _node(ax, source, "$G$", BLOCKED)
    _edge(ax, source, s, color=BLOCKED, line="--", gap=13)
    ax.text(5.35, 0.45, "detached", color=BLOCKED, ha="right", va="center", fontsize=9)
