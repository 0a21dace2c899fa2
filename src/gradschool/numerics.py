"""Central differences and the one table of tolerances that every comparison uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Tolerance:
    """Two arrays agree where ``|got - expected| <= atol + rtol * max|expected|``, in float64."""

    rtol: float
    atol: float
    why: str


TOLERANCES = {
    "exact": Tolerance(1e-9, 1e-12, "two closed forms in float64, free to add up in another order"),
    "numeric": Tolerance(1e-6, 1e-8, "a closed form against central differences (error about 1e-10 at h = 1e-5)"),
    "truncation": Tolerance(1e-6, 1e-9, "two difference quotients with the same step h"),
    "none": Tolerance(0.0, 0.0, "names, indices, flags and counts"),
}


def wrong_entries(got: Array, expected: Array, tolerance: Tolerance) -> Array:
    """Mask of the entries of ``got`` that disagree; NaN and infinity never agree with a number.

    Shapes must be equal: compare them first. Returns a boolean array of that shape.
    """
    got64, expected64 = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    size = np.max(np.abs(expected64), initial=0.0, where=np.isfinite(expected64))
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(got64 - expected64) <= tolerance.atol + tolerance.rtol * size
    same_special = ~np.isfinite(expected64) & ((got64 == expected64) | (np.isnan(got64) & np.isnan(expected64)))
    return ~((close & np.isfinite(got64)) | same_special)


def central_differences(f: Callable[[Array], float | Array], x: Array, h: float = 1e-5) -> Array:
    """Derivative of ``f`` at ``x`` by (f(x + h e_i) - f(x - h e_i)) / 2h, one coordinate at a time.

    ``f`` maps an array of x's shape to a scalar or an array; the result has shape ``f(x).shape + x.shape``
    (x's own shape for a scalar f, so it is the gradient). x is left as it was. Error: h^2 f'''/6 from
    truncation plus about 1e-16 |f| / h from rounding.
    """
    x = np.array(x, dtype=np.float64)
    columns = []
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = np.array(f(x), dtype=np.float64)
        x[i] = kept - h
        below = np.array(f(x), dtype=np.float64)
        x[i] = kept
        columns.append((above - below) / (2 * h))
    out_shape = columns[0].shape if columns else ()
    stacked = np.stack(columns, axis=-1) if columns else np.zeros((0,))
    return stacked.reshape(out_shape + x.shape)
