"""What leaves a forked kernel: messages on one plain socket, in the form of :mod:`grader.execution.kernel_messages`.

What is printed, displayed and returned is sent in the order in which it was made. Like
:mod:`grader.execution.fork_server`, this file lies inside the sandbox, where nothing of ``grader`` is in sight. The
grader believes nothing of what comes from here.
"""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Mapping
from typing import Any

from ipykernel import zmqshell
from ipykernel.displayhook import ZMQShellDisplayHook

HEAD = struct.Struct(">cI")  # these as in grader/execution/kernel_messages.py: a letter, and the bytes of JSON after it
CELL, STREAM, DISPLAY, RESULT, ERROR, CLEAR, END = b"C", b"S", b"D", b"R", b"X", b"L", b"E"
SHOWN_TYPES = ("text/plain", "image/png", "image/jpeg")
MOST_TEXT, MOST_IMAGE, MOST_LINE, MOST_LINES = 120_000, 2_000_000, 6_000, 20  # a little more than the grader shows
AT_ONCE = 100  # lines of a cell that are sent when they are printed; more of them wait for each other
FLUSHED_EVERY, FLUSHED_SIZE = 0.2, 2**16  # seconds, and characters


class Channel:
    """The socket to the grader. Messages of several threads do not mix, and an interrupt does not tear one in two."""

    def __init__(self, line: socket.socket) -> None:
        self.line, self.pid = line, os.getpid()
        self._lock = threading.RLock()

    def send(self, kind: bytes, content: Mapping[str, Any]) -> None:
        """Send one message; a child of the kernel's sends none."""
        if os.getpid() != self.pid:
            return
        body = json.dumps(content).encode()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with self._lock:
                self.line.sendall(HEAD.pack(kind, len(body)) + body)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def receive(self) -> tuple[int, str] | None:
        """Return the number and the text of the next cell, None when the grader is gone."""
        head = self._exactly(HEAD.size)
        body = self._exactly(HEAD.unpack(head)[1]) if head else b""
        if not body:
            return None
        content = json.loads(body)
        return content["n"], content["source"]

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self.line.recv(size - len(found))
            if not part:
                return b""
            found += part
        return bytes(found)


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr``: what is printed goes to the grader, in order with what is displayed.

    A child process writes to the descriptor itself, which the grader reads as well.
    """

    encoding = "UTF-8"

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self._descriptor = name, descriptor
        self._lock = threading.RLock()
        self._parts: list[str] = []
        self.begin_cell()

    def begin_cell(self) -> None:
        """Begin a new count of what may be shown and of what is sent at once."""
        self._size, self._at_once, self._flushed, self.room = 0, AT_ONCE, time.monotonic(), MOST_TEXT

    def fileno(self) -> int:
        """Return the descriptor, for programs that are started with this stream."""
        return self._descriptor

    def isatty(self) -> bool:
        """Say that this is no terminal."""
        return False

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, text: str) -> int:
        """Write text; a line is sent at once, if there have not been many."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if out.channel is None or os.getpid() != out.channel.pid:
            os.write(self._descriptor, text.encode(errors="replace"))
            return len(text)
        with self._lock:
            self._parts.append(text[:MOST_TEXT])
            self._size += min(len(text), MOST_TEXT)
            if self._at_once > 0 and "\n" in text:
                self._at_once -= 1
                self.flush()
            elif self._size > FLUSHED_SIZE or time.monotonic() - self._flushed > FLUSHED_EVERY:
                self.flush()
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what has been written, as far as it can be shown."""
        if not self._parts or out.channel is None or os.getpid() != out.channel.pid:
            return
        with self._lock:
            text = "".join(self._parts)[: self.room]
            self._parts, self._size, self._flushed = [], 0, time.monotonic()
            self.room -= len(text)
            if text:
                out.channel.send(STREAM, {"name": self.name, "text": text})


class _Out:
    """Where output goes: nowhere in the fork server, in a kernel to the grader."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.streams: tuple[Stream, ...] = ()

    def send(self, kind: bytes, content: Mapping[str, Any]) -> None:
        """Send what was printed before, then this."""
        for stream in self.streams:
            stream.flush()
        if self.channel is not None:
            self.channel.send(kind, content)

    def clear(self, wait: bool) -> None:
        """Clear what the cell shows, which makes room again."""
        self.send(CLEAR, {"wait": bool(wait)})
        for stream in self.streams:
            stream.room = MOST_TEXT


out = _Out()


class ResultHook(ZMQShellDisplayHook):
    """Sends the value of a cell's last expression."""

    def start_displayhook(self) -> None:
        """Begin a message."""
        self.msg = {"content": {"data": {}, "metadata": {}}}

    def finish_displayhook(self) -> None:
        """Send it."""
        if self.msg and self.msg["content"]["data"]:
            out.send(RESULT, {"data": _shown(self.msg["content"]["data"])})
        self.msg = None


class DisplayPublisher(zmqshell.ZMQDisplayPublisher):
    """Sends what is displayed. Updates of earlier displays are left out, as the grader leaves them out."""

    def publish(self, data: Any, metadata: Any = None, source: Any = None, *, update: Any = False, **_: Any) -> None:
        """Send one display."""
        self._validate_data(data, {} if metadata is None else metadata)  # type: ignore[no-untyped-call]
        if not update:
            out.send(DISPLAY, {"data": _shown(data)})

    def clear_output(self, wait: bool = False) -> None:
        """Clear what the cell shows."""
        out.clear(wait)


def _shown(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of a display that the grader would show: text and pictures."""
    found = {}
    for kind in SHOWN_TYPES:
        part = data.get(kind)
        text = base64.b64encode(part).decode() if isinstance(part, bytes) else part
        if isinstance(text, str) and kind == "text/plain":
            found[kind] = text[:MOST_TEXT]
        elif isinstance(text, str) and len(text) <= MOST_IMAGE:
            found[kind] = text
    return found


def error_content(name: str, value: str, traceback: Any) -> dict[str, Any]:
    """Return an error as a message says it, of limited size."""
    lines = [traceback] if isinstance(traceback, str) else [str(line) for line in traceback or ()]
    return {"ename": name, "evalue": value[:MOST_LINE], "traceback": [x[:MOST_LINE] for x in lines[-MOST_LINES:]]}
