"""What whole updates have in common: two calls a case, each with its batch, and what the batches' rows include."""

from __future__ import annotations

import numpy as np

from gradschool.exercises import axes
from gradschool.exercises.axes import Axes, Axis

CALLS = ("first", "second")
SMALL_ERROR = 0.02  # of one row of each batch: an absolute error would show there
FAR = 6.0  # of one number in each batch of several rows: observations that are clipped would show


def in_a_call(axis: Axis) -> Axis:
    """The axis, in one batch of one case."""
    return lambda inputs: axis([{**a[call], **a[call]["batch"]} for a in inputs for call in CALLS])


ROWS: Axes = {
    "terminated, not truncated": in_a_call(axes.some_row("terminated", without="truncated")),
    "truncated, not terminated": in_a_call(axes.some_row("truncated", without="terminated")),
    "both": in_a_call(axes.some_row("terminated", also="truncated")),
    "neither": in_a_call(axes.some_row_without("terminated", "truncated")),
    "one row twice": in_a_call(lambda found: any(len(np.unique(a["obs"], axis=0)) < len(a["obs"]) for a in found)),
    "a large reward": in_a_call(axes.large("reward")),
    "an observation far from 0": in_a_call(axes.large("obs", FAR)),
    "one row": in_a_call(axes.of_size("obs", 1)),
}
