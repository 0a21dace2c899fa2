"""Times as nbgrader writes and reads them: in UTC, without a zone."""

from __future__ import annotations

from datetime import datetime

from dateutil import parser, tz

STAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


def stamp(time: datetime) -> str:
    """Write a time in UTC without a zone as nbgrader's timestamp.txt has it."""
    return time.strftime(STAMP)


def parse_utc(text: str) -> datetime:
    """Read a time as ``nbgrader.utils.parse_utc`` does, whose import would load the gradebook and kernels.

    A third word names the zone, or its offset in seconds. The result is in UTC, without a zone.
    """
    words = text.split(" ")
    if len(words) == 3:
        zone = int(words[2]) if _is_number(words[2]) else tz.gettz(words[2])
        found: datetime = parser.parse(" ".join([*words[:2], "TZ"]), tzinfos={"TZ": zone})
    else:
        found = parser.parse(text)
    offset = found.utcoffset()
    return found if offset is None else (found - offset).replace(tzinfo=None)


def _is_number(word: str) -> bool:
    try:
        int(word)
    except ValueError:
        return False
    return True
