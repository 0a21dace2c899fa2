"""Networks drawn as units and edges, each edge as wide and as strong in color as the gradient on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.palette import BLOCKED, GROUND, INK, LEAK, PRINT, TAKEN, lesson_style

Array = np.ndarray
MARGIN = 0.45  # of a panel, beside its first and its last column
MOST_LABELS = 9  # numbers written on edges in one panel; the words hold all of them
COLORS = {"flow": TAKEN, "leak": LEAK, "blocked": BLOCKED, "idle": INK}
LINES: dict[str, Any] = {"flow": "-", "leak": (0, (5, 1)), "blocked": (0, (2, 2)), "idle": (0, (1, 3))}
MEANING = {
    "flow": "gradient flows",
    "leak": "gradient leaks to where it may not",
    "blocked": "blocked",
    "idle": "weight without a gradient",
}


@dataclass(frozen=True)
class Node:
    """A unit: its place (column, height in 0..1), what stands in it and, in the gradient's color, beside it."""

    at: tuple[float, float]
    text: str = ""
    note: str = ""
    side: str = "below"  # where the note stands: below, left or right
    kind: str = "idle"
    spoken: str = ""  # its name in words; the key under which the graph holds it if left out


@dataclass(frozen=True)
class Edge:
    """From one node to another, with the gradient on it. ``kind``: flow, leak, blocked or idle."""

    start: str
    end: str
    gradient: float = 0.0
    kind: str = "flow"
    label: bool = True

    @property
    def shown(self) -> str:
        """The kind that is drawn: an edge that may carry a gradient, and carries exactly none, is idle."""
        return "idle" if self.kind in ("flow", "leak") and self.gradient == 0 else self.kind


@dataclass(frozen=True)
class Graph:
    """One panel. ``words`` say what it shows; the numbers on the edges are added to them."""

    title: str
    nodes: dict[str, Node]
    edges: tuple[Edge, ...]
    words: str

    @property
    def in_words(self) -> str:
        """Say in words what the panel shows, with the numbers on its edges."""
        named = {e: f"{self._spoken(e.start)} to {self._spoken(e.end)}" for e in self.edges}
        flowing = [f"{named[e]} {e.gradient:+.3g}" for e in self.edges if e.shown == "flow"]
        leaking = [f"{named[e]} {e.gradient:+.3g}" for e in self.edges if e.shown == "leak"]
        idle = sum(e.shown == "idle" for e in self.edges)
        blocked = [named[e] for e in self.edges if e.shown == "blocked"]
        parts = [f"{self.title.replace('$', '')}: {self.words}"]
        parts += [f"Gradients on the edges: {', '.join(flowing)}."] if flowing else []
        parts += [f"Leaking: {', '.join(leaking)}."] if leaking else []
        parts += [f"{idle} edge{'s carry' if idle > 1 else ' carries'} none."] if idle else []
        parts += [f"Blocked: {_few(blocked)}."] if blocked else []
        return " ".join(parts)

    def _spoken(self, name: str) -> str:
        return self.nodes[name].spoken or name


def column(
    prefix: str, x: float, texts: Sequence[str], notes: Sequence[str] = (), spoken: str = "", **how: Any
) -> dict[str, Node]:
    """Make units above one another, named prefix1, ..., with ``notes`` beside them; in words ``spoken`` 1, ..."""
    heights = np.linspace(0.96, 0.04, len(texts)) if len(texts) > 1 else [0.5]
    said = list(notes) or [""] * len(texts)
    return {
        f"{prefix}{i + 1}": Node((x, float(y)), text, note, **how, spoken=f"{spoken} {i + 1}" if spoken else text)
        for i, (y, text, note) in enumerate(zip(heights, texts, said, strict=True))
    }


def layer(start: str, end: str, gradient: Array, kind: str = "flow", label: bool = True) -> list[Edge]:
    """Make the edges of a linear layer: gradient (n_in, n_out), one number for each edge."""
    return [Edge(f"{start}{i + 1}", f"{end}{j + 1}", float(g), kind, label) for (i, j), g in np.ndenumerate(gradient)]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


def largest(graphs: Sequence[Graph]) -> float:
    """Return the largest gradient on any edge, which is drawn at full width; 1 where there is none."""
    return max((abs(e.gradient) for g in graphs for e in g.edges if e.shown in ("flow", "leak")), default=1.0)


def draw(
    graphs: Sequence[Graph], width: float = 7.2, height: float = 3.4, across: int = 2, most: float = 0.0
) -> LessonFigure:
    """Draw graphs as panels of one figure, on one scale of width.

    Parameters
    ----------
    graphs
        One for each panel.
    width, height
        Of the figure, and of one row of panels, in inches.
    across
        The most panels beside each other.
    most
        The gradient that has the full width; by default the largest of these graphs.

    Returns
    -------
    LessonFigure
        With the graphs' words.
    """
    most = most or largest(graphs)
    across = min(across, len(graphs))
    down = -(-len(graphs) // across)
    with lesson_style():
        fig = LessonFigure(figsize=(width, height * down), layout="constrained")
        axes = fig.subplots(down, across, squeeze=False)
        for ax in axes.flat:
            ax.axis("off")
        for ax, graph in zip(axes.flat, graphs, strict=False):
            _panel(ax, graph, most, room=0.05 if across == 1 else 0.07)
        _legend(fig, sorted({e.shown for g in graphs for e in g.edges}, key=list(MEANING).index))
    fig.alt = "Units and edges; an edge is as wide as the gradient on it is large. " + " ".join(
        g.in_words for g in graphs
    )
    return fig


def _panel(ax: Axes, graph: Graph, most: float, room: float) -> None:
    ax.set_title(graph.title, fontsize=10)
    columns = [node.at[0] for node in graph.nodes.values()]
    ax.set(xlim=(min(columns) - MARGIN, max(columns) + MARGIN), ylim=(-0.1, 1.08))
    for edge in sorted(graph.edges, key=lambda e: (e.shown in ("flow", "leak"), abs(e.gradient))):
        _edge(ax, graph.nodes[edge.start].at, graph.nodes[edge.end].at, edge, most)
    for edge, at in numbered(graph, room):
        _number(ax, at, edge)
    for node in graph.nodes.values():
        _node(ax, node)


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], edge: Edge, most: float) -> None:
    share = abs(edge.gradient) / most if edge.shown in ("flow", "leak") else 0.0
    style = {"color": COLORS[edge.shown], "lw": 0.9, "ls": LINES[edge.shown], "zorder": 1}
    if share:
        style |= {"color": strength(COLORS[edge.shown], share), "lw": 0.9 + 4.6 * share, "zorder": 2}
    ax.plot(*zip(start, end, strict=True), solid_capstyle="round", **style)
    if edge.shown == "blocked" and edge.label:
        middle = np.mean([start, end], axis=0)
        ax.annotate("✕", middle, ha="center", va="center", color=BLOCKED, fontsize=13, fontweight="bold", zorder=4)


def strength(color: str, share: float) -> tuple[float, float, float]:
    """Return the color for a share 0..1 of the largest gradient: from gray ink up to the full color."""
    gray, full = np.array(to_rgb(INK)), np.array(to_rgb(color))
    r, g, b = gray + min(1.0, 0.35 + 0.65 * share) * (full - gray)
    return float(r), float(g), float(b)


def numbered(graph: Graph, least: float) -> list[tuple[Edge, tuple[float, float]]]:
    """Choose the edges whose numbers are written, those with the largest gradients, and where each number stands.

    It stands on its edge, as far as may be from the units and from the numbers before it. An edge without room for one
    (`least`, as a share of the panel's width) goes without.
    """
    columns = [node.at[0] for node in graph.nodes.values()]
    width = max(columns) - min(columns) + 2 * MARGIN
    flowing = [e for e in graph.edges if e.shown in ("flow", "leak") and e.label]
    taken = [node.at for node in graph.nodes.values()]
    chosen = []
    for edge in sorted(flowing, key=lambda e: -abs(e.gradient))[:MOST_LABELS]:
        start, end = np.array(graph.nodes[edge.start].at), np.array(graph.nodes[edge.end].at)
        spots = [start + share * (end - start) for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.24, 0.76)]
        # a number is about three times as wide as it is high, so a distance in height counts for more
        room = [min(np.hypot((x - u) / width, 0.45 * (y - v)) for u, v in taken) for x, y in spots]
        best = spots[int(np.argmax(room))]
        if max(room) >= least:
            taken.append((float(best[0]), float(best[1])))
            chosen.append((edge, taken[-1]))
    return chosen


def _number(ax: Axes, at: tuple[float, float], edge: Edge) -> None:
    box = {"boxstyle": "round,pad=0.15", "facecolor": GROUND, "edgecolor": COLORS[edge.shown], "linewidth": 0.8}
    ax.annotate(f"{edge.gradient:+.2f}", at, ha="center", va="center", color=PRINT, fontsize=7.5, bbox=box, zorder=5)


SIDES = {
    "below": ((0, -13), "center", "top"),
    "right": ((16, 0), "left", "center"),
    "left": ((-16, 0), "right", "center"),
}


def _node(ax: Axes, node: Node) -> None:
    edge = COLORS[node.kind]
    box = {
        "boxstyle": "round,pad=0.35",
        "facecolor": GROUND,
        "edgecolor": edge,
        "linewidth": 1.2 if edge == INK else 2.4,
    }
    ax.annotate(node.text, node.at, ha="center", va="center", color=PRINT, fontsize=8.5, bbox=box, zorder=6)
    if node.note:
        offset, ha, va = SIDES[node.side]
        color = TAKEN if node.kind == "idle" else edge
        ground: Any = {"boxstyle": "round,pad=0.1", "facecolor": GROUND, "edgecolor": "none"}
        place: dict[str, Any] = {"textcoords": "offset points", "ha": ha, "va": va}
        ax.annotate(
            node.note,
            node.at,
            offset,
            color=color,
            fontsize=8.5,
            zorder=6,
            bbox=ground if node.side == "below" else None,
            **place,
        )


def _legend(fig: LessonFigure, kinds: Sequence[str]) -> None:
    widths = {"flow": 3.5, "leak": 3.5}
    handles = [Line2D([], [], color=COLORS[k], ls=LINES[k], lw=widths.get(k, 1.2)) for k in kinds]
    fig.legend(handles, [MEANING[k] for k in kinds], loc="outside lower center", ncols=len(kinds), fontsize=9)
