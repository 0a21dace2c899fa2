"""A student's text as HTML: everything escaped, formulas drawn, its size bounded, nothing hidden in it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from grader.nbgrader_bridge.formulas import NO_WIDTH, formula

MOST_LINES, MOST_CHARACTERS = 300, 12_000  # of one answer on a page; the whole is one link away
MOST_BLANK = 2  # empty lines in a row
MOST_LATEX = 4_000  # characters of an answer's formulas together: a fifth of a second, and a class has many answers
# What is more than text: code between backticks, and formulas as Jupyter knows them (no space inside the dollars).
SPECIAL = re.compile(
    r"`(?P<code>[^`\n]{1,500})`"
    r"|\$\$(?P<block>[^$]{1,2000})\$\$"
    r"|\$(?=\S)(?P<inline>[^$\n]{1,500})(?<=\S)\$(?!\d)"
)
LAYOUT = {"Cc", "Cf"}  # control and format characters: some turn the line round, some cannot be seen


def bounded(text: str) -> tuple[str, bool]:
    """Return as much of a text as a page shows, and whether that is less than all; few empty lines stay in a row."""
    lines, blank, shortened = [], 0, False
    for line in text.strip("\n").split("\n"):
        blank = 0 if line.strip() else blank + 1
        if blank > MOST_BLANK:
            shortened = True
            continue
        lines.append(line.rstrip())
        if len(lines) == MOST_LINES:
            shortened = True
            break
    kept = "\n".join(lines)
    return kept[:MOST_CHARACTERS], shortened or len(kept) > MOST_CHARACTERS


def visible(text: str) -> str:
    r"""Return a text with its control characters in words: nothing in it turns a line round or passes unseen.

    >>> visible("a\u202eb")
    'a[U+202E]b'
    """
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in LAYOUT else _named(c) for c in text)


def _named(character: str) -> str:
    return "" if character in (NO_WIDTH, "\r") else f"[U+{ord(character):04X}]"


@lru_cache(maxsize=2048)
def as_html(text: str) -> Markup:
    """Return a written answer as HTML: text, with formulas drawn and what stands between backticks as code."""
    parts, at, room = [], 0, MOST_LATEX
    plain = visible(text)
    for found in SPECIAL.finditer(plain):
        latex = found["block"] or found["inline"] or ""
        room -= len(latex)
        if room < 0:
            break
        parts.append(escape(plain[at : found.start()]))
        if latex:
            parts.append(Markup(formula(latex, block=found["block"] is not None)))  # elements that do nothing but draw
        else:
            parts.append(Markup("<code>{}</code>").format(found["code"]))
        at = found.end()
    return Markup("").join([*parts, escape(plain[at:])])
