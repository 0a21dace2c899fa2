"""Least squares on a handful of columns, and the shapes of losses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

EXACT = 5e-4  # relative residual that float32 arithmetic of a right formula stays below
FEWEST = 3  # rows more than unknowns, before a fit means anything
RESOLVED = 10  # times what is left over: a smaller part of a fit might be rounding
LEAST = 1e-5  # of the whole: a smaller part of a fit is rounding, too
SATURATED = 2e-5  # relative distance from the largest gradient at which a row counts as saturated


FEWEST_ON_A_LINE, SHARE_ON_A_LINE = 6, 0.15  # rows, and of a batch's rows, that do not lie on one line by chance
ON_A_LINE = 1e-5  # of the largest gradient
LARGEST_BATCH = 256  # rows, of which every pair is tried


@dataclass(frozen=True)
class Fit:
    """`y` as a combination of columns.

    Attributes
    ----------
    coefficients : dict of str to float
        0 for a column that is zero in all rows.
    residual : float
        Norm of what is left over, divided by the norm of `y`.
    shares : dict of str to float
        Norm of each column times its coefficient, divided by the norm of `y`.
    errors : dict of str to float
        Of an exact fit, each coefficient's standard error, from what is left over.
    """

    coefficients: dict[str, float]
    residual: float
    shares: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)

    def resolves(self, column: str) -> bool:
        """Whether a column's part in `y` is larger than rounding: only then does its coefficient have a sign."""
        return self.shares.get(column, 0.0) > max(LEAST, RESOLVED * self.residual)

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
    unit = table / scale
    found, _, rank, _ = np.linalg.lstsq(unit, y, rcond=1e-9)
    if rank < len(names):
        return Fit({}, np.inf)
    residual = float(np.linalg.norm(unit @ found - y) / size)
    coefficients = dict.fromkeys(columns, 0.0) | dict(zip(names, (found / scale).tolist(), strict=True))
    shares = dict(zip(names, (np.abs(found) / size).tolist(), strict=True))
    if residual >= EXACT:
        return Fit(coefficients, residual, shares)
    # Of the inverse of unit.T @ unit, the roots of the diagonal: by QR, as that product may be singular to rounding.
    spread = np.linalg.norm(np.linalg.inv(np.linalg.qr(unit)[1]), axis=1) / np.sqrt(len(y) - len(names))
    return Fit(coefficients, residual, shares, dict(zip(names, residual * size * spread / scale, strict=True)))


def might_be_exact(
    y: np.ndarray,
    base: list[np.ndarray],
    tried: np.ndarray,
    second: list[np.ndarray],
    rows: np.ndarray,
) -> np.ndarray:
    """Which columns of `tried` may explain `y` together with `base`: a look at all of them at once, before a fit.

    Parameters
    ----------
    base : list of ndarray of shape (B,)
    tried : ndarray of shape (B, n)
    second : list of ndarray of shape (B, n)
        Further columns, one of which may be added to each.

    Returns
    -------
    ndarray of bool, shape (n,)
        False only where the residual is certain to be too large.
    """
    rows = rows & np.isfinite(y)
    given = [x[rows] / size for x in base if (size := float(np.linalg.norm(x[rows]))) > 0]
    basis = np.linalg.qr(np.stack(given, axis=1))[0] if given else np.zeros((int(rows.sum()), 0))
    whole, v = y[rows], _without(tried[rows], basis)
    left = _without(whole[:, None], basis)
    most = (2 * EXACT) ** 2 * float(whole @ whole)
    rest = float((left * left).sum()) - _explained(left, v)
    possible = rest <= most
    for column in second:
        e = _without(column[rows], basis)
        e = e - v * ((v * e).sum(axis=0) / np.maximum((v * v).sum(axis=0), 1e-30))
        with_it = rest - _explained(left, e)
        possible |= (with_it <= most) | np.isnan(with_it)
    return np.asarray(possible)


def _without(x: np.ndarray, basis: np.ndarray) -> np.ndarray:
    return np.asarray(x - basis @ (basis.T @ x))


def _explained(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Of the square of `y`, how much each column explains."""
    return np.asarray((y * x).sum(axis=0) ** 2 / np.maximum((x * x).sum(axis=0), 1e-30))


def saturated(g: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Rows of different value that share the largest gradient: Huber's loss beyond its bend."""
    size = np.abs(g)
    largest = float(size.max(initial=0.0))
    at_the_bend = size > largest * (1 - SATURATED)
    several = len(np.unique(np.round(q[at_the_bend], 6))) >= 2
    return at_the_bend if largest > 0 and several else np.zeros(len(g), bool)


def on_a_line(q: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The rows of the line that most rows of `g` over `q` lie on: a squared loss whose label is one number in them.

    No row counts where a line holds fewer than chance might give it, nor in a batch too large to try every pair.
    """
    none = np.zeros(len(g), bool)
    if not FEWEST_ON_A_LINE <= len(g) <= LARGEST_BATCH or not (np.isfinite(q).all() and np.isfinite(g).all()):
        return none
    i, j = np.triu_indices(len(g), 1)
    apart = np.abs(q[j] - q[i]) > 1e-3 * max(float(np.abs(q).max()), 1e-30)
    i, j = i[apart], j[apart]
    slope = (g[j] - g[i]) / (q[j] - q[i])
    far = np.abs(g - g[i, None] - slope[:, None] * (q - q[i, None]))
    on = far < ON_A_LINE * float(np.abs(g).max(initial=0.0))
    several = on.sum(axis=1)
    if not several.size or several.max() < max(FEWEST_ON_A_LINE, SHARE_ON_A_LINE * len(g)):
        return none
    return np.asarray(on[several.argmax()])


def is_constant(x: np.ndarray, relative: float = 1e-5) -> bool:
    """Whether all entries that are not 0 are equal but for rounding, and there are some.

    The gradient of a mean of Q is of that form; where the smaller of two critics counts, the other one's entry is 0.
    One row alone says nothing.
    """
    some = x[x != 0]
    return len(some) > 0 and len(x) > 1 and float(np.ptp(some)) <= relative * float(np.abs(some).max())
