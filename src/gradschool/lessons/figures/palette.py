"""One visual language for every figure: what each colour means, and a style that reads on a light and a dark page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler

# Okabe and Ito's colours: told apart by people who see red and green alike.
TAKEN = "#D55E00"  # the taken action, the path a gradient does flow along
BLOCKED = "#56B4E9"  # an edge that no gradient may cross
LEAK = "#CC79A7"  # a gradient where none may be
RIGHT = "#0072B2"  # the reference, what should be
OTHER = "#009E73"  # a second series
THIRD = "#E69F00"  # a third series
INK = "#808080"  # text, axes and whatever carries no meaning of its own: readable on white and on black
SEQUENCE = (RIGHT, TAKEN, OTHER, THIRD, LEAK, BLOCKED)
# Beside colour, so that series are told apart by everybody, and one that lies on another is still seen.
LINES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (2, 2)), (0, (8, 3)))

STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.figsize": (7.0, 3.6),  # the width of a lesson's text
    "figure.dpi": 110,
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=SEQUENCE),
}


@contextmanager
def lesson_style() -> Iterator[None]:
    """Draw with the course's style inside this block, and leave the reader's own settings alone."""
    with mpl.rc_context(STYLE):
        yield
