"""A figure that can also be read aloud: a matplotlib Figure that carries its text twin into the notebook."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Self

from matplotlib.figure import Figure

from gradschool.core.interactive import OWN_KEYS
from gradschool.core.judge_messages import judge_address
from gradschool.lessons.figures.panels import Part, parts
from gradschool.lessons.figures.themed_svg import SCHEME_OF_PAGE, SCREEN_SCALE, themed_svg


class LessonFigure(Figure):
    """A matplotlib figure with ``alt``, what it shows in words.

    As the last line of a notebook cell it shows itself as an SVG in the colors of a light or a dark page. The words are
    its alternative text and, for everybody, folded below it. Where only pixels may be shown, it is a PNG.
    """

    alt: str = ""
    on_white: bool = False  # pictures of others in it, such as Gymnasium's, are drawn on white

    def described(self, words: str) -> Self:
        """Set what the figure shows in words, and return the figure."""
        self.alt = words
        return self

    def png(self) -> bytes:
        """Return the figure as a PNG with a transparent background."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_SCALE * self.dpi, facecolor="none")
        return buffer.getvalue()

    def put(self, more: Mapping[str, Any] | None = None) -> None:
        """Show the figure and its words; ``more`` are further forms of it, by media type.

        While grading no HTML is kept: the words go with the picture, and whoever shows it unfolds them.
        """
        from IPython.display import HTML, display

        picture = {"text/html": self.html(), "image/png": self.png(), "text/plain": self.alt}
        metadata = {"image/png": {"alt": self.alt, "width": self._size[0]}, "alt": self.alt}
        display({**picture, **(more or {})}, metadata=metadata, raw=True)
        if judge_address() is None:
            display(HTML(f"<details><summary {OWN_KEYS}>The figure in words</summary>{escape(self.alt)}</details>"))

    def folded(self) -> str:
        """Return the picture and its words as HTML, folded: for a place where a live figure shows the same."""
        summary = f"<summary {OWN_KEYS}>The figure in words, and as a still picture</summary>"
        return f"<details>{summary}{self.html()}<p>{escape(self.alt)}</p></details>"

    def html(self) -> str:
        """Return the picture with its words as HTML."""
        svg = themed_svg(self, on_white=self.on_white)
        return picture_html(svg, self.alt, self._size, parts(self))

    @property
    def _size(self) -> tuple[int, int]:
        return round(self.get_figwidth() * self.dpi), round(self.get_figheight() * self.dpi)

    def _ipython_display_(self) -> None:
        self.put()


def new_panels(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[LessonFigure, Any]:
    """Make a figure that pyplot does not know of, so that a notebook shows it once, and its axes.

    ``size`` is (width, height) in inches; ``options`` are those of matplotlib's ``Figure.subplots``.
    """
    fig = LessonFigure(figsize=size, layout="constrained")
    return fig, fig.subplots(rows, columns, **options)


def picture_html(svg: bytes, alt: str, size: tuple[int, int], shown_in: Sequence[Part] = ()) -> str:
    """Make an element of an SVG with its words, of this width and height, in the scheme of the page that it is on.

    ``shown_in`` are the parts that a narrow page may show one below the other; the site does.
    As an image the SVG runs no script and loads nothing. It takes its color scheme from the element that shows it, or,
    where the style is taken away, as in a notebook that is not trusted, from the reader's system.
    """
    data, words, (width, height) = base64.b64encode(svg).decode(), escape(alt, quote=True), size
    narrow = f'data-parts="{";".join(map(str, shown_in))}" ' if shown_in else ""
    return (
        f'<style>{SCHEME_OF_PAGE}</style><img {narrow}alt="{words}" class="lesson-figure" '
        f'width="{width}" height="{height}" loading="lazy" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )
