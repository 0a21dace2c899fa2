"""Figures of chapter 3: each takes data and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.rl.ddpg.training import Run
from gradschool.rl.envs.pendulum import observe
from gradschool.rl.nets.mlp import Array

Slope = Callable[[Array, Array], tuple[Array, Array]]  # (obs, action) -> Q (N,), dQ/da (N, 1)


def critic_surface(
    q_and_slope: Slope, policy: Callable[[Array], Array], speed: float = 0.0, name: str = ""
) -> LessonFigure:
    """Draw Q over angle and torque with arrows dQ/da and the actor's curve, and three slices beside it.

    Parameters
    ----------
    q_and_slope
        (obs (N, 3), action (N, 1)) -> Q (N,) and dQ/da (N, 1).
    policy
        Observations (N, 3) -> torques (N, 1) in N m.
    speed
        The pendulum's speed in rad/s, the same everywhere.
    name
        Whose critic it is, for the title.
    """
    angles, torques = np.linspace(-np.pi, np.pi, 121), np.linspace(-2, 2, 81)
    obs = observe(angles, np.full_like(angles, speed))
    q = np.stack([q_and_slope(obs, np.full((len(obs), 1), a))[0] for a in torques])
    own = policy(obs)[:, 0]
    with palette.lesson_style():
        fig, (left, right) = new_panels(1, 2, (9.0, 4.2), width_ratios=(1.35, 1))
        fig.set_layout_engine("constrained", wspace=0.1)  # keeps the color bar's label apart from the right panel's
        tilt = q - q.mean(axis=0)  # the angle decides most of Q; the torque's effect is visible only without it
        reach = float(np.quantile(np.abs(tilt), 0.97))
        mesh = left.pcolormesh(
            angles, torques, tilt, cmap="cividis", shading="gouraud", rasterized=True, vmin=-reach, vmax=reach
        )
        fig.colorbar(mesh, ax=left, label="Q(s, a) - mean over a")
        _slope_arrows(left, q_and_slope, angles, speed)
        left.plot(angles, own, color="white", lw=3.4)
        left.plot(angles, own, color=palette.TAKEN, lw=1.8, label="the actor, mu(s)")
        left.set(xlabel="angle (0 is upright)", ylabel="torque a", title=f"Critic{name} at speed {speed:g}")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
        turned = _slices(right, q_and_slope, policy, speed)
    share = float(np.mean(np.sign(_slope_on(q_and_slope, obs, own)) == np.sign(own)))
    return fig.described(
        f"Left: how the torque changes the critic's Q at every angle (speed {speed:g}), with the actor's curve and "
        "arrows along the action axis that point to larger Q. Right: Q over the torque at three angles, with the "
        f"tangent at the actor's own action; dQ/da there is {turned}. At {share:.0%} of all angles dQ/da has the sign "
        "of the actor's own action, so that it pushes further out.",
    )


def _slope_on(q_and_slope: Slope, obs: Array, own: Array) -> Array:
    return q_and_slope(obs, own[:, None])[1][:, 0]


def _slope_arrows(axes: Axes, q_and_slope: Slope, angles: Array, speed: float) -> None:
    at, torques = angles[6::12], np.linspace(-1.6, 1.6, 5)
    grid_s, grid_a = (g.ravel() for g in np.meshgrid(at, torques))
    slope = q_and_slope(observe(grid_s, np.full_like(grid_s, speed)), grid_a[:, None])[1][:, 0]
    length = 0.34 * np.tanh(2 * np.abs(slope) / (np.abs(slope).mean() + 1e-12))
    axes.quiver(
        grid_s,
        grid_a,
        0 * slope,
        np.sign(slope) * length,
        color="white",
        edgecolor="#202020",  # an outline: without it an arrow on yellow cannot be seen
        linewidth=0.7,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.005,
    )


def _slices(axes: Axes, q_and_slope: Slope, policy: Callable[[Array], Array], speed: float) -> str:
    torques, slopes = np.linspace(-2, 2, 81), []
    for angle, color, line in zip((-0.6, 0.3, 2.6), palette.SEQUENCE, palette.LINES, strict=False):
        obs = observe(np.full(81, angle), np.full(81, speed))
        q = q_and_slope(obs, torques[:, None])[0]
        a0 = policy(obs[:1])
        q0, slope = (float(x.ravel()[0]) for x in q_and_slope(obs[:1], a0))
        axes.plot(torques, q - q0, color=color, ls=line, label=f"angle {angle:+.1f}")
        along = np.array([-0.5, 0.5])
        axes.plot(a0[0, 0] + along, slope * along, color=palette.INK, lw=2.2)
        axes.plot(a0[0, 0], 0.0, "o", color=color)
        slopes.append(f"{slope:+.2f} at angle {angle:+.1f}")
    axes.set(xlabel="torque a", ylabel="Q(s, a) - Q(s, mu(s))", title="Slices, with dQ/da at mu(s)")
    axes.legend(fontsize=8)
    return ", ".join(slopes)


def learning_bands(groups: Mapping[str, Sequence[Run]], title: str = "the seeds") -> LessonFigure:
    """Plot mean return against env steps: the median over the seeds, the middle 80 % dark, the full range light.

    Parameters
    ----------
    groups
        Name -> runs.
    title
        What the runs are.
    """
    words = []
    with palette.lesson_style():
        fig, axes = new_panels(1, 1, (7.0, 3.8))
        for (name, runs), color, line in zip(groups.items(), palette.SEQUENCE, palette.LINES, strict=False):
            returns = np.nan_to_num(np.array([run.mean_return for run in runs]), nan=-2000.0)
            _band(axes, np.array(runs[0].env_steps), returns, color, name, line)
            end = returns[:, -1]
            words.append(
                f"{name}: {int((end >= -200).sum())} of {len(runs)} seeds end at or above -200, the median at "
                f"{np.median(end):.0f}, the worst at {end.min():.0f}"
            )
        axes.axhline(-200, color=palette.INK, ls=":", lw=1)
        axes.set(xlabel="environment steps", ylabel="mean return, 100 fixed episodes")
        axes.set_title(f"{title}: median, middle 80 %, full range")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1 + (max(map(len, groups)) < 30))
    said = f"Learning curves: median, middle 80 percent and full range of {title}. {'; '.join(words)}."
    return fig.described(f"{said} A dotted line marks -200.")


def _band(axes: Axes, x: Array, y: Array, color: str, name: str, line: Any = "-") -> None:
    axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=color, alpha=0.14, lw=0)
    axes.fill_between(x, *np.quantile(y, [0.1, 0.9], axis=0), color=color, alpha=0.28, lw=0)
    axes.plot(x, np.median(y, axis=0), color=color, ls=line, lw=2, label=name)


def slopes_at_bounds(invert: Callable[..., Array], low: float = -2.0, high: float = 2.0) -> LessonFigure:
    """Plot what remains of dQ/da = +1 and of -1 at every action: squashed, zeroed and inverted.

    Parameters
    ----------
    invert
        (dq_da (N, 1), action (N, 1), low (1,), high (1,)) -> dq_da (N, 1).
    low, high
        Bounds of the action.
    """
    a = np.linspace(low - 1, high + 1, 241)[:, None]
    box = np.array([low]), np.array([high])
    inside = (a >= low) & (a <= high)
    with palette.lesson_style():
        fig, panels = new_panels(1, 2, (8.4, 3.4), sharey=True)
        for axes, up in zip(panels, (1.0, -1.0), strict=True):
            g = np.full_like(a, up)
            squashed = np.where(inside, 4 * (a - low) * (high - a) / (high - low) ** 2, np.nan) * up
            zeroed = np.where((a >= high) if up > 0 else (a <= low), 0.0, g)
            axes.axvspan(low, high, color=palette.INK, alpha=0.10, lw=0)
            axes.plot(a, squashed, color=palette.OTHER, ls="--", label="squash: times 1 - tanh(z)^2")
            axes.plot(a, zeroed, color=palette.THIRD, ls="-.", label="zeroing")
            axes.plot(a, invert(g, a, *box), color=palette.RIGHT, lw=2.2, label="inverting")
            axes.axhline(0, color=palette.INK, lw=0.8)
            axes.set(xlabel="action a (range shaded)", title=f"dQ/da = {up:+.0f}")
        panels[0].set_ylabel("gradient that reaches the actor")
        panels[0].legend(fontsize=8, loc="lower left")
    return fig.described(
        "What remains of dQ/da = +1 (left) and -1 (right) at each action inside and outside the bounds "
        f"{low:g} and {high:g}. Squashing shrinks it toward both bounds, even where it points away from the bound. "
        "Zeroing is all or nothing. Inverting falls along a straight line from 1 at the far bound to 0 at the bound "
        "ahead, and changes the sign beyond it, which moves the actor back.",
    )


def any_actor_looks_good(history: Mapping[str, Array], true_returns: Mapping[str, float]) -> LessonFigure:
    """Plot a critic's values of actors while the actor's loss moves it, and the true returns.

    Parameters
    ----------
    history
        From `exploit_critic`: name -> values (steps,), and "steps".
    true_returns
        Name -> mean discounted return.
    """
    steps = history["steps"]
    with palette.lesson_style():
        fig, axes = new_panels(1, 1, (7.2, 3.8))
        words = []
        for (name, truth), color, width in zip(true_returns.items(), palette.SEQUENCE, (6, 3.5, 1.5), strict=False):
            axes.plot(steps, history[name], color=color, lw=width, label=f"{name}: the critic's value")
            axes.axhline(truth, color=color, ls=":", lw=1.6)
            words.append(f"{name}: from {history[name][0]:.0f} to {history[name][-1]:.0f}, truly {truth:.0f}")
        axes.plot([], [], color=palette.INK, ls=":", label="dotted: true returns")
        axes.axhline(0, color=palette.INK, lw=1)
        axes.text(steps[-1], 0, "no return of Pendulum is above 0 ", ha="right", va="bottom", fontsize=8)
        axes.set(xlabel="steps that move the critic's parameters up mean Q", ylabel="mean Q(s, mu(s))")
        axes.legend(fontsize=8, loc="upper left")
    return fig.described(
        "The critic's values of the actors while the loss of one of them moves the critic; dotted, each actor's true "
        f"discounted return, which does not change. {'; '.join(words)}. No reward of Pendulum is above 0.",
    )


def estimated_against_true(groups: Mapping[str, Sequence[Run]]) -> LessonFigure:
    """Plot mean Q(s, mu(s)) beside the true discounted return over training, and their difference, over all seeds.

    Parameters
    ----------
    groups
        Name -> runs that were trained with ``probe_q``.
    """
    with palette.lesson_style():
        fig, (left, right) = new_panels(1, 2, (9.0, 3.7))
        words = []
        for (name, runs), color, line in zip(groups.items(), palette.SEQUENCE, ("-", (0, (4, 1.5))), strict=False):
            x = np.array(runs[0].env_steps)
            estimated, true = (np.array([getattr(r, key) for r in runs]) for key in ("q_estimated", "q_true"))
            left.plot(x, np.median(estimated, axis=0), color=color, lw=2, label=f"{name}: estimated Q")
            left.plot(x, np.median(true, axis=0), color=color, lw=1.6, ls=":", label=f"{name}: true return")
            _band(right, x, estimated - true, color, name, line)
            last = (estimated - true)[:, -1]
            words.append(
                f"{name}: at the end Q is {np.median(estimated[:, -1]):.1f} and the true return "
                f"{np.median(true[:, -1]):.1f} (medians); the error "
                f"has median {np.median(last):+.1f} and is above 0 on {int((last > 0).sum())} of "
                f"{len(last)} seeds"
            )
        right.axhline(0, color=palette.INK, lw=1)
        right.set_ylim(-30, 30)
        left.set(xlabel="environment steps", ylabel="discounted, in rewards", title="Estimate and truth (medians)")
        right.set(xlabel="environment steps", ylabel="estimate - truth", title="Error (cut at +30)")
        for axes in (left, right):
            axes.legend(fontsize=8)
    return fig.described(f"Estimated Q against the true discounted return of the same policy. {'. '.join(words)}.")


def clinic_panels(curves: Mapping[str, Sequence[Run]], healthy: Sequence[Run]) -> LessonFigure:
    """Plot a learning curve for each faulty agent, with the healthy agent's in gray.

    Parameters
    ----------
    curves
        Letter -> runs.
    healthy
        Runs of the healthy agent.
    """
    with palette.lesson_style():
        fig, panels = new_panels(2, 3, (8.6, 4.6), sharex=True, sharey=True)
        words = []
        for axes, (letter, runs) in zip(panels.flat, curves.items(), strict=True):
            for run in healthy:
                axes.plot(run.env_steps, run.mean_return, color=palette.INK, lw=1, alpha=0.7)
            for run in runs:
                axes.plot(run.env_steps, run.mean_return, color=palette.TAKEN, lw=1.6)
            axes.axhline(-200, color=palette.INK, ls=":", lw=1)
            axes.set_title(f"run {letter}")
            words.append(f"{letter} ends at {', '.join(f'{run.mean_return[-1]:.0f}' for run in runs)}")
        fig.supxlabel("environment steps", color=palette.INK)
        fig.supylabel("mean return", color=palette.INK)
    ends = ", ".join(f"{run.mean_return[-1]:.0f}" for run in healthy)
    return fig.described(
        f"Learning curves of the six broken runs; {'; '.join(words)}. The healthy agent (gray) ends at {ends}."
    )
