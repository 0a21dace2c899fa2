"""How a function of a batch grows with the batch: a Python loop over the rows shows at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def rows_against_one(function: Callable[..., Any], arguments: Callable[[int], tuple[Any, ...]], rows: int = 512) -> str:
    """Time a function on one row and on many, and say how it grows. `arguments(B)` makes its arguments.

    A vectorised function pays mostly for the call, so many rows cost a few times what one costs; a Python loop pays
    for each row. Best of several timings, so that a busy machine disturbs little.
    """
    one, many = (_seconds(function, arguments(B)) for B in (1, rows))
    kind = "vectorised" if many < 40 * one else "a loop over the rows, most likely"
    return f"1 row: {1e6 * one:.0f} us, {rows} rows: {1e6 * many:.0f} us, {many / one:.0f} times as long: {kind}."


def _seconds(function: Callable[..., Any], arguments: tuple[Any, ...]) -> float:
    best = float("inf")
    for _ in range(7):
        started = time.perf_counter()
        for _ in range(5):
            function(*arguments)
        best = min(best, (time.perf_counter() - started) / 5)
    return best
