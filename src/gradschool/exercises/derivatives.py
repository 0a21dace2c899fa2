"""Derivatives of a stated loss without a reference and without rounding error, by which oracles say what is right.

A grading kernel sees nothing of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.numerics import Array

STEP = 2.0**-100  # so small that its square is lost beside 1, and a power of two, so that dividing by it is exact


def complex_step(f: Callable[[Any], Any], x: Array) -> Array:
    """Return the derivative of ``f`` at ``x`` as Im f(x + i h e_k) / h, one coordinate at a time.

    Nothing is subtracted, so nothing cancels: the result is as exact as ``f`` itself, also where one entry is huge
    beside the others or the slope is nearly 0, where a difference quotient fails.

    Parameters
    ----------
    f
        Maps a complex array of x's shape to a complex number or array. It must be written with operations that take
        complex numbers and are smooth at x: sums, products, ``np.tanh``; ``np.maximum`` and ``max`` compare real
        parts first, and so are right away from ties. Where f branches it must look at the real part.
    x
        Where to differentiate; left as it is.

    Returns
    -------
    Array
        float64, of shape ``f(x).shape + x.shape``: the gradient where f is a scalar, else the Jacobian.

    Raises
    ------
    TypeError
        If f returns real numbers: somewhere inside, ``float`` or ``abs`` has dropped the derivative.

    References
    ----------
    Squire & Trapp, *Using complex variables to estimate derivatives of real functions*, SIAM Review 40 (1998).
    """
    point = np.array(x, dtype=np.complex128)
    columns = []
    for i in np.ndindex(point.shape):
        kept = point[i]
        point[i] = kept + 1j * STEP
        value = f(point)
        if not np.iscomplexobj(value):
            raise TypeError("the function lost the imaginary part of its argument: it should take complex numbers")
        columns.append(np.imag(value) / STEP)
        point[i] = kept
    stacked = np.stack(columns, axis=-1) if columns else np.zeros(0)
    out_shape = columns[0].shape if columns else ()
    return np.asarray(stacked, dtype=np.float64).reshape(out_shape + point.shape)
