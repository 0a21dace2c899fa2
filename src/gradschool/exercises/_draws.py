"""Numbers whose sizes and signs are known before they are drawn, so that no seed makes an input easy."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Case, Rng
from gradschool.core.numerics import Array

HUGE = 1e10
UNEVEN = "values of very uneven sizes"


def signed(rng: Rng, shape: tuple[int, ...] | int, low: float = 0.3, high: float = 2.0) -> Array:
    """Return numbers of sizes between ``low`` and ``high``, half of them negative, in random order."""
    sizes = rng.uniform(low, high, size=shape)
    signs = rng.permutation(np.where(np.arange(sizes.size) % 2 == 0, -1.0, 1.0)).reshape(sizes.shape)
    return np.asarray(sizes * signs)


def one_huge(case: Case, key: str, at: int = 0) -> Case:
    """Return the case with one entry of the array ``key`` made huge; ``at`` counts row by row.

    A slope that is measured by a difference quotient drowns there in the rounding error of the loss, and whatever is
    clipped, at any bound, shows. It is a regular case: who fails it has no right gradient.
    """
    array = np.array(case.args[key])
    array.flat[at] = HUGE
    return Case(UNEVEN, {**case.args, key: array}, sizes=case.sizes, rows=case.rows)
