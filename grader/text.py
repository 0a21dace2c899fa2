"""What students and an LMS's files say, made into plain text of bounded length where it enters.

Escaping is left to where the text is shown: HTML, Markdown, a terminal and a CSV each have rules of their own.
"""

from __future__ import annotations

import re

MOST_NOTE = 500  # characters of a note for the instructor
MOST_HINT = 3_000  # of what a student is told of one exercise; the longest of ours has a fifth of it
MOST_REASON = 1_000  # of why a submission could not be graded
MOST_NAME = 120  # of a person's name
# Control characters (a terminal obeys them), halves of characters (no file holds them), and what turns the direction
# of writing round, so that a line reads otherwise than it is.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufeff]")


def plain(text: object, most: int) -> str:
    """Return text without control characters, cut to ``most`` characters with a sign where something is left out."""
    found = str(text)[: most + 1]  # before anything looks at it: there may be megabytes
    found = UNPRINTABLE.sub("\ufffd", found.replace("\r\n", "\n"))
    return found if len(found) <= most else found[: most - 1].rstrip() + "…"
