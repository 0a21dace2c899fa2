"""Coverage axes: what the inputs of an exercise must include, so that no kind of wrong answer passes by luck.

Each exercise names its axes in its own file, in ``AXES``, beside ``cases``: a terminal row, a repeated state, a
matrix that is not square, an option off its default. An axis looks at the inputs themselves and never at a case's
name. A test holds every axis present in the hidden inputs and in fresh ones of many seeds.

    AXES = {"a terminal row": some_row("terminated"), "one row": of_size("q", 1)}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from gradschool.core.exercise import Args, Case
from gradschool.core.numerics import Array

Axis: TypeAlias = Callable[[Sequence[Args]], bool]
Axes: TypeAlias = Mapping[str, Axis]
LARGE, TINY = 100.0, 1e-3  # beyond what anybody would clip "for stability"; below what a stray constant drowns


def axes_of(exercise_id: str) -> Axes | None:
    """Return the axes that an exercise declares in its own file, or None where it declares none."""
    chapter, _, function = exercise_id.partition(".")
    found: Axes | None = getattr(import_module(f"gradschool.exercises.{chapter}.{function}"), "AXES", None)
    return found


def missing(axes: Axes, cases: Sequence[Case]) -> list[str]:
    """Return the names of the axes that these cases lack."""
    inputs = [c.args for c in cases]
    return [name for name, present in axes.items() if not present(inputs)]


def some(holds: Callable[[Args], Any]) -> Axis:
    """Return the axis of a case, or of one row or entry in it, for which ``holds`` says yes."""

    def present(inputs: Sequence[Args]) -> bool:
        return any(bool(np.any(holds(a))) for a in inputs)

    return present


def of_size(key: str, n: int, axis: int = 0) -> Axis:
    """Return the axis of an array (or a list) with ``n`` entries along one of its axes."""
    return some(lambda a: np.ndim(a[key]) > axis and np.shape(a[key])[axis] == n)


def of_rank(key: str, n: int) -> Axis:
    """Return the axis of an array with ``n`` axes: 0 a number, 1 a vector, 2 a matrix."""
    return some(lambda a: np.ndim(a[key]) == n)


def square(key: str) -> Axis:
    """Return the axis of a matrix with as many rows as columns, more than one: there shapes hide a transposition."""
    return some(lambda a: np.ndim(a[key]) == 2 and np.shape(a[key])[0] == np.shape(a[key])[1] > 1)


def tall(key: str) -> Axis:
    """Return the axis of a matrix with more rows than columns."""
    return some(lambda a: np.ndim(a[key]) == 2 and np.shape(a[key])[0] > np.shape(a[key])[1])


def wide(key: str) -> Axis:
    """Return the axis of a matrix with more columns than rows."""
    return some(lambda a: np.ndim(a[key]) == 2 and np.shape(a[key])[0] < np.shape(a[key])[1])


def some_row(flag: str, without: str = "", also: str = "") -> Axis:
    """Return the axis of a row in which a flag is set, another one is not (``without``), and a third is (``also``)."""

    def holds(a: Args) -> Array:
        rows = np.asarray(a[flag], bool)
        rows = rows & ~np.asarray(a[without], bool) if without else rows
        return rows & np.asarray(a[also], bool) if also else rows

    return some(holds)


def some_row_without(*flags: str) -> Axis:
    """Return the axis of a row in which none of these flags is set."""
    return some(lambda a: ~np.logical_or.reduce([np.asarray(a[flag], bool) for flag in flags]))


def repeats(*keys: str) -> Axis:
    """Return the axis of rows that agree in all of these arrays of ids: one state twice, or one pair (s, a) twice."""

    def holds(a: Args) -> bool:
        rows = np.stack([np.asarray(a[key]) for key in keys], axis=-1)
        return len(np.unique(rows, axis=0)) < len(rows)

    return some(holds)


def ties(key: str) -> Axis:
    """Return the axis of a row whose largest entry stands there twice."""
    return some(lambda a: (a[key] == np.max(a[key], axis=-1, keepdims=True)).sum(axis=-1) > 1)


def all_negative(key: str) -> Axis:
    """Return the axis of a row (or a vector) whose entries are all below 0: a start at 0 or a relu would show."""
    return some(lambda a: np.max(a[key], axis=-1) < 0)


def large(key: str, at_least: float = LARGE) -> Axis:
    """Return the axis of an entry of a large size."""
    return some(lambda a: np.abs(a[key]) >= at_least)


def large_of_both_signs(of: Callable[[Args], Array]) -> Axis:
    """Return the axis of numbers of a large size on both sides of 0: a bound on one side alone would show."""
    above, below = some(lambda a: of(a) >= LARGE), some(lambda a: of(a) <= -LARGE)
    return lambda inputs: above(inputs) and below(inputs)


def tiny(key: str, at_most: float = TINY) -> Axis:
    """Return the axis of an entry that is small, and not 0."""
    return some(lambda a: (np.abs(a[key]) <= at_most) & (np.abs(a[key]) > 0))


def short(of: Callable[[Args], Array]) -> Axis:
    """Return the axis of a right answer with a norm below 1: there a clipped norm differs from a division by it."""
    return some(lambda a: 0 < np.linalg.norm(of(a)) < 1)


def has_value(key: str, value: float) -> Axis:
    """Return the axis of an entry, or an option, with exactly this value."""
    return some(lambda a: np.asarray(a[key]) == value)


def an_entry_of_0(*keys: str) -> Axes:
    """Return an axis for each of these arrays: an entry of exactly 0 beside others, which some take for no entry."""

    def of(key: str) -> Axis:
        return some(lambda a: 0 < np.sum(np.equal(a[key], 0)) < np.size(a[key]))

    return {f"{key}: an entry of 0 beside others": of(key) for key in keys}


def off_default(**defaults: float) -> Axis:
    """Return the axis of a case in which every one of these options differs from its usual value."""
    return some(lambda a: all(a[key] != value for key, value in defaults.items()))


def several(*keys: str) -> Axis:
    """Return the axis of an option, or a choice of function, that is not the same in every case."""

    def present(inputs: Sequence[Args]) -> bool:
        return len({repr([np.asarray(a[key]).tolist() for key in keys]) for a in inputs}) > 1

    return present
