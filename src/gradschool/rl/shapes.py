"""Shapes that are asked for, so that NumPy does not broadcast what was meant otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np


def require_shape(what: str, value: Any, shape: tuple[int, ...], meaning: str) -> None:
    """Raise ValueError, in one sentence, unless a value has this shape.

    >>> require_shape("VectorTaxi.step", np.zeros((4, 1)), (4,), "one action for each taxi")
    Traceback (most recent call last):
    ValueError: VectorTaxi.step takes shape (4,), one action for each taxi; this has shape (4, 1).
    """
    if np.shape(value) != shape:
        raise ValueError(f"{what} takes shape {shape}, {meaning}; this has shape {np.shape(value)}.")
