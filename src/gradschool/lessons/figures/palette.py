"""One visual language for every figure: what each color means, and a style that reads on a light and a dark page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler

# Okabe and Ito's colors: told apart by people who see red and green alike.
TAKEN = "#D55E00"  # the taken action, the path a gradient does flow along
BLOCKED = "#56B4E9"  # an edge that no gradient may cross
LEAK = "#CC79A7"  # a gradient where none may be
RIGHT = "#0072B2"  # the reference, what should be
OTHER = "#009E73"  # a second series
THIRD = "#E69F00"  # a third series
INK = "#808080"  # text, axes and whatever carries no meaning of its own: readable on white and on black
GROUND = "#FEFEFE"  # what is behind a figure, and what covers a line below a mark; no figure uses it for anything else
PRINT = "#202022"  # what stands on that ground inside a figure
# The same roles on white and on near-black: every one has a contrast of at least 4.5 to the ground of its scheme.
SCHEMES: dict[str, dict[str, str]] = {
    "light": {
        TAKEN: "#C44B00", BLOCKED: "#1A7DB4", LEAK: "#B03A8C", RIGHT: "#003F78",
        OTHER: "#008A5E", THIRD: "#B88600", INK: "#3C3C3C", GROUND: "#FFFFFF", PRINT: "#202022",
    },
    "dark": {
        TAKEN: "#FF8A3D", BLOCKED: "#9BDCFF", LEAK: "#E39CC6", RIGHT: "#4A9BEA",
        OTHER: "#2FBF90", THIRD: "#F5CB55", INK: "#D2D2D2", GROUND: "#131416", PRINT: "#ECECEC",
    },
}  # fmt: skip
SEQUENCE = (RIGHT, TAKEN, OTHER, THIRD, LEAK, BLOCKED)
# Beside color, so that series are told apart by everybody, and one that lies on another is still seen.
LINES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (2, 2)), (0, (8, 3)))

STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.figsize": (7.0, 3.6),  # the width of a lesson's text
    "figure.dpi": 110,
    "font.size": 10,
    "image.interpolation": "nearest",  # a cell of a heat map is one entry, and no mixture of its neighbors
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
