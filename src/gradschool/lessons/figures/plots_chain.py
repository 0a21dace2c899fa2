"""Figures of chapter 1: each takes numbers that a cell has computed and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.palette import INK, LEAK, OTHER, RIGHT, TAKEN, THIRD, lesson_style
from gradschool.lessons.figures.plots_graphs import chain_graph, three_ways, two_paths

__all__ = [
    "chain_graph",
    "clinic_panels",
    "cost_of_jacobian",
    "function_fit",
    "hidden_factor",
    "slopes_of_activations",
    "step_size_v",
    "three_ways",
    "two_climbs",
    "two_paths",
]

Array = np.ndarray


def step_size_v(h: Array, errors: Mapping[str, Array], truncation: Array, rounding: Array) -> LessonFigure:
    """Plot the relative error of difference quotients against the step, and the two predicted branches.

    Parameters
    ----------
    h
        Step sizes (n,); large ones stand on the left.
    errors
        Name of the quotient -> relative errors (n,).
    truncation, rounding
        Predicted errors (n,).
    """
    best = {name: int(np.argmin(e)) for name, e in errors.items()}
    with lesson_style():
        fig = LessonFigure(layout="constrained")
        ax = fig.subplots()
        for (name, error), color, mark in zip(errors.items(), (RIGHT, THIRD), "os", strict=False):
            label = f"{name}: best {error[best[name]]:.0e} at $h$ = {h[best[name]]:.0e}"
            ax.loglog(h, np.maximum(error, 1e-17), mark, ms=4, color=color, label=label)
        ax.loglog(h, truncation, "-", color=INK, lw=1)
        ax.loglog(h, rounding, "--", color=INK, lw=1)
        ax.text(1.5, 3e-12, "truncation:\nthe step is too long", ha="left", fontsize=9)
        ax.text(1e-11, 3e-10, "rounding:\ntoo few digits left", ha="center", fontsize=9)
        ax.set(xlabel="step size $h$ (smaller to the right)", ylabel="relative error", ylim=(1e-14, 10))
        ax.invert_xaxis()
        ax.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.14), columnspacing=1.2)
    words = "; ".join(f"{n}: smallest error {errors[n][i]:.0e} at h = {h[i]:.0e}" for n, i in best.items())
    fig.alt = (
        "Relative error of two difference quotients against the step h, both axes logarithmic, steps shrinking to the "
        f"right. Both form a V: truncation on the left falls with h, rounding on the right rises as h shrinks. {words}."
    )
    return fig


def cost_of_jacobian(widths: Array, seconds: Mapping[str, Array], peaks: Mapping[str, Array]) -> LessonFigure:
    """Plot measured seconds and peak bytes of each way against the width of a square layer.

    Parameters
    ----------
    widths
        (n,).
    seconds, peaks
        Name of the way -> seconds of a call (n,), and bytes at the peak (n,).
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.1), layout="constrained")
        for ax, data, title in zip(
            fig.subplots(1, 2), (seconds, peaks), ("seconds per call", "bytes at the peak"), strict=True
        ):
            for (name, series), color, mark in zip(data.items(), (TAKEN, RIGHT), "os", strict=True):
                ax.loglog(widths, series, mark + "-", color=color, label=name)
            ax.set(xlabel="width of the layer", title=title, xticks=widths, xticklabels=[str(w) for w in widths])
            ax.minorticks_off()
        ax.legend(loc="upper left")
    first, second = seconds
    ratio, room = (data[first][-1] / data[second][-1] for data in (seconds, peaks))
    fig.alt = (
        f"Two log-log charts over layer widths {', '.join(map(str, widths))}. At width {widths[-1]} '{first}' takes "
        f"{ratio:.0f} times as long as '{second}' and {room:.0f} times as much memory."
    )
    return fig


def slopes_of_activations(z: Array, curves: Mapping[str, tuple[Array, Array]]) -> LessonFigure:
    """Plot each activation and its derivative.

    Parameters
    ----------
    z
        (n,).
    curves
        Name -> (values (n,), slopes (n,)).
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.0, 2.6), layout="constrained")
        for ax, (name, (value, slope)) in zip(fig.subplots(1, len(curves)), curves.items(), strict=True):
            ax.plot(z, value, color=INK, label="value")
            ax.plot(z, slope, "--", color=TAKEN, label="slope: what $g$ is multiplied by")
            ax.set(title=name, xlabel="$z$", ylim=(-1.1, 2.1))
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    words = "; ".join(f"{n}: slope from {s.min():.2f} to {s.max():.2f}" for n, (_, s) in curves.items())
    fig.alt = f"Activations and their slopes for z from {z[0]:g} to {z[-1]:g}. {words}. Neither slope is ever negative."
    return fig


def two_climbs(f: Callable[..., Array], fixed: Array, moved: Array) -> LessonFigure:
    """Plot gradient ascent on f(a; phi) in a alone and in both, and the scores by step.

    Parameters
    ----------
    f
        (a, phi) -> score.
    fixed, moved
        Routes (steps + 1, 2) of (a, phi): with phi fixed, and with phi moved too.
    """
    phi0 = float(fixed[0, 1])
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.3), layout="constrained")
        hills, scores = fig.subplots(1, 2)
        _draw_hills(hills, f, fixed, moved)
        hills.set(xlabel="$a$", ylabel="$f(a;\\,\\phi)$")
        claimed, judged = f(moved[:, 0], moved[:, 1]), f(moved[:, 0], phi0)
        scores.plot(f(fixed[:, 0], phi0), color=RIGHT, label="$\\phi$ fixed")
        scores.plot(claimed, "--", color=LEAK, label="$\\phi$ moved too: the reported score")
        scores.plot(judged, ":", lw=2, color=THIRD, label="the same $a$ on the fixed function")
        scores.set(xlabel="step")
        scores.legend(loc="lower left", fontsize=8)
    reached, top = (round(float(v), 2) + 0.0 for v in (fixed[-1, 0], f(fixed[-1, 0], phi0)))  # no "-0"
    fig.alt = (
        f"Left: the fixed function with a climbing from {fixed[0, 0]:.2g} to {reached:g}, and functions pushed "
        f"to the right and up, with a following them to {moved[-1, 0]:.2g}. Right: the score on the fixed function "
        f"ends at {top:g}; with phi moved too the reported score is {claimed[-1]:.2f}, and the same a is worth "
        f"{judged[-1]:.2f} on the fixed function."
    )
    return fig


def _draw_hills(ax: Axes, f: Callable[..., Array], fixed: Array, moved: Array) -> None:
    reach = np.linspace(moved[:, 0].min() - 0.7, moved[-1, 1] + 1.2, 200)
    ax.plot(reach, f(reach, float(fixed[0, 1])), color=RIGHT)
    for a, phi in moved[:: max(1, len(moved) // 4)][1:]:
        near = np.abs(reach - phi) < 1.8
        ax.plot(reach[near], f(reach[near], phi), color=LEAK, lw=0.9, alpha=0.8)
        ax.plot(a, f(np.array(a), phi), "s", color=LEAK, ms=5)
    ax.plot(fixed[:, 0], f(fixed[:, 0], float(fixed[0, 1])), "o", color=RIGHT, ms=4)
    ax.set_ylim(f(fixed[:1, 0], float(fixed[0, 1]))[0] - 2.5, f(moved[-1:, 0], moved[-1, 1])[0] + 0.8)


def hidden_factor(losses: Mapping[str, Mapping[str, Array]]) -> LessonFigure:
    """Plot the loss by step for each optimizer and each constant factor on the gradient.

    Parameters
    ----------
    losses
        Optimizer -> factor -> losses (steps,), as in ``losses["SGD"]["x 6"]``.
    """
    styles = (("-", RIGHT, 2.8), ("--", TAKEN, 1.8), (":", OTHER, 2.4))
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.1), layout="constrained")
        for ax, (optimizer, curves) in zip(fig.subplots(1, 2, sharey=True), losses.items(), strict=True):
            for (factor, loss), (line, color, width) in zip(curves.items(), styles, strict=False):
                ax.semilogy(loss, line, color=color, lw=width, label=factor)
            ax.set(title=optimizer, xlabel="step")
        fig.axes[0].set_ylabel("loss")
        fig.axes[0].legend(title="gradient", loc="lower left")
    ends = ". ".join(f"{o}: " + ", ".join(f"{k} ends at {v[-1]:.2e}" for k, v in c.items()) for o, c in losses.items())
    fig.alt = f"Loss against step, the gradient multiplied by a wrong constant. {ends}."
    return fig


def function_fit(
    x: Array, l: Array, fits: Mapping[str, tuple[Array, Array]], losses: Mapping[str, Array]
) -> LessonFigure:
    """Plot labels and fitted curves, and each loss by step.

    Parameters
    ----------
    x, l
        Inputs and labels (n,).
    fits
        Name -> (inputs, predictions), each (m,).
    losses
        Name -> losses (steps,).
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.2), layout="constrained")
        data, falling = fig.subplots(1, 2)
        data.plot(x, l, "o", ms=4, color=INK, label="labels")
        for (name, (grid, p)), color, line in zip(fits.items(), (THIRD, RIGHT, TAKEN), (":", "-", "--"), strict=False):
            data.plot(grid, p, line, lw=2, color=color, label=name)
            if name in losses:
                falling.semilogy(losses[name], line, color=color, label=name)
        data.set(xlabel="input $x$", ylabel="prediction $p$")
        falling.set(xlabel="step", title="loss")
        data.legend(fontsize=8)
    words = ", ".join(f"{name} from {loss[0]:.2g} to {loss[-1]:.1e}" for name, loss in losses.items())
    fig.alt = (
        f"Left: {len(l)} labels and the curves of {', '.join(fits)}. Right: the loss by step on a log axis; {words}."
    )
    return fig


def clinic_panels(losses: Sequence[tuple[str, Array]], healthy: Array) -> LessonFigure:
    """Plot the loss of each faulty network by step beside a healthy one, one panel for each.

    Parameters
    ----------
    losses
        (title, losses (steps,)) for each.
    healthy
        Losses (steps,).
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 2.4), layout="constrained")
        for ax, (name, loss) in zip(fig.subplots(1, len(losses), sharey=True), losses, strict=True):
            ax.semilogy(healthy, color=INK, lw=1)
            ax.semilogy(loss, color=TAKEN, lw=2)
            ax.set(title=name, xlabel="step", ylim=(1e-2, 20), xlim=(-0.04 * len(healthy), len(healthy)))
        fig.axes[0].set_ylabel("loss")
    words = "; ".join(f"{name} ends at {loss[-1]:.2g} after {len(loss)} steps" for name, loss in losses)
    fig.alt = (
        "One panel for each run, loss against step; a thin line shows a healthy run, ending at "
        f"{healthy[-1]:.2g}. {words}."
    )
    return fig
