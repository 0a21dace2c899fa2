"""JSON from a stranger: how many values a text holds is counted before any of them is built.

Three bytes of a file (``{},``) become some hundred bytes of memory, so a bound on bytes alone bounds little.
"""

from __future__ import annotations

import json
from typing import Any

MARKS = (b"[", b"{", b",")  # one of them stands before each value but the first


class TooManyValues(ValueError):
    """The error of a JSON text that would make more values than are taken."""


def is_within(text: bytes, most: int) -> bool:
    """Return whether a JSON text holds about ``most`` values at most: containers, and items of containers.

    Parameters
    ----------
    text
        The bytes of the text, which need not be JSON at all.
    most
        How many values are taken. Commas and brackets within strings are not counted.

    Returns
    -------
    bool
        True if the text can be parsed without building more values than that.

    Examples
    --------
    >>> is_within(b'{"a": [1, 2]}', 4), is_within(b'{"a": [1, 2]}', 2), is_within(b'",,,,,,,,"', 2)
    (True, False, True)
    """
    if _marks(text) <= most:
        return True
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * (most + 1):  # each value, the first too, has a string as its key and may be another
        return False
    return _marks(b"".join(plain.split(b'"')[::2])) <= most


def _marks(text: bytes) -> int:
    return sum(text.count(mark) for mark in MARKS)


def loads(text: bytes, most: int) -> Any:
    """Parse a JSON text of at most ``most`` values.

    Raises
    ------
    TooManyValues
        If there are more; then nothing was built.
    ValueError
        If it is not JSON.
    RecursionError
        If it is nested too deeply.
    """
    if not is_within(text, most):
        raise TooManyValues(f"more than {most} values")
    return json.loads(text)
