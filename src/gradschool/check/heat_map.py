"""An array as a small HTML table with one colored cell per entry."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from gradschool.check.window import Window, window_of
from gradschool.core.plain_data import PlainData, describe

STRONGEST = 0.38  # of a color over the page's ground: more, and light ink on a dark page could not be read on it
FRAME = "#8888"  # a gray that lets the ground through too


MOST_ENTRIES = 40  # of an array as text


def short(value: PlainData, most: int = MOST_ENTRIES) -> str:
    """Return a value as text: arrays to five digits, those of more than ``most`` entries cut in the middle."""
    if not isinstance(value, np.ndarray):
        return describe(value)
    with np.printoptions(precision=5, suppress=False, threshold=most, edgeitems=3, linewidth=100):
        return str(value)


def largest(value: PlainData) -> float:
    """Return the largest finite absolute value of an array, 0 for anything else."""
    numbers = np.abs(value.astype(float)) if isinstance(value, np.ndarray) else np.zeros(0)
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))


def heat_map(
    value: PlainData,
    wrong: np.ndarray | None = None,
    size: float = 0.0,
    title: str = "An array",
    missing: str = "nan",
    window: Window | None = None,
) -> str:
    """Return a small table with one colored cell per entry; wrong entries carry a frame and a mark, not color alone.

    ``wrong`` is the mask of the wrong entries; ``size`` is the entry that has the full color, the largest one if it is
    left out; ``title`` says to a screen reader what the table is; ``missing`` is written for NaN. Of a large array the
    table shows ``window``, by default the one of its wrong entries. What is no array of at most two axes comes as text.
    """
    if not isinstance(value, np.ndarray) or value.ndim > 2 or value.size == 0:
        return f'<pre style="margin:0">{escape(short(value))}</pre>'
    grid = np.atleast_2d(value)
    marks = np.zeros(grid.shape, bool) if wrong is None else np.atleast_2d(wrong)
    part = window or window_of(value.shape, marks)
    with np.errstate(all="ignore"):  # of a tiny size, whatever is far larger has the full color
        shares = part.of(grid.astype(float)) / (size or largest(value) or 1.0)
    inside = zip(part.rows, part.of(grid), shares, part.of(marks), strict=True)
    rows = "".join(
        f"<tr>{_index(i, 'row') if value.ndim == 2 else ''}"
        + "".join(_cell(x, share, bool(mark), missing) for x, share, mark in zip(*row, strict=True))
        + "</tr>"
        for i, *row in inside
    )
    corner = "<td></td>" if value.ndim == 2 else ""
    head = f"<tr>{corner}{''.join(_index(j, 'col') for j in part.columns)}</tr>" if value.ndim else ""
    label = f'aria-label="{escape(title)}, by row and column"'
    style = "color:inherit;border-collapse:separate;border-spacing:2px;margin:0"
    table = f'<table {label} style="{style}">{head}{rows}</table>'
    return table + _cut(part.words, part.unseen(marks))


def _index(k: int, scope: str) -> str:
    """Return the number of a row or a column, small and in the page's own ink, for eyes and for screen readers."""
    style = "font-weight:normal;font-size:80%;opacity:0.75;padding:0 4px;text-align:center"
    return f'<th scope="{scope}" style="{style}">{k}</th>'


def _cut(shown: str, unseen: str) -> str:
    """Say which part of an array its table shows, and how many wrong entries are elsewhere; "" for a whole array."""
    return f"<div>{shown} only{f'; {unseen}' if unseen else ''}</div>" if shown else ""


def _cell(x: Any, share: float, wrong: bool, missing: str) -> str:
    absent = missing != "nan" and bool(np.isnan(x))
    ground = "" if absent else (f"background:{_color(share)};" if np.isfinite(x) else "background:#000;color:#FFF;")
    # A thin frame makes a white cell a cell on a white page too; a wrong entry's is thick and takes the same room.
    frame = "border:3px dashed #CC79A7;padding:2px 6px" if wrong else f"border:1px solid {FRAME};padding:4px 8px"
    # + 0.0 makes a zero of either sign plain: "-0" would look like a mistake.
    number = str(x) if isinstance(x, np.bool_ | np.integer) else f"{x + 0.0:.4g}"
    text = (missing if absent else number) + (" ✗" if wrong else "")
    return f'<td style="{ground}{frame};text-align:right;font-family:monospace">{text}</td>'


def _color(share: float) -> str:
    """Return a color, sky blue below zero, none at zero, orange above.

    It lets the page's ground through, light or dark, so that the page's own ink can be read on it and nothing glares.
    """
    hue = "#56b4e9" if share < 0 else "#e69f00"
    return f"{hue}{round(255 * STRONGEST * min(abs(share), 1.0)):02x}"
