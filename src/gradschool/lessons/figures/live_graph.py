"""A graph of gradients with controls: every choice is computed beforehand, so the figure needs no kernel to follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.graph import Graph, largest, numbered
from gradschool.lessons.live_figures.show import LiveFigure

ROOM = 0.05  # between a number on an edge and what stands beside it, as a share of the figure's width
_SPOKEN = {
    r"\frac{1}{2}(Q-y)^2": "½(Q − y)²",
    r"\alpha\log\pi - Q": "α log π − Q",
    r"\log\sigma": "log σ",
    r"\log\pi": "log π",
    r"\mu": "μ",
    **{f"_{n}": digit for n, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "'": "′",
    "$": "",
}


@dataclass(frozen=True)
class Control:
    """One argument of what draws the graph: a box to be checked if it has no options.

    Parameters
    ----------
    name
        The argument.
    label
        What stands beside it.
    options
        Words and values.
    first
        The value at the beginning; by default that of the first option.
    in_order
        Whether the options are steps that one goes through.
    """

    name: str
    label: str
    options: tuple[tuple[str, Any], ...] = ()
    first: Any = None
    in_order: bool = False

    @property
    def values(self) -> list[Any]:
        """Every value that it can have."""
        return [value for _, value in self.options] or [False, True]

    @property
    def start(self) -> Any:
        """The value at the beginning."""
        return self.values[0] if self.first is None else self.first


def live_graph(
    title: str, graph_of: Callable[..., Graph], controls: Sequence[Control], still: LessonFigure
) -> LiveFigure:
    """Make a live figure of graphs.

    Parameters
    ----------
    title
        Its name for a screen reader.
    graph_of
        ``graph_of(**values)`` returns the graph for one choice; it is called once for every choice.
    controls
        One for each argument.
    still
        The picture for paper.
    """
    names = [c.name for c in controls]
    graphs = {
        values: graph_of(**dict(zip(names, values, strict=True))) for values in product(*(c.values for c in controls))
    }
    data = {
        "title": title,
        "controls": [_control(c) for c in controls],
        "first": {c.name: c.start for c in controls},
        "most": largest(list(graphs.values())),
        "states": {"|".join(_key(v) for v in values): graph_data(graph) for values, graph in graphs.items()},
    }
    return LiveFigure("flow_graph", data, still)


def graph_data(graph: Graph) -> dict[str, Any]:
    """Return a graph as plain data: units and edges with their places and kinds, and all of it in words."""
    nodes = [
        {"name": name, "x": node.at[0], "y": node.at[1], "kind": node.kind}
        | {"text": without_math(node.text), "note": without_math(node.note)}
        for name, node in graph.nodes.items()
    ]
    edges = [{"start": e.start, "end": e.end, "gradient": round(e.gradient, 6), "kind": e.shown} for e in graph.edges]
    on_edges = [
        {"x": x, "y": y, "text": f"{e.gradient:+.2f}".replace("-", "−"), "kind": e.shown}
        for e, (x, y) in numbered(graph, ROOM)
    ]
    words = {"title": without_math(graph.title), "words": graph.words, "in_words": graph.in_words}
    return {**words, "nodes": nodes, "edges": edges, "numbers": on_edges}


def without_math(text: str) -> str:
    r"""Return a label without TeX, for a page that has no formulas.

    >>> without_math("$h_1$ -0.56"), without_math(r"$\frac{1}{2}(Q-y)^2$")
    ('h₁ −0.56', '½(Q − y)²')
    """
    for tex, plain in _SPOKEN.items():
        text = text.replace(tex, plain)
    return text.replace("-", "−") if any(sign.isdigit() for sign in text) else text


def _control(control: Control) -> dict[str, Any]:
    kind = "steps" if control.in_order else "choice" if control.options else "switch"
    return {"kind": kind, "name": control.name, "label": control.label, "options": control.options}


def _key(value: Any) -> str:
    """Return a value as JavaScript's ``String`` does."""
    return str(value).lower() if isinstance(value, bool) else str(value)
