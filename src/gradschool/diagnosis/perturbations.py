"""Changes to one input of a case, and which inputs they suit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.numerics import Array

WEIGHTS = " (its weights)"  # ends the name of a network among the inputs
STEP_SIZES = ("`lr`", "`alpha`", "`tau`")

Change = Callable[[Any], Any]


def largest(x: Array) -> float:
    """The size of the largest entry."""
    return float(np.max(np.abs(x), initial=0.0))


def perturbed(value: Any) -> Any:
    """Other numbers of the same kind: flags turned round, ids moved on by one, anything else a little larger."""
    if isinstance(value, tuple):
        return tuple(perturbed(v) for v in value)
    if isinstance(value, float):
        return 0.5 * value
    if not isinstance(value, np.ndarray):
        return value + 1
    if is_flags(value):
        return ~value if value.dtype.kind == "b" else 1.0 - value
    if value.dtype.kind in "iu":
        return (value + 1) % (value.max(initial=0) + 1)
    return value + 0.1 * (largest(value) or 1.0) * np.random.default_rng(1).uniform(0.5, 1.5, value.shape)


def is_flags(value: Any) -> bool:
    """Booleans, or zeros and ones in place of them."""
    return isinstance(value, np.ndarray) and (value.dtype.kind == "b" or bool(np.isin(value, (0.0, 1.0)).all()))


def is_real(value: Any) -> bool:
    """Numbers that may take any value in between: neither flags nor ids nor counts."""
    if isinstance(value, tuple):
        return all(is_real(v) for v in value)
    array = isinstance(value, np.ndarray) and value.dtype.kind == "f" and not is_flags(value)
    return array or isinstance(value, float)


# What an input must be for a change to make sense, by its name and value.


def anything(subject: str, value: Any) -> bool:
    """Every input."""
    return True


def real(subject: str, value: Any) -> bool:
    """Numbers, as above."""
    return is_real(value)


def with_rows(subject: str, value: Any) -> bool:
    """An array with more than one row, or more than one entry, that is no network."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) > 1 and not subject.endswith(WEIGHTS)


def weights(subject: str, value: Any) -> bool:
    """The parameters of a network."""
    return subject.endswith(WEIGHTS)


def flags(subject: str, value: Any) -> bool:
    """Flags, as above."""
    return is_flags(value)


def to_be_left_out(subject: str, value: Any) -> bool:
    """Numbers without which there is something left to be right about: with a step size of 0 any step is right."""
    return is_real(value) and not isinstance(value, tuple) and not weights(subject, value) and subject not in STEP_SIZES


# Changes.


def twice(value: Any) -> Any:
    """Every number doubled."""
    return tuple(twice(v) for v in value) if isinstance(value, tuple) else 2.0 * value


def negative(value: Any) -> Any:
    """Every number with the other sign."""
    return tuple(negative(v) for v in value) if isinstance(value, tuple) else -value


def one_more(value: Any) -> Any:
    """1 added to every number."""
    return tuple(one_more(v) for v in value) if isinstance(value, tuple) else value + 1.0


def last_bias(flat: Array) -> Array:
    """The last of a network's parameters, which is added to its last output, larger by 1."""
    out = flat.copy()
    out[-1] += 1.0
    return out


def off(value: Array) -> Array:
    """Every flag off."""
    return np.zeros_like(value)


def next_to_0(value: Any) -> Any:
    """Numbers next to 0, but not 0 itself, where the largest entry could be any of them."""
    return 1e-10 * value


def in_row_0(value: Array) -> Array:
    """Row 0 moved on, the others as they were."""
    out = value.copy()
    out[0] = perturbed(value)[0]
    return out
