"""Least squares on a handful of columns, and the shapes of losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXACT = 5e-4  # relative residual that float32 arithmetic of a right formula stays below
FEWEST = 3  # rows more than unknowns, before a fit means anything
SATURATED = 2e-5  # relative distance from the largest gradient at which a row counts as saturated


@dataclass(frozen=True)
class Fit:
    """`y` as a combination of columns.

    Attributes
    ----------
    coefficients : dict of str to float
        0 for a column that is zero in all rows.
    residual : float
        Norm of what is left over, divided by the norm of `y`.
    """

    coefficients: dict[str, float]
    residual: float

    @property
    def exact(self) -> bool:
        """Whether nothing but rounding is left over."""
        return self.residual < EXACT


def fit(y: np.ndarray, columns: dict[str, np.ndarray], rows: np.ndarray) -> Fit:
    """Fit `y` on the given rows; a fit with too few rows, or to nothing, has residual infinity."""
    rows = rows & np.isfinite(y) & np.all([np.isfinite(c) for c in columns.values()], axis=0)
    y = y[rows]
    size = float(np.linalg.norm(y))
    names = [n for n, c in columns.items() if np.any(c[rows])]
    if not names or len(y) < len(names) + FEWEST or size == 0:
        return Fit({}, np.inf)
    table = np.stack([columns[n][rows] for n in names], axis=1)
    scale = np.linalg.norm(table, axis=0)
    found, _, rank, _ = np.linalg.lstsq(table / scale, y, rcond=1e-9)
    if rank < len(names):
        return Fit({}, np.inf)
    residual = float(np.linalg.norm(table / scale @ found - y) / size)
    return Fit({**dict.fromkeys(columns, 0.0), **dict(zip(names, (found / scale).tolist(), strict=True))}, residual)


def saturated(g: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Rows of different value that share the largest gradient: Huber's loss beyond its bend."""
    size = np.abs(g)
    largest = float(size.max(initial=0.0))
    at_the_bend = size > largest * (1 - SATURATED)
    several = len(np.unique(np.round(q[at_the_bend], 6))) >= 2
    return at_the_bend if largest > 0 and several else np.zeros(len(g), bool)


def is_constant(x: np.ndarray, relative: float = 1e-5) -> bool:
    """Whether all entries that are not 0 are equal but for rounding, and there are some.

    The gradient of a mean of Q is of that form; where the smaller of two critics counts, the other one's entry is 0.
    One row alone says nothing.
    """
    some = x[x != 0]
    return len(some) > 0 and len(x) > 1 and float(np.ptp(some)) <= relative * float(np.abs(some).max())
