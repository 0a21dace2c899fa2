"""Another loss of the right errors: slopes other than Q - y, put into the right answer's own sum over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Laboratory, Part, with_rows_changed
from gradschool.diagnosis.hypotheses.formulas import Formula
from gradschool.diagnosis.inputs import numbers_of

OF_ROW = frozenset(
    ("state", "obs", "action", "reward", "next_obs", "next_state", "terminated", "truncated", "done", "y")
)
LABELS = ("reward", "y")  # inputs by which a row's error becomes smaller as they become larger, 1 for 1
BENDS = (1.0, 0.01, 0.1, 0.5, 2.0, 5.0, 10.0)  # of Huber losses that are tried, the default first
LEAST = 1e-6  # what may be left over of the right answer, as a share of it
NO_ERROR = 1e-9  # of a row's label: an error that is smaller is rounding

Slope = Callable[[Array], Array]
IN_PLACE = "instead of the error itself"


def _huber(bend: float) -> tuple[str, str, Slope]:
    says = (
        f"errors up to {bend:g} counted as they are and all larger ones alike, as in `huber_loss` or `smooth_l1_loss`"
    )
    return f"huber-{bend:g}", says, lambda e: np.clip(e, -bend, bend)


SLOPES: tuple[tuple[str, str, Slope], ...] = (
    ("sign", f"only the sign of each error counted, {IN_PLACE}, as in `l1_loss`", np.sign),
    _huber(BENDS[0]),
    ("tanh", f"tanh of each error counted, {IN_PLACE}, as in a loss log(cosh(error))", np.tanh),
    ("cube", f"the cube of each error counted, {IN_PLACE}, as in a loss error ** 4", lambda e: e**3),
    ("softsign", f"error / (1 + |error|) counted, {IN_PLACE}", lambda e: e / (1 + np.abs(e))),
    ("cauchy", f"error / (1 + error^2) counted, {IN_PLACE}, as in a loss log(1 + error ** 2)",
     lambda e: e / (1 + e**2)),
    ("pseudo-huber", f"error / sqrt(1 + error^2) counted, {IN_PLACE}, as in the pseudo-Huber loss",
     lambda e: e / np.sqrt(1 + e**2)),
    ("none-beyond-1", "errors beyond 1 had no slope, as where the error is clipped inside the loss",
     lambda e: np.where(np.abs(e) <= 1, e, 0.0)),
    *(_huber(bend) for bend in BENDS[1:]),
)  # fmt: skip


def cheapest(parts: Sequence[Part]) -> Part:
    """Return the wrong part with the fewest rows that can tell losses apart: several rows, and an answer that moves."""

    def key(p: Part) -> tuple[bool, bool, int]:
        B = p.sizes.get("B", 1)
        return not np.any(p.got - _start(p)), B < 3, B

    return min((p for p in parts if p.is_wrong), key=key)


def may_be(p: Part, formula: Formula) -> bool:
    """Return whether a gradient, or a step, has the direction that a formula gives it: the first look at one part."""
    made, gap = formula.of(p), p.got - _start(p)
    if made is None or not made.any():
        return False
    left = gap - made * (float((gap * made).sum()) / float((made * made).sum()))
    return float(np.abs(left).max()) <= LEAST * float(np.abs(gap).max())


def other_losses(laboratory: Laboratory, first: Part) -> Iterator[Formula]:
    """Yield the right gradient, or the right step, with another slope of each row's error."""
    if first.label in laboratory.exercise.squared_error_in and _by_row(laboratory, first) is not None:
        for name, says, slope in SLOPES:
            of = partial(_with_slopes, laboratory, slope)
            yield Formula(
                "other-loss", f"would be right if {says}", ("other-loss", name), of, base=_start, partly=False
            )


def _with_slopes(laboratory: Laboratory, slope: Slope, p: Part) -> Array | None:
    rows = _by_row(laboratory, p)
    if rows is None:
        return None
    errors, gradients = rows
    return np.asarray(np.tensordot(slope(errors), gradients, axes=1))


def _by_row(laboratory: Laboratory, p: Part) -> tuple[Array, Array] | None:
    """Return each row's error (B,), and what 1 of it adds to the right answer; None where that is no such sum.

    A label that is larger by 1 makes the row's error smaller by 1. How large it is shows in the row alone.
    """
    B, start = p.sizes.get("B", 1), _start(p)
    found = [_alone_and_raised(laboratory, p, b, _by(p.case.args, B, b)) for b in range(B)]
    if any(x is None or y is None or not x.shape == y.shape == start.shape for x, y, _ in found):
        return None
    gradients = np.stack([(x - y) / by for x, y, by in found])
    errors = np.array([_error(x - start, g, by) for (x, _, by), g in zip(found, gradients, strict=True)])
    gradients = gradients * _share(p.right - start, np.tensordot(errors, gradients, axes=1))
    left = np.abs(start + np.tensordot(errors, gradients, axes=1) - p.right).max()
    return (errors, gradients) if left <= LEAST * float(np.abs(p.right - start).max()) else None


def _alone_and_raised(laboratory: Laboratory, p: Part, b: int, by: float) -> tuple[Any, Any, float]:
    alone = _alone(p.case.args, p.sizes.get("B", 1), b)
    return _right(laboratory, p, f"alone-{b}", alone), _right(laboratory, p, f"raised-{b}", _raised(alone, by)), by


def _error(of_row: Array, of_one: Array, by: float) -> float:
    """Return how often one is in the other; what is nothing but rounding has no sign."""
    size = float((of_one * of_one).sum())
    error = float((of_row * of_one).sum()) / size if size else 0.0
    return error if abs(error) > NO_ERROR * by else 0.0


def _share(whole: Array, summed: Array) -> float:
    """Return the share of each row alone that is in the whole batch, as 1/B in a mean."""
    size = float((summed * summed).sum())
    return float((whole * summed).sum()) / size if size else 1.0


def _start(p: Part) -> Array:
    """Return what an answer is counted from: the weights before a step, 0 for a gradient."""
    name = p.exercise.steps.get(p.label)
    return np.zeros(p.right.shape) if name is None else numbers_of(p.case.args[name]).reshape(p.right.shape)


def _right(laboratory: Laboratory, p: Part, key: str, args: Args) -> Any:
    return laboratory.right_instead(p.attempt, ("by-row", key), args).get(p.label)


def _alone(args: Args, B: int, b: int) -> Args:
    """Return the inputs with row b alone."""
    return with_rows_changed(args, B, OF_ROW, lambda x, axis: np.take(x, [b], axis))


def _raised(args: Args, by: float) -> Args:
    """Return the inputs of one row with a larger label."""
    return with_rows_changed(args, 1, frozenset(LABELS), lambda x, axis: np.asarray(x + by))


def _by(args: Args, B: int, b: int) -> float:
    """Return by how much the label of row b is raised: at least 1, and enough to be seen beside the label."""
    sizes = [1.0]

    def looked_at(x: Array, axis: int) -> Array:
        sizes.append(float(np.abs(np.take(x, b, axis)).max()))
        return x

    with_rows_changed(args, B, frozenset(LABELS), looked_at)
    return max(sizes)
