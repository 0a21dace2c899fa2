"""Student ids that are fit for a folder's name on any system, made from whatever an LMS has; and back again.

What is not a letter, a digit or one of ``_ . @ + -`` is written as its bytes, ``=27`` for an apostrophe, as in
quoted-printable mail. So are a full stop at the end and a letter of the names that Windows keeps for devices. An id
never begins with ``=``, which a spreadsheet would take for a formula: ``_`` stands before it.
"""

from __future__ import annotations

import re
import unicodedata

from grader.course import STUDENT_ID

MOST_LETTERS = 100  # of a student id, which is a folder's name
UNSAFE = re.compile(r"[^\w.@+-]|^[^\w]|\.$|^_(?=[^\w.@+-]|\.$)")
DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")


def safe_id(text: str) -> str:
    r"""Return an id as a folder's name; two different ids never have the same one.

    >>> safe_id("marie.curie@uni.example"), safe_id("siobhan.o'connor"), safe_id("UNI\\soconnor")
    ('marie.curie@uni.example', 'siobhan.o=27connor', 'UNI=5Csoconnor')
    """
    text = unicodedata.normalize("NFC", text.strip())
    if DEVICE.match(text):
        text = text[:2] + _escaped(text[2]) + UNSAFE.sub(lambda found: _escaped(found[0]), text[3:])
    else:
        text = UNSAFE.sub(lambda found: _escaped(found[0]), text)
    return "_" + text if text.startswith("=") else text


def original_id(safe: str) -> str:
    """Return the id that :func:`safe_id` made a folder's name of."""
    text = safe[1:] if safe.startswith("_=") else safe
    return ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("=", "")).decode("utf-8", "replace"), text)


def is_safe(student: str) -> bool:
    """Return whether this can be a student's folder."""
    return bool(STUDENT_ID.fullmatch(student)) and len(student) <= MOST_LETTERS


def spelling_key(student: str) -> str:
    """Return what two ids share that some systems' folders cannot tell apart."""
    return unicodedata.normalize("NFKC", student).casefold()


def _escaped(text: str) -> str:
    return "".join(f"={byte:02X}" for byte in text.encode("utf-8", "replace"))
