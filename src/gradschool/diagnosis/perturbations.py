"""Changes to one input of a case, and which inputs they suit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from gradschool.core.numerics import Array

WEIGHTS = " (its weights)"  # ends the name of a network among the inputs
STEP_SIZES = ("`lr`", "`alpha`", "`tau`")

Value: TypeAlias = "Array | float | tuple[Value, ...]"  # of one input
Change = Callable[[Any], Value]  # each takes the values that it suits
Suits = Callable[[str, Value], bool]  # of an input's name and value


def largest(x: Array) -> float:
    """Return the size of the largest entry; 0 for an empty array."""
    return float(np.max(np.abs(x), initial=0.0))


def perturbed(value: Value) -> Value:
    """Return other numbers of the same kind: flags turned round, ids moved on by one, all else a little larger."""
    if isinstance(value, tuple):
        return tuple(perturbed(v) for v in value)
    if isinstance(value, float):
        return 0.5 * value
    if not isinstance(value, np.ndarray):
        return value + 1
    if is_flags(value):
        return ~value if value.dtype.kind == "b" else 1.0 - value
    if value.dtype.kind in "iu":
        return np.asarray((value + 1) % (value.max(initial=0) + 1))
    steps = np.random.default_rng(1).uniform(0.5, 1.5, value.shape)
    return np.asarray(value + 0.1 * (largest(value) or 1.0) * steps)


def is_flags(value: Value) -> bool:
    """Return whether these are booleans, or zeros and ones in place of them."""
    return isinstance(value, np.ndarray) and (value.dtype.kind == "b" or bool(np.isin(value, (0.0, 1.0)).all()))


def is_real(value: Value) -> bool:
    """Return whether *value* may vary continuously: neither flags nor ids nor counts."""
    if isinstance(value, tuple):
        return all(is_real(v) for v in value)
    array = isinstance(value, np.ndarray) and value.dtype.kind == "f" and not is_flags(value)
    return array or isinstance(value, float)


# -- which inputs a change suits, by their name and value ---------------------------------------------------------


def anything(subject: str, value: Value) -> bool:
    """Return True: the change suits every input."""
    return True


def real(subject: str, value: Value) -> bool:
    """Return whether the input may vary continuously."""
    return is_real(value)


def with_rows(subject: str, value: Value) -> bool:
    """Return whether the input is an array with more than one row or entry, and no network."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) > 1 and not subject.endswith(WEIGHTS)


def weights(subject: str, value: Value) -> bool:
    """Return whether the input is the parameters of a network."""
    return subject.endswith(WEIGHTS)


def flags(subject: str, value: Value) -> bool:
    """Return whether the input is booleans, or zeros and ones in place of them."""
    return is_flags(value)


def to_be_left_out(subject: str, value: Value) -> bool:
    """Return whether something is left to be right about without the input; with a step size of 0 any step is right."""
    return is_real(value) and not isinstance(value, tuple) and not weights(subject, value) and subject not in STEP_SIZES


# -- changes ------------------------------------------------------------------------------------------------------


def twice(value: Value) -> Value:
    """Return every number doubled."""
    return tuple(twice(v) for v in value) if isinstance(value, tuple) else 2.0 * value


def negative(value: Value) -> Value:
    """Return every number with the other sign."""
    return tuple(negative(v) for v in value) if isinstance(value, tuple) else -value


def one_more(value: Value) -> Value:
    """Return every number with 1 added to it."""
    return tuple(one_more(v) for v in value) if isinstance(value, tuple) else value + 1.0


def last_bias(flat: Array) -> Array:
    """Return a network's parameters, the last one (which is added to its last output) larger by 1."""
    out = flat.copy()
    out[-1] += 1.0
    return out


def off(value: Array) -> Array:
    """Return as many flags, all of them off."""
    return np.zeros_like(value)


def next_to_0(value: Array | float) -> Array | float:
    """Return numbers next to 0, but not 0 itself, where the largest entry could be any of them."""
    return 1e-10 * value


def in_row_0(value: Array) -> Array:
    """Return the array with row 0 perturbed and the other rows as they were."""
    out, other = value.copy(), np.asarray(perturbed(value))
    out[0] = other[0]
    return out
