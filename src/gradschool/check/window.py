"""The part of a large array that a card shows: its first rows and columns, or those from the first wrong entry on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradschool.core.numerics import Array

MOST_ROWS, MOST_COLUMNS = 8, 8


@dataclass(frozen=True)
class Window:
    """The rows and the columns that are shown of an array; an array of one axis is one row."""

    rows: range
    columns: range
    shape: tuple[int, int]
    names: tuple[str, str] = ("rows", "columns")

    def of(self, grid: Array) -> Array:
        """Return the entries inside of the window, of an array of two axes."""
        return grid[self.rows.start : self.rows.stop, self.columns.start : self.columns.stop]

    @property
    def words(self) -> str:
        """Which rows and columns are shown, counted from 0 as in Python; "" where all are."""
        axes = zip(self.names, (self.rows, self.columns), self.shape, strict=True)
        return " and ".join(f"{name} {at[0]} to {at[-1]} of {n}" for name, at, n in axes if len(at) < n)

    def unseen(self, wrong: Array) -> str:
        """Return how many wrong entries are outside of the window, as words; "" for none."""
        grid = np.atleast_2d(wrong)
        count = int(grid.sum() - self.of(grid).sum())
        return f"{count} more wrong {'entry is' if count == 1 else 'entries are'} not shown" if count else ""


def window_of(shape: tuple[int, ...], wrong: Array | None = None) -> Window:
    """Return the window of an array of at most two axes that begins at the start, or else at the first wrong entry."""
    full = (1,) * (2 - len(shape)) + shape
    names = ("rows", "columns" if len(shape) == 2 else "entries")
    first = Window(range(min(full[0], MOST_ROWS)), range(min(full[1], MOST_COLUMNS)), (full[0], full[1]), names)
    grid = np.zeros(full, bool) if wrong is None else np.atleast_2d(wrong)
    if grid.shape != full or not grid.any() or first.of(grid).any():
        return first
    row, column = (int(i) for i in np.argwhere(grid)[0])
    return replace(first, rows=_from(row, full[0], MOST_ROWS), columns=_from(column, full[1], MOST_COLUMNS))


def _from(at: int, size: int, most: int) -> range:
    """Return the ``most`` indices that begin at ``at``: the last ones where fewer follow, the first if it is there."""
    start = 0 if at < most else min(at, size - most)
    return range(start, min(start + most, size))
