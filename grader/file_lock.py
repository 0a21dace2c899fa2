"""A lock on a file that ends with its process, on every system: flock where there is one, Windows' own elsewhere."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import IO

FAR = 2**30  # Windows locks bytes: one far behind the text, so that others can read who holds the lock


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def try_lock(file: IO[str]) -> bool:
    """Lock an open file for this process alone; return False if another one holds it.

    The lock ends when the file is closed. Where a system has neither kind of lock, everybody gets it.
    """
    fcntl = _module("fcntl")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    msvcrt = _module("msvcrt")
    if msvcrt is None:
        return True
    at = file.tell()
    file.seek(FAR)
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        file.seek(at)
    return True
