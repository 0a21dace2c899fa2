"""Other functions in the place of an activation, with their slopes: what several exercises may be answered with.

An exercise's ``otherwise`` gives wrong answers by the words that complete "The result is ...", each as a function that
works it out. A diagnosis compares an answer with them on every input before it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.numerics import Array

Otherwise = dict[str, Callable[[], Any]]
Elementwise = Callable[[Array], Array]


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _slope_of_sigmoid(z: Array) -> Array:
    return np.asarray(sigmoid(z) * sigmoid(-z))


def _flat_beyond(z: Array) -> Array:
    return np.asarray(np.abs(z) < 1, float)


# In the place of tanh(z): in words, its value, its slope.
FOR_TANH: tuple[tuple[str, Elementwise, Elementwise], ...] = (
    ("arctan(z)", np.arctan, lambda z: 1 / (1 + z**2)),
    ("2/pi arctan(z)", lambda z: 2 / np.pi * np.arctan(z), lambda z: 2 / np.pi / (1 + z**2)),
    (
        "2/pi arctan(pi/2 z)",
        lambda z: 2 / np.pi * np.arctan(np.pi / 2 * z),
        lambda z: 1 / (1 + (np.pi / 2 * z) ** 2),
    ),
    ("z / (1 + |z|)", lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2),
    ("z / sqrt(1 + z^2)", lambda z: z / np.sqrt(1 + z**2), lambda z: (1 + z**2) ** -1.5),
    ("z, cut off at -1 and 1,", lambda z: np.clip(z, -1, 1), _flat_beyond),
    ("sin(z)", np.sin, np.cos),
    ("tanh(z/2)", lambda z: np.tanh(z / 2), lambda z: 0.5 * (1 - np.tanh(z / 2) ** 2)),
    ("tanh(2 z)", lambda z: np.tanh(2 * z), lambda z: 2 * (1 - np.tanh(2 * z) ** 2)),
    ("the sigmoid of z", sigmoid, _slope_of_sigmoid),
)
# In the place of the slope of tanh(z) where the value is not asked for.
SLOPES_FOR_TANH: tuple[tuple[str, Elementwise], ...] = (
    *((f"that of {words.rstrip(',')}", slope) for words, _, slope in FOR_TANH),
    ("1 - z^2", lambda z: 1 - z**2),
    ("1 - z^2, or 0 where that is negative,", lambda z: np.maximum(1 - z**2, 0)),
    ("1 - |tanh(z)|", lambda z: 1 - np.abs(np.tanh(z))),
    ("1 - tanh(z)", lambda z: 1 - np.tanh(z)),
    ("(1 - tanh(z))^2", lambda z: (1 - np.tanh(z)) ** 2),
    ("the root of the slope", lambda z: np.sqrt(1 - np.tanh(z) ** 2)),
    ("the slope with the sign of z", lambda z: np.sign(z) * (1 - np.tanh(z) ** 2)),
    ("tanh(z)", np.tanh),
    ("tanh(z)^2", lambda z: np.tanh(z) ** 2),
    ("tanh(z) (1 - tanh(z))", lambda z: np.tanh(z) * (1 - np.tanh(z))),
    ("the slope at tanh(z)", lambda z: 1 - np.tanh(np.tanh(z)) ** 2),
)
# In the place of relu's slope.
SLOPES_FOR_RELU: tuple[tuple[str, Elementwise], ...] = (
    *((f"that of a leaky relu, {leak:g} below 0", lambda z, leak=leak: np.where(z > 0, 1, leak))
      for leak in (0.01, 0.1, 0.2)),
    ("that of softplus, the sigmoid of z", sigmoid),
    ("that of ELU, exp(z) below 0", lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0)))),
    ("that of SiLU", lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
    ("z where it is open", lambda z: np.maximum(z, 0)),
)  # fmt: skip
# In the place of the largest of each row of a table (B, A).
OF_ROW: tuple[tuple[str, Elementwise], ...] = (
    ("the mean", lambda q: q.mean(axis=1)),
    ("the smallest", lambda q: q.min(axis=1)),
    ("the second largest", lambda q: np.sort(q, axis=1)[:, -2] if q.shape[1] > 1 else q[:, 0]),
    ("the mean with softmax as weights", lambda q: (_softmax(q) * q).sum(axis=1)),
    ("the log of the sum of exp", lambda q: q.max(axis=1) + np.log(np.exp(q - q.max(axis=1, keepdims=True)).sum(1))),
    ("the largest in size", lambda q: np.take_along_axis(q, np.abs(q).argmax(axis=1)[:, None], 1)[:, 0]),
)


def _softmax(q: Array) -> Array:
    e = np.exp(q - q.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def slope_otherwise(
    right: str, slopes: tuple[tuple[str, Elementwise], ...], of: Callable[[Elementwise], Any]
) -> Otherwise:
    """Return what ``of`` makes of each of these slopes, by words; ``right`` says whose slope it should be."""
    return {
        f"what it would be with {words} instead of {right}": lambda slope=slope: of(slope)  # type: ignore[misc]
        for words, slope in slopes
    }


def with_a_penalty(gradient: Array, weights: Array, name: str) -> Otherwise:
    """Return a gradient and that of a penalty on a network's weights, as weight decay adds it, by words."""
    return {
        f"what it should be plus {strength} times the weights of {name}, as of a penalty on them": (
            lambda strength=strength: gradient + float(strength) * weights  # type: ignore[misc]
        )
        for strength in ("0.1", "0.01", "0.001", "0.0001", "0.2", "0.02", "0.002", "0.0002")
    }
