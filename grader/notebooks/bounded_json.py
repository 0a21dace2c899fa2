"""JSON that a student handed in, as plain data: the encoding found, and its size bounded before anything is built.

A file of 24 MB of ``{}`` becomes gigabytes of Python objects. So the text is scanned first, token by token, and what
holds too much is refused while it is still one string.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

from grader.errors import SubmissionError

MOST_CONTAINERS = 200_000  # lists and mappings
MOST_ITEMS = 500_000  # what stands in them, nearly: commas
MOST_TEXTS = 2 * MOST_ITEMS  # keys and values
MOST_DEPTH = 100
# A text as a whole, which may hold anything, or a sign of structure. Possessive: no text is looked at twice.
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{},]', re.DOTALL)
TEXT = re.compile(TOKEN.pattern.partition("|")[0], re.DOTALL)
BRACKET = re.compile(r"[][{}]")
DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}
FEW = 50_000  # quotes in a text that is quickly looked at as a whole
TOO_MUCH = "it holds more than {} {}: ask for it again without its outputs"


def load_json(content: bytes) -> Any:
    """Return what a file of JSON holds.

    Raises
    ------
    SubmissionError
        Why it is refused, as a part of a sentence, if it holds too much or is nested too deeply.
    ValueError
        If it is not JSON.
    """
    text = decode(content)
    if not _is_small(text):
        _require_bounded(text)
    return json.loads(text)


def decode(content: bytes) -> str:
    """Return a file's text: UTF-8, 16 or 32, with a byte order mark or without, else Windows's Western encoding."""
    encoding = json.detect_encoding(content)
    for errors in ("strict", "surrogatepass"):
        try:
            return content.decode(encoding, errors)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", "replace")


def _is_small(text: str) -> bool:
    """Return whether a text is within all bounds for sure: as :func:`_require_bounded`, in a third of the time."""
    if text.count('"') > FEW:
        return False
    parts = TEXT.split(text)
    signs = "".join(parts)
    if sum(map(signs.count, DEEPER)) > MOST_CONTAINERS or signs.count(",") > MOST_ITEMS or len(parts) > MOST_TEXTS:
        return False
    return max(accumulate(DEEPER[sign] for sign in BRACKET.findall(signs)), default=0) <= MOST_DEPTH


def _require_bounded(text: str) -> None:
    containers = items = texts = depth = 0
    for token in TOKEN.finditer(text):
        sign = text[token.start()]
        if sign == '"':
            texts += 1
        elif sign == ",":
            items += 1
        elif sign in "]}":
            depth -= 1
        else:
            containers, depth = containers + 1, depth + 1
        if containers > MOST_CONTAINERS:
            raise SubmissionError(TOO_MUCH.format(f"{MOST_CONTAINERS:,}", "lists and mappings"))
        if items > MOST_ITEMS or texts > MOST_TEXTS:
            raise SubmissionError(TOO_MUCH.format(f"{MOST_ITEMS:,}", "values"))
        if depth > MOST_DEPTH:
            raise SubmissionError(f"it is nested more than {MOST_DEPTH} deep")
