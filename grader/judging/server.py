"""The judge's server: answers `check` from outside the student's kernel, and alone writes down what counts.

It listens on a local socket. While one exercise's window is open, the first `check` of that exercise is examined;
everything else is told "not now", and the student's side falls back on its public half. Inputs are chosen after the
window opens, so after the student's code has loaded.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.bank.registry import find_entry
from grader.judging.examine import Examine, examine
from grader.sandbox.socket_dir import socket_folder
from gradschool.core import protocol
from gradschool.core.calling import Reply
from gradschool.core.judge_messages import Question, Verdict, unpack_reply
from gradschool.core.report import Report

HELLO_SECONDS = 5.0
MOST_CONNECTIONS = 16
MOST_HEARD = 64 * 2**20  # bytes of all replies to one examination
MOST_REPLY = 8 * 2**20  # bytes of one reply


class JudgeServer:
    """A judge that listens on a local socket: ``with JudgeServer() as judge`` listens at ``judge.address``.

    ``seconds`` is the most that one examination may take; ``seed`` fixes the fresh inputs for a test. ``put``
    puts other questions than :func:`~grader.judging.examine.examine` does.
    """

    def __init__(self, seconds: float = 20.0, seed: int | None = None, put: Examine | None = None) -> None:
        self.seconds, self.seed, self.put = seconds, seed, put
        self._folder = socket_folder("judge-")
        self.address = str(Path(self._folder.name) / "socket")
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._window: Examination | None = None

    def __enter__(self) -> JudgeServer:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.address)
        os.chmod(self.address, 0o666)  # for a sandboxed kernel's own user; the folder keeps everybody else out
        self._server.listen(MOST_CONNECTIONS)
        self._thread = threading.Thread(target=self._accept, name="judge", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._folder.cleanup()

    def open(self, exercise_id: str) -> None:
        """Open the window of an exercise: from now on its first check is examined."""
        with self._lock:
            self._window = Examination(exercise_id)

    def close(self, wait: float = 0.0) -> Examination:
        """Close the window and return it; ``wait`` is the seconds to wait for an examination that still goes on."""
        with self._lock:
            window, self._window = self._window, None
        assert window is not None, "close() without open()"
        if window.taken:
            window.done.wait(wait)
        return window

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            if self._room.acquire(blocking=False):
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        window = None
        try:
            with connection, suppress(OSError, protocol.ProtocolError):
                line = DeadlineConnection(connection, HELLO_SECONDS, 20_000)
                window = self._take(protocol.receive(line, most=10_000))
                if window:
                    self._examine(DeadlineConnection(connection, self.seconds, MOST_HEARD), window)
                verdict: Verdict = {"accepted": window is not None}
                protocol.send(connection, verdict)
        except Exception as error:  # what no reply should be able to cause: no marks, and the instructor is told
            if window:
                window.broken = type(error).__name__
        finally:
            self._room.release()
            if window:
                window.done.set()

    def _take(self, hello: object) -> Examination | None:
        """Take the open window, if this is the first check of its exercise; return it, or None."""
        wanted = hello.get("check") if isinstance(hello, Mapping) else None
        with self._lock:
            window = self._window
            if window is None or window.taken or window.exercise_id != wanted:
                return None
            window.taken = True
            return window

    def _examine(self, line: DeadlineConnection, window: Examination) -> None:
        def ask(args: Mapping[str, Any]) -> Reply:
            protocol.send(line, Question(args=dict(args)))
            return unpack_reply(protocol.receive(line, most=MOST_REPLY))

        seed = secrets.randbits(64) if self.seed is None else self.seed
        window.report = (self.put or examine)(find_entry(window.exercise_id), ask, seed)


class DeadlineConnection:
    """A connection that is good for so many seconds and so many bytes in all, however slowly they come."""

    def __init__(self, connection: socket.socket, seconds: float, most: int) -> None:
        self.connection, self.until, self.left = connection, time.monotonic() + seconds, most

    def _hurry(self) -> None:
        self.connection.settimeout(max(0.001, self.until - time.monotonic()))
        if time.monotonic() > self.until:
            raise TimeoutError("the examination took too long")

    def recv(self, size: int) -> bytes:
        """Receive at most ``size`` bytes; TimeoutError or ProtocolError once the connection is used up."""
        self._hurry()
        part = self.connection.recv(size)
        self.left -= len(part)
        if self.left < 0:
            raise protocol.ProtocolError("more than may be said in one examination")
        return part

    def sendall(self, data: bytes) -> None:
        """Send all of these bytes, in the time that is left."""
        self._hurry()
        self.connection.sendall(data)


class Examination:
    """The window of one exercise: whether a check came, and the report if its examination ended."""

    def __init__(self, exercise_id: str) -> None:
        self.exercise_id = exercise_id
        self.taken = False
        self.done = threading.Event()
        self.report: Report | None = None
        self.broken = ""  # the kind of error that a reply caused here, which should never happen
