"""Inputs and oracle of ``ddpg.actor_gradient_jacobian``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import SLOPES_GIVEN
from gradschool.exercises.ddpg._losses import actor_gradient
from gradschool.exercises.ddpg._other_slopes import given_slopes_otherwise
from gradschool.exercises.ddpg._setups import action_slope_cases

AXES: Axes = SLOPES_GIVEN


def cases(rng: Rng) -> list[Case]:
    """An actor, a batch, dQ/da (B, A) as somebody handed it over, and the range."""
    return action_slope_cases(rng)


def oracle(a: Args) -> Array:
    """Gradient (n_params,) of L = -1/B sum dq_da . mu(s; theta) in theta by a complex step."""
    return actor_gradient(a)


def otherwise(a: Args) -> Otherwise:
    """The gradient with other slopes of the squash."""
    return given_slopes_otherwise(a)
