"""Chapter 3's critic at one state: drag the action, and see the tangent, what is left of it, and the pendulum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.lessons.figures import plots_ddpg
from gradschool.lessons.live_figures.show import LiveFigure
from gradschool.lessons.notebook_ui import first_unimplemented
from gradschool.rl.envs.pendulum import MAX_TORQUE, observe, pendulum_step

Array = np.ndarray
Function = Callable[..., Any]

ANGLES = np.round(np.arange(-21, 22) * 0.15, 2)  # rad, 0 upright
TORQUES = np.round(np.linspace(-MAX_TORQUE, MAX_TORQUE, 41), 2)
FIRST_ANGLE, FIRST_TORQUE = 0.3, 1.0


def critic_data(
    q_and_slope: plots_ddpg.Slope, policy: Callable[[Array], Array], squash_vjp: Function, invert_gradients: Function
) -> dict[str, Any]:
    """Compute Q, its slope and what is left of the slope, at every angle and torque, for a pendulum at speed 0.

    Parameters
    ----------
    q_and_slope
        (obs (N, 3), action (N, 1)) -> Q (N,) and dQ/da (N, 1).
    policy
        Observations (N, 3) -> torques (N, 1).
    squash_vjp
        (z (N, 1), dQ/da (N, 1), low (1,), high (1,)) -> dQ/dz (N, 1).
    invert_gradients
        (dQ/da (N, 1), action (N, 1), low (1,), high (1,)) -> dQ/da scaled by the room ahead (N, 1).

    Returns
    -------
    dict
        The data of the figure "critic": tables (angles, torques).
    """
    angle, torque = (grid.ravel() for grid in np.meshgrid(ANGLES, TORQUES, indexing="ij"))
    low, high = np.array([-MAX_TORQUE]), np.array([MAX_TORQUE])
    q, slope = q_and_slope(observe(angle, np.zeros_like(angle)), torque[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.arctanh(torque[:, None] / MAX_TORQUE)  # infinite at the bounds, where nothing is left
        squashed = squash_vjp(z, slope, low, high)
    inverted = invert_gradients(slope, torque[:, None], low, high)
    _, speed, _ = pendulum_step(angle, np.zeros_like(angle), torque)
    tables = {"q": q, "slope": slope, "squashed": squashed, "inverted": inverted, "speed_after": speed}
    shape = (len(ANGLES), len(TORQUES))
    return {
        **{name: np.asarray(table, float).reshape(shape).round(4) for name, table in tables.items()},
        "angles": ANGLES,
        "torques": TORQUES,
        "own": policy(observe(ANGLES, np.zeros_like(ANGLES)))[:, 0].round(4),
        "low": -MAX_TORQUE,
        "high": MAX_TORQUE,
        "slope_scale": float(np.median(np.abs(slope))),
        "first": {
            "angle": int(np.argmin(np.abs(ANGLES - FIRST_ANGLE))),
            "action": int(np.argmin(np.abs(TORQUES - FIRST_TORQUE))),
        },
    }


def explore_critic(
    q_and_slope: plots_ddpg.Slope, policy: Callable[[Array], Array], squash_vjp: Function, invert_gradients: Function
) -> None:
    """Show the figure, or a sentence where one of the student's functions is not written yet.

    Parameters
    ----------
    q_and_slope, policy, squash_vjp, invert_gradients
        As in `critic_data`; the last two are the student's own.
    """
    one, bound, data = np.ones((1, 1)), np.ones(1), dict[str, Any]()
    unwritten = first_unimplemented(
        {
            "squash_vjp": lambda: squash_vjp(one, one, -bound, bound),
            "invert_gradients": lambda: invert_gradients(one, one, -bound, bound),
            "squash_vjp and invert_gradients": lambda: data.update(
                critic_data(q_and_slope, policy, squash_vjp, invert_gradients)
            ),
        }
    )
    if unwritten:
        print(unwritten)
        return
    LiveFigure("critic", data, plots_ddpg.critic_surface(q_and_slope, policy)).show()
