"""Rendering that ends: each piece of a page has CPU seconds of its own, and the page is made in a limited process.

Parsers of Markdown, of code and of formulas take quadratic or cubic time on texts that a student may write without any
bad intention (sixty thousand empty lines). A piece that takes too long is shown as it was written; where even the
process ends, the caller makes a plain page.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PIECE, PAGE = 1.0, 10.0  # CPU seconds of one piece, and of all pieces of a page
PROCESS = 30.0  # CPU seconds of the process that makes a page: for what the others do not interrupt
MEMORY = 2**30  # bytes that it may take beyond what it begins with
MOST_PAGE = 200 * 2**20  # bytes of a page


class TooLong(BaseException):
    """A piece has used up its time. No parser that goes on after any Exception shall go on after this."""


class Budget:
    """The CPU time that the pieces of one page may still use."""

    def __init__(self, piece: float = PIECE, page: float = PAGE) -> None:
        self.piece, self.left = piece, page

    def run(self, render: Callable[[], str]) -> str | None:
        """Return what a piece renders to; None if it takes too long, or its parser fails."""
        if self.left <= 0:
            return None
        started, most, least = time.process_time(), min(self.piece, self.left), 0.0
        try:
            with _interrupted_after(most):
                return render()
        except TooLong:
            least = most  # all of it is used: the timer's clock runs by ticks, ahead of the other
            return None
        except Exception:  # RecursionError, MemoryError and whatever else a text may bring about
            return None
        finally:
            self.left -= max(time.process_time() - started, least)


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TooLong inside after so many CPU seconds, and again until it gets through."""
    if not hasattr(signal, "setitimer"):  # Windows: the pieces' time is not limited there
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def in_process(render: Callable[[], str], seconds: float = PROCESS, memory: int = MEMORY) -> str | None:
    """Return what ``render`` makes in a forked, limited process; None if it does not end well within the limits."""
    if not hasattr(os, "fork"):
        return render()
    from grader.children import Child, Limits  # they know limits that only Unix has

    def send(connection: socket.socket) -> None:
        connection.sendall(render().encode("utf-8", "replace"))

    limits = Limits(seconds, memory)
    with Child(send, limits, tempfile.gettempdir()) as child:
        made = _receive(child.connection, limits.patience)
        ended_well = made is not None and child.end(grace=5.0) == ""
    return made.decode("utf-8", "replace") if made is not None and ended_well else None


def _receive(connection: socket.socket, seconds: float) -> bytes | None:
    """Return all that comes before the other end is closed; None if that takes too long or is too much."""
    parts: list[bytes] = []
    until, size = time.monotonic() + seconds, 0
    while size <= MOST_PAGE:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        try:
            part = connection.recv(2**20)
        except OSError:
            return None
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return None
