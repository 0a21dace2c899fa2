"""Figures with several columns of panels, once more for a phone: the parts one below the other.

A figure says where its parts lie (`gradschool.lessons.figures.panels`). Each part is the same SVG with another view
box; the style of the site shows one or the other.
"""

from __future__ import annotations

import base64
import re
from html import escape, unescape

from gradschool.lessons.figures.panels import Part

_FIGURE = re.compile(
    r'<img data-parts="(?P<parts>[\d. ;]+)" alt="(?P<alt>[^"]*)" class="lesson-figure" width="(?P<width>\d+)" '
    r'height="(?P<height>\d+)"[^>]*src="data:image/svg\+xml;base64,(?P<data>[A-Za-z0-9+/=]+)">'
)
_ROOT = re.compile(rb"<svg\b[^>]*>")
_SIZE = re.compile(rb'\s(?:width|height|viewBox)="[^"]*"')
_BOX = re.compile(rb'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"')


def with_stacked_parts(html: str) -> str:
    """Return the HTML of an output with its figure's parts, stacked, after the figure."""
    return _FIGURE.sub(_both, html)


def _both(found: re.Match[str]) -> str:
    parts = [Part(*map(float, part.split())) for part in found["parts"].split(";")]
    svg, size = base64.b64decode(found["data"]), (int(found["width"]), int(found["height"]))
    pictures = "".join(_picture(svg, part, size, _words(k, len(parts), found["alt"])) for k, part in enumerate(parts))
    return f'<div class="figure-in-one">{found[0]}</div><div class="figure-in-parts">{pictures}</div>'


def _words(k: int, count: int, alt: str) -> str:
    """Say which part this is; the first has the words of the whole figure."""
    return f"Part {k + 1} of {count} of one figure." + (f" {unescape(alt)}" if k == 0 else "")


def _picture(svg: bytes, part: Part, size: tuple[int, int], words: str) -> str:
    data, (width, height) = base64.b64encode(cut_out(svg, part)).decode(), size
    return (
        f'<img alt="{escape(words, quote=True)}" class="lesson-figure" width="{round(part.width * width)}" '
        f'height="{round(part.height * height)}" loading="lazy" src="data:image/svg+xml;base64,{data}">'
    )


def cut_out(svg: bytes, part: Part) -> bytes:
    """Return an SVG that shows one part of another."""
    root = _ROOT.search(svg)
    box = _BOX.search(root[0]) if root else None
    if root is None or box is None:
        raise ValueError("a figure's SVG begins with its size")
    width, height = float(box["width"]), float(box["height"])
    place = (part.x * width, part.y * height, part.width * width, part.height * height)
    seen = " ".join(f"{length:.2f}" for length in place)
    new = f' viewBox="{seen}" width="{place[2]:.2f}pt" height="{place[3]:.2f}pt">'.encode()
    return svg[: root.start()] + _SIZE.sub(b"", root[0])[:-1] + new + svg[root.end() :]
