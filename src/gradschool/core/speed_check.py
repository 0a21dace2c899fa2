"""How the time of a function of a batch grows with the batch: a Python loop over the rows shows at once."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter as now
from typing import Any

ROWS = 512
MOST_SECONDS = 0.01  # seconds that one call may take, before fewer rows are tried instead
SLOWER = 5.0  # times the baseline's time from which on a function is called slow
Arguments = Callable[[int], tuple[Any, ...]]


def rows_against_one(function: Callable[..., Any], arguments: Arguments, rows: int = ROWS) -> str:
    """Time a function on one row and on many, and say how it grows.

    A vectorized function pays mostly for the call, so many rows cost a few times what one costs; a Python loop pays for
    each row. The best of several timings counts, so that a busy machine disturbs little.

    Parameters
    ----------
    function
        What is timed.
    arguments
        ``arguments(B)`` makes its arguments for B rows.
    rows
        The larger number of rows.

    Returns
    -------
    str
        One sentence with both times.
    """
    one, many = (seconds(function, arguments(B), repeats=7) for B in (1, rows))
    kind = "a loop over the rows, most likely" if _grows_like_a_loop(many / one, rows) else "vectorized"
    return f"1 row: {1e6 * one:.0f} us, {rows} rows: {1e6 * many:.0f} us, {many / one:.0f} times as long: {kind}."


def slower_than(baseline: Callable[..., Any], arguments: Arguments) -> Callable[[Callable[..., Any]], str]:
    """Make a test of speed: given a function, a sentence if it loops over its rows and is slow for it, else "".

    A call of the test takes less than a tenth of a second, unless one row alone takes that.

    Parameters
    ----------
    baseline
        Vectorized work of about the same amount, on the same arguments; it need not be the same work.
    arguments
        ``arguments(B)`` makes the arguments for B rows.
    """

    def sentence(function: Callable[..., Any]) -> str:
        return _once(function) and _once(function)  # a busy machine makes anything slow, but seldom twice

    def _once(function: Callable[..., Any]) -> str:
        rows = _affordable(function, arguments)
        if rows < 64:  # too few to tell a loop from a costly call
            return ""
        one, many = seconds(function, arguments(1), repeats=20), seconds(function, arguments(rows), calls=1)
        slower = many / seconds(baseline, arguments(rows), repeats=20)  # short times need more tries to be undisturbed
        if slower < SLOWER or not _grows_like_a_loop(many / one, rows):
            return ""
        return (
            f"Right, but slow: {rows} rows take {1e3 * many:.2g} ms, about {slower:.0f} times as long as vectorized "
            "NumPy needs for work of this size. Is there a Python loop over the rows? It trains all the same."
        )

    return sentence


def _affordable(function: Callable[..., Any], arguments: Arguments) -> int:
    """Return the most rows, up to ROWS, that one call can be expected to do within MOST_SECONDS."""
    rows = 1
    while rows < ROWS and 8 * seconds(function, arguments(rows), repeats=2, calls=1) < MOST_SECONDS:
        rows *= 8
    return rows


def _grows_like_a_loop(times: float, rows: int) -> bool:
    """Return whether `rows` rows cost what a loop would: a fair part of `rows` times one row."""
    return times > max(16, rows / 16)


def seconds(function: Callable[..., Any], arguments: tuple[Any, ...], repeats: int = 3, calls: int = 5) -> float:
    """Return the seconds of one call, averaged over `calls`: the best of `repeats`, or of what fits in MOST_SECONDS."""
    best, begun = float("inf"), now()
    for _ in range(repeats):
        started = now()
        for _ in range(calls):
            function(*arguments)
        ended = now()
        best = min(best, (ended - started) / calls)
        if ended - begun > MOST_SECONDS:
            break
    return best
