"""Private folders that hold sockets: the system wants their paths short."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from grader.errors import GraderError

MOST_SOCKET_PATH = 107  # bytes, on Linux: unix(7)
ROOM = 40  # of them for a folder's own name and a socket's within it


def socket_folder(prefix: str) -> tempfile.TemporaryDirectory[str]:
    """Make a folder of this process's own, where the system puts such folders, or in /tmp if that is too long a path.

    Raises GraderError if neither will do.
    """
    usual = tempfile.gettempdir()
    for place in (usual, "/tmp"):
        if len(os.fsencode(place)) + ROOM <= MOST_SOCKET_PATH and os.access(place, os.W_OK) and Path(place).is_dir():
            return tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True)
    raise GraderError(
        f"Sockets need a short path, and {usual} is too long: set TMPDIR to one of at most 60 characters."
    )
