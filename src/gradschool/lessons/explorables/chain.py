"""Chapter 1's five numbers, to be moved: every value, every gradient and the ball on the loss follow."""

from __future__ import annotations

from collections.abc import Mapping

from gradschool.lessons.figures import plots_chain
from gradschool.lessons.live_figures.show import LiveFigure

LIMITS = {"w": (0.0, 4.0, 0.25), "x": (-1.0, 3.0, 0.25), "l": (-4.0, 8.0, 0.5)}
"""What can be moved: lowest, highest, step. The bias stays."""


def explore_chain(
    values: Mapping[str, float], local: Mapping[tuple[str, str], float], gradients: Mapping[str, float]
) -> LiveFigure:
    """Make the graph of L = 1/2 (w x + b - l)^2 with w, x and l to be moved.

    Parameters
    ----------
    values
        Name of the node -> its value, at the beginning.
    local
        (start, end) -> the local derivative.
    gradients
        Name of the node -> dL/d(node).

    Returns
    -------
    LiveFigure
        Its still picture shows these numbers.
    """
    bias = values["b"]
    ends = [w * x + bias for w in LIMITS["w"][:2] for x in LIMITS["x"][:2]]
    data = {
        "start": {name: values[name] for name in ("w", "x", "b", "l")},
        "limits": LIMITS,
        "p_range": [min(*ends, LIMITS["l"][0]) - 1, max(*ends, LIMITS["l"][1]) + 1],
    }
    return LiveFigure("chain_graph", data, plots_chain.chain_graph(values, local, gradients))
