"""The pieces of a page as HTML: Markdown, code, and what cells showed. Whatever a student wrote, each comes to an end.

A text is cut and squeezed before it meets a parser, and its parser has a budget of CPU seconds; when that is used up,
the text is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Any

from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.nbgrader_bridge.bounded import Budget
from grader.nbgrader_bridge.formulas import Renderer
from grader.text import plain

MOST_TEXT = 40_000  # characters of one piece
MOST_LINE = 4_000  # of a line of code or of what was printed; a paragraph is one line in Markdown, and may be longer
MOST_EMPTY, MOST_BLANKS = 20, 200  # lines in a row without anything in them, blanks in a row
EMPTY_LINES = re.compile(rf"^(?:[ \t]*\n){{{MOST_EMPTY + 1},}}", re.MULTILINE)
BLANKS = re.compile(rf"[ \t]{{{MOST_BLANKS + 1},}}")
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*=*\s*")
PICTURES = ("image/png", "image/jpeg")
MOST_WORDS = 3_000  # characters of what a picture shows in words
NAMELESS = "a picture that this cell drew"


@dataclass
class Pieces:
    """Makes the pieces of one page, within one budget; below a piece stands what was left out of it."""

    budget: Budget = field(default_factory=Budget)

    def markdown(self, source: str, *, escape_html: bool = False) -> str:
        """Return Markdown as HTML, with formulas as MathML; ``escape_html`` if no tag in it may work."""
        return self.piece(source, lambda text: _markdown(text, escape_html), MOST_TEXT)

    def code(self, source: str) -> str:
        """Return Python as HTML, highlighted by classes."""
        return self.piece(source, _code)

    def terminal(self, text: str) -> str:
        """Return what a program printed as HTML, its colors kept."""
        return self.piece(text, lambda text: f"<pre>{ansi2html(text)}</pre>")

    def outputs(self, cell: NotebookNode) -> str:
        """Return everything that a code cell showed."""
        return "".join(f'<div class="output">{self._output(o)}</div>' for o in cell.get("outputs", []))

    def piece(self, text: str, render: Callable[[str], str], most_line: int = MOST_LINE) -> str:
        """Return what a text renders to, or the text itself where that takes too long, and what was left out of it."""
        short, note = squeezed(text, most_line)
        made = self.budget.run(lambda: render(short))
        if made is None:
            made, note = f"<pre>{escape(short)}</pre>", "Shown as it was written: it takes too long to lay out. " + note
        return made + (f'<p class="note">{escape(note.strip())}</p>' if note else "")

    def _output(self, output: NotebookNode) -> str:
        if output.output_type == "stream":
            return self.terminal(_text(output.get("text", "")))
        if output.output_type == "error":
            return self.terminal("\n".join(map(_text, output.get("traceback", []))))
        data = output.get("data", {})
        if (
            "text/html" in data
        ):  # the judge's card: a student's cell can show no HTML (grader/execution/output_limits.py)
            return _text(data["text/html"])
        for kind in PICTURES:
            if kind in data and BASE64.fullmatch(_text(data[kind])):
                return _picture(kind, _text(data[kind]), _text(data.get("text/plain", "")))
        return self.terminal(_text(data.get("text/plain", "")))


def picture_words(said: object) -> str:
    """Return what a picture shows in words, from the text that stands for it; "" where that is only a type's name."""
    text = _text(said)
    return "" if text.startswith("<") else plain(text, MOST_WORDS)


def _picture(kind: str, data: str, said: str) -> str:
    """Return a picture with its words: for a screen reader, and folded below it."""
    words = escape(picture_words(said))
    shown = f'<img src="data:{kind};base64,{"".join(data.split())}" alt="{words or NAMELESS}">'
    return shown + (f"<details><summary>The figure in words</summary>{words}</details>" if words else "")


def squeezed(text: str, most_line: int = MOST_LINE) -> tuple[str, str]:
    """Return a text without what no reader needs and parsers choke on, and a sentence on what was left out."""
    short = text[:MOST_TEXT]
    left_out = [f"{len(text) - len(short):,} characters"] if len(text) > len(short) else []
    blanks, short = len(short), BLANKS.sub(" " * MOST_BLANKS, short)
    if fewer := blanks - len(short):
        left_out.append(f"{fewer:,} blanks in a row")
    lines, short = short.count("\n"), EMPTY_LINES.sub("\n" * MOST_EMPTY, short)
    if fewer := lines - short.count("\n"):
        left_out.append(f"{fewer:,} empty lines")
    if any(len(line) > most_line for line in short.splitlines()):
        left_out.append(f"what stands beyond {most_line:,} characters of a line")
        short = "\n".join(line[:most_line] for line in short.splitlines())
    return short, f"Left out of this page: {', '.join(left_out)}." if left_out else ""


def warm(cells: Iterable[NotebookNode]) -> None:
    """Lay out the instructor's own cells once: the processes that make a class's pages are forked with them."""
    for cell in cells:
        short, _ = squeezed(cell.source, MOST_TEXT if cell.cell_type == "markdown" else MOST_LINE)
        _code(short) if cell.cell_type == "code" else _markdown(short, False)


@lru_cache(1024)
def _markdown(text: str, escape_html: bool) -> str:
    renderer = Renderer(escape=escape_html, allow_harmful_protocols=False, exclude_anchor_links=True)
    return f'<div class="prose">{MarkdownWithMath(renderer=renderer).render(text)}</div>'


@lru_cache(1024)
def _code(text: str) -> str:
    made: Any = highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True, classprefix="c-"))
    return f"<pre><code>{made}</code></pre>"


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
