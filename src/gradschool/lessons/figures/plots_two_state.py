"""Chapter 3's picture of the two-state problem: the return, and where two kinds of ascent end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.rl.envs import two_state_mdp as mdp


def stopping_point(step: Callable[[float], float], low: float = -1.0, high: float = 1.0) -> float:
    """Return the theta between low and high at which ascent along ``step`` stops, by bisection.

    Parameters
    ----------
    step
        theta -> an ascent direction, positive at ``low`` and negative at ``high``.
    low, high
        Ends of the interval.
    """
    if not step(low) > 0 > step(high):
        raise ValueError("the step must be positive at the low end and negative at the high end")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if step(middle) > 0 else (low, middle)
    return (low + high) / 2


def on_own_states(theta: float) -> float:
    """Return the step of a frozen exact critic on the policy's own states, whose weights add up to 1."""
    return (1 - mdp.GAMMA) * mdp.frozen_critic_gradient(theta, mdp.discounted_visits(theta))


def on_replayed_states(theta: float) -> float:
    """Return the step of a frozen exact critic on the replay buffer's states, whose weights add up to 1."""
    return mdp.frozen_critic_gradient(theta, mdp.replay_distribution())


def returns_and_steps() -> LessonFigure:
    """Plot J over theta with both stopping points, and beside it both steps; where their signs differ is shaded."""
    thetas = np.linspace(-1.0, 1.5, 126)
    best, replayed = stopping_point(on_own_states), stopping_point(on_replayed_states)
    with palette.lesson_style():
        fig, (left, right) = new_panels(1, 2, (8.6, 3.5))
        left.plot(thetas, [mdp.expected_return(float(t)) for t in thetas], color=palette.INK)
        for at, color, words in ((best, palette.RIGHT, "own states"), (replayed, palette.TAKEN, "replayed states")):
            left.plot(at, mdp.expected_return(at), "o", color=color, label=f"ascent on {words} stops")
        left.set(xlabel="theta", ylabel="J(theta)", title="The return")
        steps = (
            ("own states: (1 - gamma) times grad J", on_own_states, palette.RIGHT, "-"),
            ("replayed states", on_replayed_states, palette.TAKEN, "--"),
        )
        for words, step, color, line in steps:
            right.plot(thetas, [step(float(t)) for t in thetas], color=color, ls=line, label=words)
        right.axhline(0, color=palette.INK, lw=0.8)
        right.axvspan(best, replayed, color=palette.INK, alpha=0.10, lw=0)
        right.set(xlabel="theta", ylabel="step in theta", title="Two steps; shaded: opposite signs")
        for axes in (left, right):
            axes.legend(fontsize=8)
    return fig.described(
        "Left: the expected return J over theta. Ascent with a frozen exact critic stops at "
        f"theta = {best:.2f} (J = {mdp.expected_return(best):.2f}, the maximum) on the policy's own states, and at "
        f"theta = {replayed:.2f} (J = {mdp.expected_return(replayed):.2f}) on the replay buffer's states. Right: both "
        "steps over theta; between the two points they have opposite signs."
    )
