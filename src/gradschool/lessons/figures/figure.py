"""A figure that can also be read aloud: a matplotlib Figure that carries its text twin into the notebook."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any, Self

from matplotlib.figure import Figure

SCREEN_SCALE = 2  # pixels drawn for each pixel shown, so that lines stay sharp on a fine screen


class LessonFigure(Figure):
    """A matplotlib figure with ``alt``, what it shows in words.

    As the last line of a notebook cell it shows itself as a transparent PNG, with the words as its alternative text
    and, for everybody, folded below it.
    """

    alt: str = ""

    def described(self, words: str) -> Self:
        """Set what the figure shows in words, and return the figure."""
        self.alt = words
        return self

    def png(self) -> bytes:
        """Return the figure as a PNG with a transparent background."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_SCALE * self.dpi, facecolor="none")
        return buffer.getvalue()

    def put(self, instead_of: Handles | None = None) -> Handles:
        """Show the figure and its words, or put them in the place of what an earlier call has shown."""
        from IPython.display import HTML, display

        png, width = self.png(), round(self.get_figwidth() * self.dpi)
        picture = {"text/html": picture_html(png, self.alt, width), "image/png": png, "text/plain": self.alt}
        metadata = {"image/png": {"alt": self.alt, "width": width}, "alt": self.alt}
        words = HTML(f"<details><summary>The figure in words</summary>{escape(self.alt)}</details>")
        if instead_of is None:
            return display(picture, metadata=metadata, raw=True, display_id=True), display(words, display_id=True)
        instead_of[0].update(picture, metadata=metadata, raw=True)
        instead_of[1].update(words)
        return instead_of

    def _ipython_display_(self) -> None:
        self.put()


def new_panels(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[LessonFigure, Any]:
    """Make a figure that pyplot does not know of, so that a notebook shows it once, and its axes.

    ``size`` is (width, height) in inches; ``options`` are those of matplotlib's ``Figure.subplots``.
    """
    fig = LessonFigure(figsize=size, layout="constrained")
    return fig, fig.subplots(rows, columns, **options)


def picture_html(png: bytes, alt: str, width: int) -> str:
    """Make an element of a PNG with its words: JupyterLab shows an image/png without any alternative text."""
    data, words = base64.b64encode(png).decode(), escape(alt, quote=True)
    return f'<img alt="{words}" width="{width}" style="max-width:100%;height:auto" src="data:image/png;base64,{data}">'


Handles = tuple[Any, Any]  # IPython's display handles of the picture and of its words
