"""Figures of chapter 2: each takes data and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.axes import Axes

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.heat_map import heat_map, write_entries
from gradschool.rl.dqn.training import Run
from gradschool.rl.envs.taxi import ACTIONS, OPTIMAL_MEAN, Floats


def gradient_table(ax: Axes, g: Floats, limit: float, title: str) -> None:
    """Draw one gradient (rows, A) as a heat map with its numbers; exact zeros stay empty."""
    heat_map(ax, g, limit)
    write_entries(ax, g, limit, 2, zeros=False)
    ax.set(xticks=range(g.shape[1]), yticks=range(g.shape[0]), title=title)


def side_by_side(gradients: Mapping[str, Floats], rows: str = "sample") -> LessonFigure:
    """Draw several gradients of the same thing, and say in words their largest difference from the first.

    Parameters
    ----------
    gradients
        Title -> gradient (rows, A).
    rows
        What a row is.
    """
    limit = max(float(np.abs(g).max()) for g in gradients.values()) or 1.0
    first = next(iter(gradients.values()))
    with palette.lesson_style():
        across = len(gradients) if len(gradients) <= 3 else 2  # a third of the page is the least that can be read
        down = -(-len(gradients) // across)
        fig = LessonFigure(figsize=(8.2, down * (0.6 + 0.33 * len(first))), layout="constrained")
        axes = fig.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for ax, (title, g) in zip(axes.flat, gradients.items(), strict=False):
            gradient_table(ax, g, limit, title)
        for ax in axes[:, 0]:
            ax.set_ylabel(rows)
        for ax in axes[-1]:
            ax.set_xlabel("action")
    apart = {title: float(np.max(np.abs(g - first))) for title, g in gradients.items()}
    words = "; ".join(f"{title}: largest difference from the first {d:.1e}" for title, d in apart.items())
    return fig.described(
        f"Heat maps of the same gradient found in {len(gradients)} ways, empty where it is 0. {words}."
    )


def table_beside_optimum(W: Floats, best: Floats, states: np.ndarray) -> LessonFigure:
    """Draw W and Q* as two strips over states, and every learned entry against the exact one.

    Parameters
    ----------
    W, best
        (S, A).
    states
        Ids (n,) of the states that can be met.
    """
    order = states[np.argsort(best[states].max(axis=1))]
    low, high = float(best[order].min()), float(best[order].max())
    with palette.lesson_style():
        fig = LessonFigure(figsize=(9.0, 3.8), layout="constrained")
        axes = fig.subplot_mosaic([["W", "scatter"], ["best", "scatter"]], width_ratios=(1.9, 1))
        for name, Q, title in (("W", W, "W, learned"), ("best", best, "Q*, exact")):
            mesh = axes[name].imshow(Q[order].T, aspect="auto", cmap="cividis", vmin=low, vmax=high)
            axes[name].set(yticks=range(6), yticklabels=ACTIONS, title=title)
        axes["best"].set_xlabel("states, sorted by V*")
        fig.colorbar(mesh, ax=[axes["W"], axes["best"]], label="Q", shrink=0.8)
        ax, rows = axes["scatter"], np.arange(len(order))
        chosen = W[order].argmax(axis=1)
        ax.plot([low, high], [low, high], color=palette.INK, lw=0.8)
        ax.scatter(best[order].ravel(), W[order].ravel(), s=4, color=palette.BLOCKED, label="every entry")
        ax.scatter(best[order][rows, chosen], W[order][rows, chosen], s=9, color=palette.TAKEN, label="greedy entry")
        ax.set(xlabel="Q*", ylabel="W", title="Learned against exact")
        ax.legend(loc="lower right", markerscale=2)
    off = np.abs(W - best)[order]
    return fig.described(
        f"Two strips of six actions by {len(order)} states, nearly alike: learned W above exact Q*. Beside them "
        f"a scatter: greedy entries lie on the diagonal (median distance {np.median(off[rows, chosen]):.3f}, largest "
        f"{off[rows, chosen].max():.2f}); of the others, those rarely tried are off it (largest {off.max():.1f}).",
    )


def bands(groups: Mapping[str, Sequence[Run]]) -> LessonFigure:
    """Plot learning curves of the starts solved and of the exact mean return: the median over seeds, and the range.

    Parameters
    ----------
    groups
        Name -> runs.
    """
    with palette.lesson_style():
        fig = LessonFigure(figsize=(9.0, 3.6), layout="constrained")
        (left, right) = fig.subplots(1, 2)
        said = []
        for k, (name, runs) in enumerate(groups.items()):
            _band(left, runs, [run.solved for run in runs], k, name)
            _band(right, runs, [run.mean_return for run in runs], k, name)
            done = sum(run.optimal for run in runs)
            said.append(f"{name}: {done} of {len(runs)} runs end optimal in all 300 starts")
        right.axhline(OPTIMAL_MEAN, color=palette.INK, lw=0.8, ls="--")
        right.annotate(f"optimum {OPTIMAL_MEAN:.2f}", (0.99, OPTIMAL_MEAN), (0, 4), size=8, ha="right",
                       xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
        right.set_yscale("symlog", linthresh=20)
        right.set_yticks([-1000, -200, -100, -20, -10, 0, 8], ["-1000", "-200", "-100", "-20", "-10", "0", "8"])
        right.minorticks_off()
        left.set(xlabel="environment steps", ylabel="starts driven optimally", ylim=(-8, 308))
        right.set(xlabel="environment steps", ylabel="exact mean return", ylim=(-2500, 14))
        for ax in (left, right):
            ax.xaxis.set_major_formatter(lambda steps, _: f"{steps / 1000:.0f}k" if steps else "0")
        left.legend(loc="best", fontsize=8, handlelength=3.2)
    return fig.described(
        f"Learning curves, median over the seeds with the range from worst to best shaded. {'; '.join(said)}. "
        f"The dashed line is the exact optimum, {OPTIMAL_MEAN:.2f}.",
    )


def _band(ax: Axes, runs: Sequence[Run], curves: Sequence[Sequence[float]], k: int, name: str) -> None:
    """Draw median and range of the k-th group's curves."""
    color, line = palette.SEQUENCE[k % len(palette.SEQUENCE)], palette.LINES[k % len(palette.LINES)]
    longest = max(runs, key=lambda run: len(run.env_steps))
    n = len(longest.env_steps)
    y = np.array(
        [list(c) + [c[-1]] * (n - len(c)) for c in curves], dtype=float
    )  # a run that stopped stays where it was
    ax.fill_between(longest.env_steps, y.min(axis=0), y.max(axis=0), color=color, alpha=0.18, lw=0)
    ax.plot(longest.env_steps, np.median(y, axis=0), color=color, ls=line, lw=2, label=name)


def interference_maps(table: Floats, hidden: Floats, action: int) -> LessonFigure:
    """Draw how one update of one state (column) moves the outputs of others (rows), without and with a hidden layer.

    Each column is divided by the move of the updated state itself, so the diagonal is 1.

    Parameters
    ----------
    table, hidden
        (n, n), from `hidden_layer.interference` and its like for a table.
    action
        The action whose output was updated.
    """
    table, hidden = table / np.diag(table), hidden / np.diag(hidden)
    limit = 1.5
    with palette.lesson_style():
        fig = LessonFigure(figsize=(8.6, 4.0), layout="constrained")
        axes = fig.subplots(1, 2)
        for ax, M, title in zip(axes, (table, hidden), ("no hidden layer", "a hidden layer of 64"), strict=True):
            mesh = heat_map(ax, M, limit, aspect="equal")
            ax.set(xlabel="the state that was updated", title=title)
        axes[0].set_ylabel("the state that moves")
        fig.colorbar(mesh, ax=axes, label=f"move of Q(s, {ACTIONS[action]}), as a share", shrink=0.85)
    off = ~np.eye(len(table), dtype=bool)
    share = float(np.abs(hidden[off]).mean())
    return fig.described(
        f"Two heat maps of {len(table)} by {len(table)} states. Without a hidden layer only the diagonal is not zero: "
        f"an update moves its own state and no other (largest other entry {np.abs(table[off]).max():.0f}). With a "
        f"hidden layer {np.mean(hidden[off] != 0):.0%} of the others are not: another state moves, on average, "
        f"{share:.0%} as far as the updated one.",
    )


def fixed_points(paths: Mapping[str, Floats], exact: Mapping[str, float], entry: str, decision: float) -> LessonFigure:
    """Plot one entry of Q on the wheel over the steps for several gradients, and their exact fixed points.

    Parameters
    ----------
    paths
        Name -> values (steps,).
    exact
        Name -> the fixed point.
    entry
        What the entry is called.
    decision
        The value of the safe choice.
    """
    with palette.lesson_style():
        fig = LessonFigure(figsize=(7.2, 3.8), layout="constrained")
        ax = fig.subplots()
        for color, (name, path) in zip((palette.RIGHT, palette.TAKEN, palette.OTHER), paths.items(), strict=False):
            ax.plot(path, color=color, lw=1.8, label=f"{name}, trained")
            ax.axhline(exact[name], color=color, lw=1, ls="--")
            ax.annotate(f"exact {exact[name]:.4f}", (0.995, exact[name]), (0, 3), color=color, ha="right", size=9,
                        xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
        ax.axhline(decision, color=palette.INK, lw=1, ls=":")
        ax.annotate(f"walk home: {decision:.2f}", (0.005, decision), (0, 3), size=9,
                    xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
        ax.set(xlabel="gradient steps", ylabel=entry, ylim=(0, 0.3))
        ax.legend(loc="lower right", bbox_to_anchor=(1, 0.06))
    ends = "; ".join(f"{name} ends at {path[-1]:.4f}, exact {exact[name]:.4f}" for name, path in paths.items())
    return fig.described(
        f"Curves of {entry} over the steps. {ends}. The safe choice is worth {decision:.2f}, between them."
    )


def clinic_panels(curves: Mapping[str, Sequence[Run]], gradients: Mapping[str, tuple[Floats, Floats]]) -> LessonFigure:
    """Draw for each faulty agent its learning curves, and its gradient beside a healthy one on the same batch.

    Parameters
    ----------
    curves
        Letter -> runs.
    gradients
        Letter -> (faulty, healthy), each (6, 6).
    """
    with palette.lesson_style():
        fig = LessonFigure(figsize=(9.0, 2.05 * len(curves)), layout="constrained")
        axes = fig.subplots(len(curves), 3, width_ratios=(1.25, 1, 1))
        for row, (letter, runs) in zip(axes, curves.items(), strict=True):
            for run in runs:
                row[0].plot(run.env_steps, run.mean_return, color=palette.RIGHT, lw=1, alpha=0.8)
            row[0].set_yscale("symlog", linthresh=20)
            row[0].set_yticks([-1000, -200, -20, 0], ["-1000", "-200", "-20", "0"])
            row[0].minorticks_off()
            row[0].set(ylim=(-2500, 40), ylabel=f"run {letter}\nmean return")
            faulty, healthy = gradients[letter]
            limit = float(np.abs(healthy).max())
            first = letter == next(iter(curves))
            gradient_table(row[1], np.clip(faulty, -99, 99), limit, "its gradient" if first else "")
            gradient_table(row[2], healthy, limit, "a healthy gradient" if first else "")
            row[1].set_ylabel("state")
        for ax, label in zip(axes[-1], ("environment steps", "action", "action"), strict=True):
            ax.set_xlabel(label)
    said = "; ".join(
        f"{clinic_line(letter, runs)}; {_where_it_differs(*gradients[letter])}" for letter, runs in curves.items()
    )
    return fig.described(
        f"Six rows, one for each broken agent: five learning curves, its gradient, a healthy gradient. {said}."
    )


class ClinicTable:
    """The measurements of the broken agents as one table: as HTML in a notebook, as lines of text elsewhere."""

    HEADS = ("agent", "mean return at the end", "greedy actions in use", "deliveries", "largest |Q|")

    def __init__(self, curves: Mapping[str, Sequence[Run]]) -> None:
        self.curves = curves

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:right">{escape(h)}</th>' for h in self.HEADS)
        rows = "".join(
            f'<tr><th scope="row">{escape(letter)}</th>'
            + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in _clinic_cells(runs))
            + "</tr>"
            for letter, runs in self.curves.items()
        )
        runs = len(next(iter(self.curves.values())))
        return (
            f"<table><caption>{runs} runs of each agent, from the lowest to the highest</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        return "\n".join(clinic_line(letter, runs) for letter, runs in self.curves.items())


def _clinic_cells(runs: Sequence[Run]) -> tuple[str, ...]:
    """The cells of one agent: what its runs end with, from the lowest to the highest."""
    last = [run.mean_return[-1] for run in runs]
    used, deliveries = [run.actions_used[-1] for run in runs], [run.deliveries for run in runs]
    return (
        f"{min(last):.1f} to {max(last):.1f}",
        f"{min(used)} to {max(used)}",
        f"{min(deliveries)} to {max(deliveries)}",
        f"{max(run.largest_abs_q[-1] for run in runs):.3g}",
    )


def clinic_line(letter: str, runs: Sequence[Run]) -> str:
    """Say in words what the curves of one broken agent show. What its gradient shows is left to the reader's eyes."""
    returns, used, deliveries, largest = _clinic_cells(runs)
    return (
        f"{letter}: mean return ends between {returns.replace(' to ', ' and ')}, greedy actions in use {used}, "
        f"deliveries {deliveries}, largest |Q| {largest}"
    )


def _where_it_differs(faulty: Floats, healthy: Floats) -> str:
    """Say in words what the heat maps show, for a reader who cannot see them."""
    extra = np.unique(np.nonzero((faulty != 0) & (healthy == 0))[0])
    differs = np.unique(np.nonzero(~np.isclose(faulty, healthy))[0])
    where = "nowhere" if len(differs) == 0 else "in rows " + ", ".join(map(str, differs))
    more = f", and is not 0 where the healthy one is 0 in rows {', '.join(map(str, extra))}" if len(extra) else ""
    return f"its gradient differs {where}{more}"
