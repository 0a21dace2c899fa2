"""Chapter 1's figures: each takes numbers that a cell has computed and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gradschool.figure import LessonFigure
from gradschool.palette import BLOCKED, INK, LEAK, OTHER, RIGHT, TAKEN, THIRD, lesson_style

Array = np.ndarray
Point = tuple[float, float]


# -- graphs ---------------------------------------------------------------------------------------------------


def _blank(ax: Axes, width: float, height: float) -> None:
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")


def _node(ax: Axes, at: Point, text: str, colour: str = INK, below: str = "") -> None:
    """A node of a graph with its name and value, and under it the gradient that has arrived there."""
    box = {"boxstyle": "round,pad=0.45", "facecolor": "none", "edgecolor": colour, "linewidth": 1.4}
    ax.text(*at, text, ha="center", va="center", bbox=box, zorder=3)
    if below:
        ax.annotate(below, at, (0, -22), textcoords="offset points", ha="center", va="center", color=TAKEN)


def _edge(ax: Axes, start: Point, end: Point, text: str = "", colour: str = INK, **style: Any) -> None:
    """An arrow. ``lift`` moves its label up in points, ``bend`` curves it, ``gap`` keeps it off the nodes."""
    lift, bend, gap = style.get("lift", 8), style.get("bend", 0.0), style.get("gap", 26)
    arrow = {
        "arrowstyle": style.get("head", "-|>"),
        "color": colour,
        "linestyle": style.get("line", "-"),
        "linewidth": 1.5,
        "shrinkA": gap,
        "shrinkB": style.get("end_gap", gap),
        "connectionstyle": f"arc3,rad={bend}",
    }
    ax.annotate("", end, start, arrowprops=arrow)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    place = {"textcoords": "offset points", "ha": style.get("ha", "center"), "va": "center", "fontsize": 9}
    ax.annotate(text, middle, (style.get("shift", 0), lift), color=colour, **place)


CHAIN_PLACES = {
    "w": (0.6, 3.3), "x": (0.6, 1.2), "u": (2.7, 2.25), "b": (2.7, 0.4),
    "p": (4.9, 2.25), "l": (4.9, 0.4), "r": (7.1, 2.25), "L": (9.2, 2.25),
}  # fmt: skip


def chain_graph(
    values: Mapping[str, float], local: Mapping[tuple[str, str], float], gradients: Mapping[str, float]
) -> LessonFigure:
    """L = 1/2 (w x + b - l)^2 as nodes w, x, u, b, p, l, r, L; the local derivative on every edge.

    ``local[("w", "u")]`` is du/dw; ``gradients["w"]`` is dL/dw, written below its node.
    """
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.1), layout="constrained")
        ax = fig.subplots()
        _blank(ax, 9.9, 3.9)
        for name, at in CHAIN_PLACES.items():
            colour = {"l": BLOCKED, "L": RIGHT}.get(name, INK)
            _node(ax, at, f"${name}={values[name]:g}$", colour, rf"$\bar{{{name}}}={gradients[name]:g}$")
        for (start, end), slope in local.items():
            a, b = CHAIN_PLACES[start], CHAIN_PLACES[end]
            colour, line = (BLOCKED, "--") if start == "l" else (INK, "-")
            where = (
                {"lift": 8} if a[1] == b[1] else {"lift": 6 if a[1] > b[1] else 5, "shift": 14 if a[1] > b[1] else -14}
            )
            _edge(ax, a, b, f"$\\times\\,{slope:g}$", colour, line=line, **where)
    edges = "; ".join(f"d{end}/d{start} = {slope:g}" for (start, end), slope in local.items())
    back = ", ".join(f"dL/d{name} = {gradient:g}" for name, gradient in gradients.items())
    fig.alt = (
        "A graph from left to right: w and x give u = w x; u and b give p; p and the label l give r = p - l; "
        "r gives L. "
        f"Values: {', '.join(f'{n} = {v:g}' for n, v in values.items())}. Local derivative on each edge: {edges}. "
        f"Multiplied from the right end backwards: {back}. The edge from the label is dashed: it has a derivative, "
        "and nobody follows it."
    )
    return fig


def two_paths(values: Mapping[str, float], early: float, late: float) -> LessonFigure:
    """y = w tanh(w x): one parameter, two ways to the output. ``early`` and ``late`` are what each way contributes."""
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
    """Three ways to push G into a network, as flows, each with the gradient of W1 that came out, (h, n) per way."""
    names = list(grads)
    size = max(float(np.abs(g).max()) for g in grads.values())
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.5), layout="constrained")
        axes = fig.subplots(2, 3, height_ratios=(1.15, 1))
        for k, name in enumerate(names):
            _injection(axes[0, k], surrogate=k == 2)
            axes[0, k].set_title(name, fontsize=10)
            axes[1, k].imshow(grads[name], cmap="PuOr", vmin=-size, vmax=size, aspect="auto")
            axes[1, k].set(xticks=[], yticks=[], xlabel="gradient of $W_1$")
            for (i, j), g in np.ndenumerate(grads[name]):
                ink = "#FFFFFF" if abs(g) > 0.6 * size else "#111111"
                axes[1, k].text(j, i, f"{g:.3f}", ha="center", va="center", fontsize=8, color=ink)
    gap = max(float(np.abs(g - grads[names[0]]).max()) for g in grads.values())
    fig.alt = (
        f"Three panels, one for each way: {', '.join(names)}. In each, X enters the network with parameters theta and "
        "gives Y; G arrives at Y and flows back to theta. In the third, G and Y make the scalar s; G comes back from s "
        "to Y, and the edge to the place where G came from is cut by detach. Below each panel stands the gradient of "
        f"W1 as a table; the largest difference between them is {gap:.1e}."
    )
    return fig


def _injection(ax: Axes, *, surrogate: bool) -> None:
    """X -> net -> Y in grey, and the gradient's way back in orange; with the surrogate's extra nodes if asked."""
    _blank(ax, 6.4, 2.6)
    X, net, Y, s, source = (0.5, 2.0), (2.2, 2.0), (4.0, 2.0), (5.8, 2.0), (5.8, 0.45)
    for at, text, colour in ((X, "$X$", INK), (net, r"net $\theta$", TAKEN), (Y, "$Y$", INK)):
        _node(ax, at, text, colour)
    _edge(ax, X, net, gap=14, end_gap=24)
    _edge(ax, net, Y, gap=24, end_gap=14)
    _edge(ax, (3.9, 1.5), (2.3, 1.5), "$G$", TAKEN, bend=-0.3, gap=2, lift=-19)
    if not surrogate:
        ax.text(*s, "$G$", color=TAKEN, ha="center", va="center", fontsize=12)
        _edge(ax, s, Y, colour=TAKEN, gap=14)
        return
    _node(ax, s, "$s$", RIGHT)
    _edge(ax, Y, s, gap=12)
    _edge(ax, (5.6, 1.5), (4.1, 1.5), "$G$", TAKEN, bend=-0.3, gap=2, lift=-19)
    _node(ax, source, "$G$", BLOCKED)
    _edge(ax, source, s, colour=BLOCKED, line="--", gap=13)
    ax.text(5.35, 0.45, "detached", color=BLOCKED, ha="right", va="center", fontsize=9)


# -- curves ---------------------------------------------------------------------------------------------------


def step_size_v(h: Array, errors: Mapping[str, Array], truncation: Array, rounding: Array) -> LessonFigure:
    """Relative error of difference quotients against h, large steps on the left; and the two predicted branches."""
    best = {name: int(np.argmin(e)) for name, e in errors.items()}
    with lesson_style():
        fig = LessonFigure(layout="constrained")
        ax = fig.subplots()
        for (name, error), colour, mark in zip(errors.items(), (RIGHT, THIRD), "os", strict=False):
            label = f"{name}: best {error[best[name]]:.0e} at $h$ = {h[best[name]]:.0e}"
            ax.loglog(h, np.maximum(error, 1e-17), mark, ms=4, color=colour, label=label)
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
    """Measured seconds and peak bytes of each way against the width of a square layer."""
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.1), layout="constrained")
        for ax, data, title in zip(
            fig.subplots(1, 2), (seconds, peaks), ("seconds per call", "bytes at the peak"), strict=True
        ):
            for (name, series), colour, mark in zip(data.items(), (TAKEN, RIGHT), "os", strict=True):
                ax.loglog(widths, series, mark + "-", color=colour, label=name)
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
    """Each activation and its derivative over z: ``curves["relu"] = (value, slope)``."""
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
    """Climbing f(a; phi): ``fixed`` and ``moved`` are routes (steps + 1, 2) of (a, phi); right, the scores by step."""
    phi0 = float(fixed[0, 1])
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 3.3), layout="constrained")
        hills, scores = fig.subplots(1, 2)
        _draw_hills(hills, f, fixed, moved)
        hills.set(xlabel="$a$", ylabel="$f(a;\\,\\phi)$")
        claimed, judged = f(moved[:, 0], moved[:, 1]), f(moved[:, 0], phi0)
        scores.plot(f(fixed[:, 0], phi0), color=RIGHT, label="hill fixed")
        scores.plot(claimed, "--", color=LEAK, label="hill moved: the score it claims")
        scores.plot(judged, ":", lw=2, color=THIRD, label="the same $a$ on the fixed hill")
        scores.set(xlabel="step")
        scores.legend(loc="lower left", fontsize=8)
    reached, top = (round(float(v), 2) + 0.0 for v in (fixed[-1, 0], f(fixed[-1, 0], phi0)))  # no "-0"
    fig.alt = (
        f"Left: the fixed hill with a climbing from {fixed[0, 0]:.2g} to {reached:g}, and hills that are pushed to the "
        f"right and up, with a running after them to {moved[-1, 0]:.2g}. Right: the score on the fixed hill ends at "
        f"{top:g}; who moves the hill claims {claimed[-1]:.2f}, and the same a is worth {judged[-1]:.2f} on the fixed "
        "hill."
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
    """Loss by step for each optimiser and each constant factor on the gradient: ``losses["SGD"]["x 6"]``."""
    styles = (("-", RIGHT, 2.8), ("--", TAKEN, 1.8), (":", OTHER, 2.4))
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.1), layout="constrained")
        for ax, (optimiser, curves) in zip(fig.subplots(1, 2, sharey=True), losses.items(), strict=True):
            for (factor, loss), (line, colour, width) in zip(curves.items(), styles, strict=False):
                ax.semilogy(loss, line, color=colour, lw=width, label=factor)
            ax.set(title=optimiser, xlabel="step")
        fig.axes[0].set_ylabel("loss")
        fig.axes[0].legend(title="gradient", loc="lower left")
    ends = ". ".join(f"{o}: " + ", ".join(f"{k} ends at {v[-1]:.2e}" for k, v in c.items()) for o, c in losses.items())
    fig.alt = f"Loss against step, the gradient multiplied by a wrong constant. {ends}."
    return fig


def function_fit(
    x: Array, l: Array, fits: Mapping[str, tuple[Array, Array]], losses: Mapping[str, Array]
) -> LessonFigure:
    """Labels l over x, fitted curves ``fits[name] = (x, p)``, and each loss by step."""
    with lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.2), layout="constrained")
        data, falling = fig.subplots(1, 2)
        data.plot(x, l, "o", ms=4, color=INK, label="labels")
        for (name, (grid, p)), colour, line in zip(fits.items(), (THIRD, RIGHT, TAKEN), (":", "-", "--"), strict=False):
            data.plot(grid, p, line, lw=2, color=colour, label=name)
            if name in losses:
                falling.semilogy(losses[name], line, color=colour, label=name)
        data.set(xlabel="input $x$", ylabel="prediction $p$")
        falling.set(xlabel="step", title="loss")
        data.legend(fontsize=8)
    words = ", ".join(f"{name} from {loss[0]:.2g} to {loss[-1]:.1e}" for name, loss in losses.items())
    fig.alt = (
        f"Left: {len(l)} labels and the curves of {', '.join(fits)}. Right: the loss by step on a log axis; {words}."
    )
    return fig


def ward(losses: Sequence[tuple[str, Array]], healthy: Array) -> LessonFigure:
    """One small panel for each patient of the clinic: its loss by step beside a healthy one."""
    with lesson_style():
        fig = LessonFigure(figsize=(7.4, 2.4), layout="constrained")
        for ax, (name, loss) in zip(fig.subplots(1, len(losses), sharey=True), losses, strict=True):
            ax.semilogy(healthy, color=INK, lw=1)
            ax.semilogy(loss, color=TAKEN, lw=2)
            ax.set(title=name, xlabel="step", ylim=(1e-2, 20), xlim=(-0.04 * len(healthy), len(healthy)))
        fig.axes[0].set_ylabel("loss")
    words = "; ".join(f"{name} ends at {loss[-1]:.2g} after {len(loss)} steps" for name, loss in losses)
    fig.alt = (
        "One panel for each patient, loss against step; a thin line shows a healthy run, ending at "
        f"{healthy[-1]:.2g}. {words}."
    )
    return fig
