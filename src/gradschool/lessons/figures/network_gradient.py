"""Chapter 2's picture of a network whose one output carries a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.rl.envs.taxi import ACTIONS, Floats

NO_GRADIENT = 1e-12


def network_gradient(
    panels: Mapping[str, tuple[Sequence[Floats], int, int]],
    error: float,
) -> LessonFigure:
    """Draw networks as units and edges, with the loss's gradient on every edge.

    Parameters
    ----------
    panels
        Title -> (gradients of the layers, each (n_in, n_out); the place of the active input; the taken action).
    error
        Q(s, a) - y, written at the taken output.
    """
    with palette.lesson_style():
        fig = LessonFigure(figsize=(4.6 * len(panels), 4.4), layout="constrained")
        axes = fig.subplots(1, len(panels), squeeze=False)
        said = []
        for ax, (title, (grads, active, taken)) in zip(axes[0], panels.items(), strict=True):
            flowing, total = _draw_network(ax, grads, active, taken, error)
            ax.set_title(title)
            said.append(f"{title}: {flowing} of {total} edges carry a gradient")
    return fig.described(
        "Networks drawn as units and edges: a one-hot row of states enters on the left, six action values leave on the "
        f"right, one of them taken, with TD error {error:+.1f}. Edges with a gradient are thick and orange, the others "
        f"thin, dotted and gray. {'; '.join(said)}. Among the last layer's edges only those into the taken output do.",
    )


def _draw_network(ax: Axes, grads: Sequence[Floats], active: int, taken: int, error: float) -> tuple[int, int]:
    sizes = [g.shape[0] for g in grads] + [grads[-1].shape[1]]
    y = [np.linspace(0.94, 0.06, n) for n in sizes]
    flowing = 0
    for layer, g in enumerate(grads):
        most = np.abs(g).max() or 1.0
        for i, j in np.ndindex(g.shape):
            on = abs(g[i, j]) > NO_GRADIENT
            flowing += int(on)
            style: dict[str, Any] = (
                {"color": palette.TAKEN, "lw": 0.8 + 2.6 * abs(g[i, j]) / most, "zorder": 2}
                if on
                else {"color": palette.INK, "lw": 0.8, "ls": (0, (1, 2.5)), "zorder": 1}
            )
            ax.plot([layer, layer + 1], [y[layer][i], y[layer + 1][j]], **style)
    for layer, places in enumerate(y):
        ax.scatter(np.full(len(places), layer), places, s=190, color=palette.GROUND, edgecolor=palette.INK, zorder=3)
    ax.scatter([0], [y[0][active]], s=190, color=palette.INK, zorder=4)
    ax.scatter([len(grads)], [y[-1][taken]], s=190, color=palette.TAKEN, zorder=4)
    for i, place in enumerate(y[0]):
        ax.annotate("1" if i == active else "0", (-0.13, place), ha="right", va="center")
    for a, place in enumerate(y[-1]):
        words = f"{ACTIONS[a]}   Q - y = {error:+.1f}" if a == taken else ACTIONS[a]
        ax.annotate(words, (len(grads) + 0.13, place), va="center", color=palette.TAKEN if a == taken else palette.INK)
    ax.set(xlim=(-0.35, len(grads) + 0.55 * len(grads) + 0.35), ylim=(0, 1))
    ax.set_axis_off()
    return flowing, sum(g.size for g in grads)
