"""A file of a student's own, on this computer alone: one JSON object a line, appended in one write.

Two kernels may append at once, and a line that cannot be read is skipped. Nothing is read or written while grading.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gradschool.core.judge_messages import judge_address

MOST_BYTES = 1_000_000  # of the file's end that are read: some ten thousand lines


def append_line(file: Callable[[], Path], record: Mapping[str, Any]) -> bool:
    """Append a record as one line, in one write; return whether it is on the disk.

    Parameters
    ----------
    file
        Says which file; called here, since a computer without a home folder has none.
    record
        What :func:`json.dumps` can write.
    """
    if judge_address() is not None:
        return False
    try:
        to = file()
        to.parent.mkdir(parents=True, exist_ok=True)
        with open(to, "ab", buffering=0) as out:
            out.write((json.dumps(record) + "\n").encode())
    except (OSError, RuntimeError, ValueError):  # a full or read-only disk; no home at all; a path that is none
        return False
    return True


def read_lines(file: Callable[[], Path]) -> list[dict[str, Any]]:
    """Return the records of a file that can be read, in the file's order; none while grading."""
    if judge_address() is not None:
        return []
    try:
        with open(file(), "rb") as found:
            found.seek(0, os.SEEK_END)
            found.seek(max(0, found.tell() - MOST_BYTES))
            lines = found.read().split(b"\n")
    except (OSError, RuntimeError, ValueError):
        return []
    return [record for line in lines if (record := _record(line)) is not None]


def time_of(record: Mapping[str, Any]) -> float | None:
    """Return the time of a record, in seconds since 1970; None if it has none that can be."""
    at = record.get("at")
    is_time = isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < 1e11
    return float(at) if is_time else None  # type: ignore[arg-type]


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):  # half a line, another program's, or nothing at all
        return None
    return found if isinstance(found, dict) else None
