"""Where the columns of a figure's panels lie, so that a narrow page can show one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.figure import Figure

MARGIN = 0.004  # of the figure's width, around each part
WIDEST = 4.3  # inches of columns that stay side by side: about as wide as a phone, and its letters can be read


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
    """Return the columns of a figure from left to right, and its legend; [] if all of it fits a narrow page as it is.

    Small columns, such as the pictures of an episode, stay side by side. What belongs to the whole figure, such as a
    legend outside of the panels, is a part of its own if it lies above or below all panels; else it belongs to the
    nearest column.
    """
    figure.draw_without_rendering()
    columns = _merged(_panels(figure))
    if len(columns) < 2:
        return []
    above, below = min(c.top for c in columns), max(c.bottom for c in columns)
    tops, bottoms = [], []
    for box in _boxes(figure, [*figure.legends, *figure.texts]):
        if box.bottom <= above + MARGIN:
            tops.append(box)
        elif box.top >= below - MARGIN:
            bottoms.append(box)
        else:
            near = min(range(len(columns)), key=lambda k: _distance(columns[k], box))
            columns[near] = columns[near].with_(box)
    together = _side_by_side(columns, WIDEST / figure.get_figwidth())
    return [_part(box) for box in (*tops, *together, *bottoms)] if len(together) > 1 else []


def _panels(figure: Figure) -> list[_Box]:
    """Return a box for each panel, its color bars included."""
    bars = {axes: [m.colorbar.ax for m in (*axes.images, *axes.collections) if m.colorbar] for axes in figure.axes}
    found = [_boxes(figure, [axes, *own]) for axes, own in bars.items() if not any(axes in b for b in bars.values())]
    return [reduce(_Box.with_, boxes) for boxes in found if boxes]


def _boxes(figure: Figure, artists: Sequence[Artist]) -> list[_Box]:
    return [box for artist in artists if (box := _box(figure, artist)) is not None]


def _side_by_side(columns: list[_Box], widest: float) -> list[_Box]:
    """Return the columns, small ones joined with their neighbors up to a width."""
    joined: list[_Box] = []
    for box in columns:
        if joined and box.right - joined[-1].left <= widest:
            joined[-1] = joined[-1].with_(box)
        else:
            joined.append(box)
    return joined


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
