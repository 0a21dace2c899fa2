"""Formulas in nbgrader's pages (the formgrader's submission page, feedback) as MathML: no script, no network.

A student's text may stand in a formula, and the converter escapes nothing. So what it makes is read as XML and built
anew from elements, attributes and values that only draw; a formula with anything else in it stays as its source.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from grader.nbgrader_bridge.mathml import mathml

JUPYTER = Path(__file__).parent / "templates"  # its templates come before nbconvert's, which ask a CDN for MathJax
MOST_LATEX, MOST_OF_CELL = 2_000, 20_000  # characters of one formula, and of all in a cell: 20,000 take a second
_ELEMENTS = (
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts "
    "mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose"
)
_ATTRIBUTES = (
    "display displaystyle scriptlevel mathvariant mathsize mathcolor stretchy fence form separator accent accentunder "
    "movablelimits largeop lspace rspace minsize maxsize width height depth linethickness notation linebreak "
    "columnalign columnlines columnspacing rowlines rowspacing"
)
ELEMENTS, ATTRIBUTES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
# Words and short numbers: no address, no style, and no length that would carry a formula over the rest of the page.
VALUE = re.compile(r"[A-Za-z-]{0,20}|#[0-9A-Fa-f]{3,8}|[-+]?\d{0,2}(\.\d{0,6})?[a-z%]{0,3}")
NO_WIDTH = "\u200b"  # what keeps a student's tags and links from beginning (see overwrite_cells)


def formula(latex: str, *, block: bool) -> str:
    """Return a formula as MathML, or its source, escaped, if it is too long, not understood, or more than a formula."""
    try:
        return _drawn(latex.replace(NO_WIDTH, ""), block)
    except Exception:  # the converter's errors are of many kinds, and a page must come whatever a student wrote
        return _source(latex, block)


def _source(latex: str, block: bool) -> str:
    return f"$${escape(latex)}$$" if block else f"${escape(latex)}$"


@lru_cache(4096)
def _drawn(latex: str, block: bool) -> str:
    if len(latex) > MOST_LATEX:
        raise ValueError("too long")
    made = ElementTree.fromstring(mathml(latex, block=block))
    return ElementTree.tostring(_harmless(made), encoding="unicode", short_empty_elements=False)


def _harmless(part: Element) -> Element:
    """Build an element anew; raise ValueError if it, an attribute or a value is not known to do nothing but draw."""
    name = part.tag.rpartition("}")[2]
    if name not in ELEMENTS:
        raise ValueError(f"<{name}>")
    for key, value in part.attrib.items():
        if key not in ATTRIBUTES or not all(map(VALUE.fullmatch, value.split(" "))):
            raise ValueError(f"{key}={value!r}")
    made = Element(name, dict(part.attrib))
    made.text, made.tail = part.text, part.tail
    made.extend(_harmless(inner) for inner in part)
    return made


class Renderer(IPythonRenderer):
    """nbconvert's renderer of Markdown, with formulas as MathML."""

    room = MOST_OF_CELL

    def _formula(self, latex: str, *, block: bool) -> str:
        self.room -= len(latex)
        return formula(latex, block=block) if self.room >= 0 else _source(latex, block)

    def block_math(self, body: str) -> str:
        """Return a formula on a line of its own."""
        return self._formula(body, block=True)

    def inline_math(self, body: str) -> str:
        """Return a formula in a sentence."""
        return self._formula(body, block=False)

    def latex_environment(self, name: str, body: str) -> str:
        """Return a LaTeX environment."""
        return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True)


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """Render a cell's Markdown as nbconvert's filter of this name does, with formulas as MathML."""
    attachments = context.get("cell", {}).get("attachments", {})
    return MarkdownWithMath(renderer=Renderer(escape=False, attachments=attachments)).render(source)


def offline_pages() -> None:
    """Let nbgrader's pages use our ``mathjax.html.j2``, which fetches nothing.

    The formgrader sets its exporter's template folders itself, after any configuration; Jupyter's path is left to us.
    """
    known = [p for p in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if p]
    if str(JUPYTER) not in known:
        os.environ["JUPYTER_PATH"] = os.pathsep.join([str(JUPYTER), *known])
