"""What whole updates have in common: two calls a case, each with its batch, and what the batches' rows include."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradschool.core.exercise import Args, Rng
from gradschool.core.numerics import Array
from gradschool.exercises import axes
from gradschool.exercises.axes import Axes, Axis

CALLS = ("first", "second")
SMALL_ERROR = 0.02  # of one row of each batch: an absolute error would show there
NO_REWARD = 1  # the row of each batch of several whose reward is 0: a test of a reward for truth would show
FAR = 6.0  # of one number in each batch of several rows: observations that are clipped would show


def small_row(B: int, edge: bool) -> int:
    """Return which of B rows has a small error: another one in regular cases, so that it is not told by its place."""
    return 0 if edge else max(B - 2, 0)


def error_beside(last: float) -> float:
    """Return a small error of another sign than the last row's: if all had one, their signs would be one gradient."""
    return -SMALL_ERROR if last > 0 else SMALL_ERROR


def kinds_of_rows(rng: Rng, B: int, *, flags: bool, first_ends: bool) -> Array:
    """Kinds of B rows: 0 and 1 are terminated, 2 is so and truncated, 3 is truncated, more are neither.

    Without ``flags`` all are neither. Row 0 is terminated where ``first_ends``, and only there.
    """
    if not flags:
        return np.full(B, 9)
    kinds = rng.permutation(B)
    if first_ends != (kinds[0] < 3):
        other = int(np.flatnonzero(kinds == (0 if first_ends else B - 1))[0])
        kinds[[0, other]] = kinds[[other, 0]]
    return kinds


def in_a_call(axis: Axis) -> Axis:
    """The axis, in one batch of one case."""
    return lambda inputs: axis([{**a[call], **a[call]["batch"]} for a in inputs for call in CALLS])


def errors_of_both_signs(errors: Callable[[Args, str], Array]) -> Axis:
    """In every batch of several rows; ``errors(a, call)`` returns those of a batch."""

    def in_both(a: Args) -> bool:
        signs = [np.sign(errors(a, call)) for call in CALLS]
        return all(len(np.unique(x)) > 1 for x in signs if len(x) > 1)

    return lambda inputs: bool(inputs) and all(map(in_both, inputs))


ROWS: Axes = {
    "terminated, not truncated": in_a_call(axes.some_row("terminated", without="truncated")),
    "truncated, not terminated": in_a_call(axes.some_row("truncated", without="terminated")),
    "both": in_a_call(axes.some_row("terminated", also="truncated")),
    "neither": in_a_call(axes.some_row_without("terminated", "truncated")),
    "one row twice": in_a_call(lambda found: any(len(np.unique(a["obs"], axis=0)) < len(a["obs"]) for a in found)),
    "a large reward": in_a_call(axes.large("reward")),
    "an observation far from 0": in_a_call(axes.large("obs", FAR)),
    "a reward of 0": in_a_call(axes.has_value("reward", 0.0)),
    "the first row ends, others go on": in_a_call(
        axes.some(lambda a: a["terminated"][0] and not a["terminated"].all())
    ),
    "the first row goes on, others end": in_a_call(
        axes.some(lambda a: not a["terminated"][0] and a["terminated"].any())
    ),
    "one row": in_a_call(axes.of_size("obs", 1)),
}
