"""Slopes measured by central differences and by a complex step, and the one table of tolerances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradschool.core.withheld import refuse_answers

Array = np.ndarray
MEASURED = "the course's own measured slopes"


@dataclass(frozen=True)
class Tolerance:
    """How far an entry may be from the right one.

    Two entries agree where ``|got - expected| <= atol + rtol * max(|expected|, floor_share * largest |expected|)``,
    in float64. The largest is taken over the array: a sum's rounding error follows its largest terms.

    Attributes
    ----------
    rtol
        Relative tolerance, without a unit.
    atol
        Absolute tolerance, in the unit of the entries.
    why
        What the tolerance leaves room for.
    floor_share
        From 0 to 1; below 1 it keeps one huge entry from hiding wrong small ones.
    """

    rtol: float
    atol: float
    why: str
    floor_share: float = 1e-3


# Oracles and references agree within their row on 30 seeds of every exercise (tests/grader/bank/test_agreement.py),
# while float32 somewhere inside costs 1e-8 to 1e-7 of an entry. The row of an exercise decides at home and in the
# grader alike.
TOLERANCES = {
    "exact": Tolerance(1e-9, 1e-12, "two closed forms in float64, free to add up in another order"),
    "numeric": Tolerance(1e-8, 1e-9, "a difference quotient, with the rounding of f over h", floor_share=0.1),
    "none": Tolerance(0.0, 0.0, "names, indices, flags and counts"),
}


def wrong_entries(got: Array, expected: Array, tolerance: Tolerance) -> Array:
    """Return the mask of the entries of ``got`` that disagree; NaN and infinity never agree with a number.

    Parameters
    ----------
    got, expected
        Two arrays of one shape: compare the shapes first.
    tolerance
        A row of ``TOLERANCES``.

    Returns
    -------
    Array
        Booleans of that shape, True where the entries disagree. NaN agrees with NaN, infinity with itself.

    Examples
    --------
    >>> got, expected = np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.5, 3.0])
    >>> wrong_entries(got, expected, TOLERANCES["exact"])
    array([False,  True,  True])
    """
    got64, expected64 = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if (got64 == expected64).all():
        return np.zeros(got64.shape, bool)  # most often so, and far quicker
    largest = np.max(np.abs(expected64), initial=0.0, where=np.isfinite(expected64))
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.maximum(np.abs(expected64), tolerance.floor_share * largest)
        close = np.abs(got64 - expected64) <= tolerance.atol + tolerance.rtol * size
    same_special = ~np.isfinite(expected64) & ((got64 == expected64) | (np.isnan(got64) & np.isnan(expected64)))
    agree: Array = (close & np.isfinite(got64) & np.isfinite(expected64)) | same_special
    return ~agree


def nearly_equal(one: Array, other: Array, share: float = 1e-6) -> bool:
    """Return whether two arrays differ by at most ``share`` of the largest entry of ``other``.

    Coarser than any tolerance of a mark: it recognizes what has been computed, and does not decide whether it is
    right. Arrays of different shapes, or with NaN or infinite entries, are never nearly equal.

    >>> nearly_equal(np.array([1.0, 2.0]), np.array([1.0, 2.000001]))
    True
    """
    if one.shape != other.shape or not np.isfinite(one).all() or not np.isfinite(other).all():
        return False
    return bool(np.max(np.abs(one - other), initial=0.0) <= share * np.max(np.abs(other), initial=0.0))


def central_differences(f: Callable[[Array], float | Array], x: Array, h: float = 1e-5) -> Array:
    """Return the derivative of ``f`` at ``x`` by (f(x + h e_i) - f(x - h e_i)) / 2h, one coordinate at a time.

    The error is h^2 f'''/6 from truncation plus about 1e-16 |f| / h from rounding.

    Parameters
    ----------
    f
        Maps a float64 array of x's shape to a scalar or an array.
    x
        Where to differentiate; left as it is.
    h
        The step, in the unit of x.

    Returns
    -------
    Array
        Of shape ``f(x).shape + x.shape``: the gradient, of x's own shape, where f is a scalar, else the Jacobian.

    References
    ----------
    Stanford CS231n, notes on neural networks, part 3, "Gradient checks".

    Examples
    --------
    >>> square = lambda x: float(x @ x)
    >>> central_differences(square, np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    >>> central_differences(lambda x: 3.0 * x, np.zeros(2)).round(6)  # of an array, the Jacobian
    array([[3., 0.],
           [0., 3.]])
    """
    refuse_answers(MEASURED)
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


def complex_step(f: Callable[[Any], Any], x: Array, h: float = 1e-30) -> Array:
    """Return the derivative of ``f`` at ``x`` by Im f(x + i h e_k) / h, one coordinate at a time.

    Nothing is subtracted, so the step can be so small that the result is exact but for rounding; the tolerance of a
    closed form holds for it, also where one entry is huge beside the others.

    Parameters
    ----------
    f
        Maps a complex array of x's shape to a scalar or an array, with analytic functions alone: no ``abs``, no
        ``float``. A relu by ``np.maximum(z, 0)`` is fine, because NumPy orders complex numbers by their real parts
        first.
    x
        Where to differentiate; left as it is.
    h
        The step, in the unit of x.

    Returns
    -------
    Array
        Of shape ``f(x).shape + x.shape``: the gradient, of x's own shape, where f is a scalar, else the Jacobian.

    Raises
    ------
    TypeError
        If f returns real numbers: then it has dropped the imaginary part, and the derivative with it.

    References
    ----------
    Squire & Trapp (1998), Using Complex Variables to Estimate Derivatives of Real Functions, SIAM Review 40.

    Examples
    --------
    >>> complex_step(lambda x: np.sum(x**3), np.array([1.0, -2.0]))
    array([ 3., 12.])
    """
    refuse_answers(MEASURED)
    moved = np.array(x, dtype=np.complex128)
    columns = []
    for i in np.ndindex(moved.shape):
        kept = moved[i]
        moved[i] = kept + 1j * h
        value = f(moved)
        if not np.iscomplexobj(value):
            raise TypeError("the function gives back real numbers for complex ones: the derivative is lost")
        columns.append(np.imag(value) / h)
        moved[i] = kept
    out_shape = columns[0].shape if columns else ()
    stacked = np.stack(columns, axis=-1) if columns else np.zeros(0)
    return stacked.reshape(out_shape + moved.shape)


def complex_step_at_once(f: Callable[[Any], Any], x: Array, h: float = 1e-30) -> Array:
    """Return the gradient of a scalar ``f`` by complex steps, all coordinates in one call.

    Parameters
    ----------
    f
        Maps a stack (n, n) of complex vectors to n scalars, one for each; otherwise as for :func:`complex_step`.
    x
        A vector (n,): where to differentiate; left as it is.
    h
        The step, in the unit of x.

    Returns
    -------
    Array
        The gradient (n,).

    Raises
    ------
    TypeError
        If f returns real numbers.

    Examples
    --------
    >>> complex_step_at_once(lambda X: np.sum(X**3, axis=1), np.array([1.0, -2.0]))
    array([ 3., 12.])
    """
    values = f(x + 1j * h * np.eye(len(x)))
    if not np.iscomplexobj(values):
        raise TypeError("the function gives back real numbers for complex ones: the derivative is lost")
    return np.asarray(np.imag(values) / h)
