"""Other inputs in the place of a case's own, by the keys of "as if" claims."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from grader.audit.sentences.inputs import changed_args, value_of
from gradschool.core.exercise import Args, Exercise


def _everywhere(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a change that fills an array with one number."""
    return lambda x: np.full(x.shape, of(x), dtype=x.dtype)


def _rowwise(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a change that fills each row with one number of its own."""
    return lambda x: np.stack([np.full(len(row), of(row), dtype=x.dtype) for row in x])


def _largest_size(row: Any) -> Any:
    return row[int(np.argmax(np.abs(row)))]


def unit_rows(x: Any) -> Any:
    """Return a table whose rows that are not 0 have the length 1."""
    return np.stack([row / np.sqrt((row * row).sum()) if row.any() else row for row in x])


ONE: dict[str, Callable[[Any], Any]] = {
    "off": _everywhere(lambda x: 0),
    "on": _everywhere(lambda x: 1),
    "turned": lambda x: np.logical_not(x).astype(x.dtype),
    "false": lambda x: False,
    "true": lambda x: True,
    "0": lambda x: x * 0.0,
    "1": lambda x: x * 0.0 + 1.0,
    "negative": lambda x: -x,
    "absolute": np.abs,
    "twice": lambda x: x + x,
    "half": lambda x: x / 2,
    "squared": lambda x: x**2,
    "root": lambda x: x**0.5,
    "rest": lambda x: 1.0 - x,
    "rest-each": lambda x: 1.0 - x,
    "inverse": lambda x: 1.0 / x,
    "one-more": lambda x: x + 1,
    "one-less": lambda x: x - 1 if x > 0 else 0,
    "count-1": lambda x: 1,
    "mean": lambda x: np.stack([x.sum(axis=0) / len(x)] * len(x)),
    "centered": lambda x: x - np.stack([x.sum(axis=0) / len(x)] * len(x)),
    "first": lambda x: np.stack([x[0]] * len(x)),
    "last": lambda x: np.stack([x[-1]] * len(x)),
    "max": _everywhere(np.max),
    "min": _everywhere(np.min),
    "all-mean": _everywhere(np.mean),
    "reversed": lambda x: np.flip(x, 0).copy(),
    "down": lambda x: np.concatenate([x[-1:], x[:-1]]),
    "up": lambda x: np.concatenate([x[1:], x[:1]]),
    "transposed": lambda x: np.swapaxes(x, 0, 1).copy(),
    "reversed-columns": lambda x: np.flip(x, 1).copy(),
    "within-1": lambda x: np.minimum(np.maximum(x, -1.0), 1.0),
    "norm-1": lambda x: x / max(1.0, float(np.sqrt((x * x).sum()))),
    "unit": lambda x: x / np.sqrt((x * x).sum()),
    "largest-1": lambda x: x / max(x.max(), -x.min()),
    "unit-rows": unit_rows,
    "sign": lambda x: (x > 0) * 1.0 - (x < 0),
    "whole": lambda x: np.where(x < 0, np.ceil(x), np.floor(x)),
    "rounded": np.rint,
    "decimals": lambda x: np.rint(x * 1e4) / 1e4,
    "positive": lambda x: np.where(x > 0, x, 0.0),
    "row-mean": _rowwise(np.mean),
    "row-min": _rowwise(np.min),
    "row-max": _rowwise(np.max),
    "row-first": _rowwise(lambda row: row[0]),
    "row-sum": _rowwise(np.sum),
    "column-max": lambda x: np.stack([x.max(axis=0)] * len(x)),
    "largest-size": _rowwise(_largest_size),
    "row-argmax": lambda x: np.stack([np.full(len(row), float(list(row).index(max(row)))) for row in x]),
    "largest-only": lambda x: np.where(np.arange(len(x)) == np.argmax(np.abs(x)), x, 0.0),
    "row-largest-only": lambda x: np.where(np.arange(x.shape[1]) == np.argmax(np.abs(x), axis=1)[:, None], x, 0.0),
    "last-only": lambda x: np.concatenate([0.0 * x[:-1], x[-1:]]),
    "first-only": lambda x: np.concatenate([x[:1], 0.0 * x[1:]]),
    "but-last": lambda x: np.concatenate([x[:-1], 0.0 * x[-1:]]),
    "but-first": lambda x: np.concatenate([0.0 * x[:1], x[1:]]),
    "id-0": _everywhere(lambda x: 0),
    "id-next": lambda x: np.where(x == x.max(), 0, x + 1),
    "id-before": lambda x: x - 1,
}


def _at_best_of(a: Any, b: Any) -> Any:
    """Return a table whose rows hold one number each: that of the column in which the other's row is largest."""
    if np.ndim(a) == 1:
        return _at_best_of(a[None], b[None])[0]
    return np.stack([np.full(len(row), row[list(other).index(max(other))]) for row, other in zip(a, b, strict=True)])


def _of_width(one: Callable[[list[float]], float]) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a change of a range to one width, about the middles that it has."""

    def of(low: Any, high: Any) -> tuple[Any, Any]:
        width = one((high - low).tolist())
        return (low + high - width) / 2, (low + high + width) / 2

    return of


OF_HALF_WIDTH: dict[str, Callable[[Any, Any], Any]] = {
    "over-half-width": lambda x, half: x / half,
    "times-half-width": lambda x, half: x * half,
}
TWO: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "replaced-by": lambda a, b: (b, b),
    "swapped": lambda a, b: (b, a),
    "or": lambda a, b: (np.logical_or(a, b).astype(a.dtype), b),
    "and": lambda a, b: (np.logical_and(a, b).astype(a.dtype), b),
    "without": lambda a, b: (np.logical_and(a, np.logical_not(b)).astype(a.dtype), b),
    "both-first": lambda a, b: (np.repeat(a[0], len(a)), np.repeat(b[0], len(b))),
    "times-option": lambda x, k: (x * k, k),
    "over-option": lambda x, k: (x / k if k else x, k),
    "times-rest-option": lambda x, k: (x - x * k, k),
    "at-best-of": lambda a, b: (_at_best_of(a, b), b),
    "both-rest": lambda x, k: (1.0 - x, 1.0 - k),
    "widest": _of_width(max),
    "narrowest": _of_width(min),
    "mean-width": _of_width(lambda widths: sum(widths) / len(widths)),
    "first-width": _of_width(lambda widths: widths[0]),
    "smaller": lambda a, b: (np.where(a < b, a, b),) * 2,
    "larger": lambda a, b: (np.where(a > b, a, b),) * 2,
    "mean": lambda a, b: (0.5 * a + 0.5 * b,) * 2,
}


COUNTING: dict[str, Callable[[list[Any], int], bool]] = {
    "last": lambda ids, k: ids[k] not in ids[k + 1 :],
    "first": lambda ids, k: ids.index(ids[k]) == k,
    "until-repeat": lambda ids, k: len(set(ids[: k + 1])) == k + 1,
}


def of_rows(args: Args, B: int, how: str, names: tuple[str, ...], of_batch: Collection[str]) -> tuple[Any, float]:
    """Return the inputs with the rows alone that count, and the share of these."""
    ids = list(zip(*(args[n].tolist() for n in names), strict=True))
    kept = [k for k in range(B) if COUNTING[how](ids, k)]
    return {n: np.take(x, kept, axis=0) if n in of_batch else x for n, x in args.items()}, len(kept) / B


def changed(exercise: Exercise, args: Args, key: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the inputs as a key says: ``(name, change)``, or ``(one, change, two)``; None if it is not known."""
    value = value_of(exercise, args, key[0])
    if value is None or len(key) not in (2, 3):
        return None
    if len(key) == 2 and key[1] in OF_HALF_WIDTH:
        low, high = (np.asarray(value_of(exercise, args, name)) for name in ("low", "high"))
        return changed_args(exercise, args, key[0], OF_HALF_WIDTH[key[1]](value, (high - low) / 2))
    if len(key) == 2:
        return changed_args(exercise, args, key[0], ONE[key[1]](value)) if key[1] in ONE else None
    other = value_of(exercise, args, key[2])
    if key[1] not in TWO or other is None:
        return None
    one, two = TWO[key[1]](value, other)
    return changed_args(exercise, changed_args(exercise, args, key[0], one), key[2], two)
