"""A figure as one SVG with two sets of colors: the page that shows it decides between light and dark."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from gradschool.lessons.figures.palette import GROUND, SCHEMES

SCREEN_SCALE = 2  # pixels drawn for each pixel shown, so that lines stay sharp on a fine screen
_DARK = (
    'body[data-jp-theme-light="false"]',  # JupyterLab
    'body[data-theme="dark"]',  # the site
    'body[data-vscode-theme-kind="vscode-dark"]',
)
_LIGHT = ('body[data-jp-theme-light="true"]', 'body[data-theme="light"]', 'body[data-vscode-theme-kind="vscode-light"]')
ON_WHITE = "filter:invert(.93) hue-rotate(180deg)"
"""Turns a picture that is drawn on white dark, and keeps its hues."""
SCHEME_OF_PAGE = f"{','.join(f'{page} .drawn-on-white' for page in _DARK)}{{{ON_WHITE}}}" + "".join(
    f"{','.join(f'{page} .lesson-figure' for page in pages)}{{color-scheme:{scheme}}}"
    for scheme, pages in (("dark", _DARK), ("light", _LIGHT))
)
"""A style that hands the scheme of a page to the figures and films on it."""

_NAMES = {color.lower(): f"c{k}" for k, color in enumerate(SCHEMES["light"])}
_PATHS = re.compile(r' d="[^"]*"')
_LONG_NUMBERS = re.compile(r"(\d\.\d\d)\d+")
_COMMENTS = re.compile(r"<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>", re.DOTALL)
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def themed_svg(figure: Figure, *, on_white: bool = False) -> bytes:
    """Return a figure as an SVG whose roles of color (`palette`) are CSS variables with a light and a dark value.

    Letters are shapes, so that no reader's fonts move them. The ground is drawn: a figure in the scheme of the
    reader's system on a page of the other scheme can still be read. ``on_white`` says that pictures inside it are drawn
    on white: the dark scheme inverts them.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "gradschool"}):
        figure.savefig(buffer, format="svg", dpi=SCREEN_SCALE * figure.dpi, facecolor=GROUND, metadata=_NO_METADATA)
    drawn = _PATHS.sub(lambda path: _LONG_NUMBERS.sub(r"\1", path[0]), _COMMENTS.sub("", buffer.getvalue()))
    for color, name in _NAMES.items():
        drawn = drawn.replace(color, f"var(--{name})")
    return drawn.replace("<defs>", f"<style>{_variables()}{_INVERTED if on_white else ''}</style><defs>", 1).encode()


_INVERTED = f"@media (prefers-color-scheme:dark){{image{{{ON_WHITE}}}}}"


def _variables() -> str:
    light, dark = (
        "".join(f"--{_NAMES[role.lower()]}:{color};" for role, color in SCHEMES[scheme].items())
        for scheme in ("light", "dark")
    )
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
