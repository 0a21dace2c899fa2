"""A gate between the grader's ZeroMQ and a kernel's sockets: it connects once, follows no link, and bounds what comes.

The grader's client connects to sockets in a folder of the grader's own. For each there is one connection to the
kernel's socket of that name, made before any of a student's code runs; if it ends, it is not made again. Bytes to the
kernel pass as they are, bytes from it through a :class:`~grader.sandbox.zmtp.MessageFilter`. Of each channel no more
than a message and a piece are held: when the client does not read, the kernel is not read from either.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from grader.sandbox.zmtp import BrokenStream, MessageBounds, MessageFilter

PIECE = 2**18  # bytes read at once


def open_socket(pid: int | None, path: str) -> int:
    """Open the socket at ``path`` as the process ``pid`` sees it (None: this one), and return a descriptor of it.

    No link is followed, in no part of the path: resolved from here, it would lead to this machine's own files.

    Raises
    ------
    OSError
        If there is no such thing, or if it is no socket of the file system that its folder is on.
    """
    *folders, name = path.strip("/").split("/")
    place = os.open(f"/proc/{pid}/root" if pid else "/", os.O_PATH | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = inner
        found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=place)
        here, there = os.fstat(place), os.fstat(found)
        if stat.S_ISSOCK(there.st_mode) and here.st_dev == there.st_dev:
            return found
        os.close(found)
        raise FileNotFoundError(f"{path} is no socket of the kernel's")
    finally:
        os.close(place)


class Gate:
    """The gate of one kernel: ``address(channel)`` is where the grader's client connects in place of the kernel's own.

    Parameters
    ----------
    folder
        A folder of the grader's own, for its sockets.
    connect
        Return a socket that is connected to the kernel's, for a channel's name.
    bounds
        The channels, and what the kernel may send on each.
    refused
        Called with the channel and the reason for each message that is left out, from a thread of the gate's.
    """

    def __init__(
        self,
        folder: Path,
        connect: Callable[[str], socket.socket],
        bounds: Mapping[str, MessageBounds],
        refused: Callable[[str, str], None],
    ) -> None:
        self._folder, self._refused = folder, refused
        self._open: list[socket.socket] = []
        self._filters: dict[str, MessageFilter] = {}
        try:
            for channel, bound in bounds.items():
                self._filters[channel] = MessageFilter(bound, partial(refused, channel))
                self._begin(channel, connect(channel))
        except BaseException:
            self.end()
            raise

    def address(self, channel: str) -> str:
        """Return the path of a channel's socket."""
        return str(self._folder / f"gate-{channel}")

    def begin_cell(self) -> None:
        """Begin a new count of what the kernel may send for one cell."""
        for one in self._filters.values():
            one.begin_cell()

    def end(self) -> None:
        """Close everything; its threads end by themselves."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _begin(self, channel: str, kernel: socket.socket) -> None:
        door = socket.socket(socket.AF_UNIX)
        self._open += [kernel, door]
        door.bind(self.address(channel))
        door.listen(1)
        _thread(self._serve, door, kernel, self._filters[channel])

    def _serve(self, door: socket.socket, kernel: socket.socket, through: MessageFilter) -> None:
        """Wait for the grader's client, and move bytes both ways until one side ends."""
        with contextlib.suppress(OSError):
            client, _ = door.accept()
            door.close()
            self._open.append(client)
            _thread(_pump, client, kernel, bytes)
            _pump(kernel, client, through.feed)


def _thread(work: Callable[..., None], *words: object) -> None:
    threading.Thread(target=work, args=words, name="gate", daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, through: Callable[[bytes], bytes]) -> None:
    """Move bytes until either side ends, or until what comes is no stream of messages; then end both."""
    with contextlib.suppress(OSError, BrokenStream):
        while data := source.recv(PIECE):
            if passed := through(data):
                target.sendall(passed)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
