"""A matrix as a heat map that reads on a light and on a dark page."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.palette import GROUND, PRINT

DIVERGING = "PuOr_r"  # orange above 0, purple below: told apart by everyone; white at 0, which a dark page inverts
STRONG = 0.65  # share of the largest size from which a cell is nearer to the print's color than to the ground's


def heat_map(ax: Axes, values: np.ndarray, limit: float, *, aspect: str = "auto") -> AxesImage:
    """Draw a matrix between -limit and limit, its 0 in the color of the page."""
    figure = ax.get_figure()
    assert isinstance(figure, LessonFigure)
    figure.on_white = True
    return ax.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect=aspect)  # type: ignore[arg-type]


def write_entries(ax: Axes, values: np.ndarray, limit: float, digits: int, *, zeros: bool = True) -> None:
    """Write each entry into its cell; ``zeros`` says whether exact zeros are written too."""
    for (i, j), value in np.ndenumerate(values):
        if value != 0 or zeros:
            ink = GROUND if abs(value) > STRONG * limit else PRINT
            ax.annotate(f"{value:.{digits}f}", (j, i), ha="center", va="center", size=7, color=ink)
