"""Where the columns of a figure's panels lie, so that a narrow page can show one below the other."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.figure import Figure

MARGIN = 0.004  # of the figure's width, around each part


class Part(NamedTuple):
    """A rectangle of a figure, as shares of its width and height, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def __str__(self) -> str:
        return " ".join(f"{share:.4f}" for share in self)


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def with_(self, other: _Box) -> _Box:
        return _Box(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))


def parts(figure: Figure) -> list[Part]:
    """Return the columns of a figure from left to right, and below them its legend; [] if there is one column.

    What belongs to the whole figure, such as a legend outside of the panels, is a part of its own if it lies above or
    below all panels, else it belongs to the nearest column.
    """
    figure.draw_without_rendering()
    columns = _merged([box for axes in figure.axes if (box := _box(figure, axes)) is not None])
    if len(columns) < 2:
        return []
    above, below = min(c.top for c in columns), max(c.bottom for c in columns)
    whole: list[Artist] = [*figure.legends, *figure.texts]
    strips = []
    for box in (found for artist in whole if (found := _box(figure, artist)) is not None):
        if box.bottom <= above + MARGIN or box.top >= below - MARGIN:
            strips.append(box)
        else:
            near = min(range(len(columns)), key=lambda k: _distance(columns[k], box))
            columns[near] = columns[near].with_(box)
    tops = [box for box in strips if box.bottom <= above + MARGIN]
    return [_part(box) for box in (*tops, *columns, *(box for box in strips if box not in tops))]


def _box(figure: Figure, artist: Artist) -> _Box | None:
    """Return the box around an artist and its labels, None for one that shows nothing."""
    found = artist.get_tightbbox() if artist.get_visible() else None
    if found is None or not found.width or not found.height:
        return None
    (left, low), (right, high) = figure.transFigure.inverted().transform(found.get_points())
    return _Box(left, 1 - high, right, 1 - low)


def _merged(boxes: list[_Box]) -> list[_Box]:
    """Return one box for each group of boxes that overlap from left to right."""
    columns: list[_Box] = []
    for box in sorted(boxes):
        if columns and box.left < columns[-1].right - MARGIN:
            columns[-1] = columns[-1].with_(box)
        else:
            columns.append(box)
    return columns


def _distance(one: _Box, other: _Box) -> float:
    return max(one.left - other.right, other.left - one.right, 0.0)


def _part(box: _Box) -> Part:
    """Return a box with a margin, within the figure."""
    left, top = max(0.0, box.left - MARGIN), max(0.0, box.top - MARGIN)
    return Part(left, top, min(1.0, box.right + MARGIN) - left, min(1.0, box.bottom + MARGIN) - top)
