"""Chapter 1: the loss that several exercises differentiate."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.numerics import Array


def l2_loss(p: Array, l: Array) -> Any:
    """L = 1/2 sum (p - l)^2, for complex p too."""
    return 0.5 * np.sum((p - l) ** 2)
