"""Chapter 1: the loss that several exercises differentiate."""

from __future__ import annotations

import numpy as np

from gradschool.core.numerics import Array


def l2_loss(p: Array, l: Array) -> float:
    """L = 1/2 sum (p - l)^2."""
    return 0.5 * float(np.sum((p - l) ** 2))
