"""The judge's server: answers `check` from outside the student's kernel, and alone writes down what counts.

It listens on a local socket. While one exercise's window is open, the first `check` of that exercise is examined;
everything else is told "not now", and the student's side falls back on its public half. Inputs are chosen after the
window opens, so after the student's code has loaded.

An examination is bounded on both sides: what the kernel sends may cost so many bytes and so much of the judge's CPU
time, what the judge works out for itself ends by budgets of its own, and nothing goes on once the window is closed.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from grader.bank.class_run import class_run
from grader.bank.registry import find_entry
from grader.judging.class_memory import memory_of, without_seconds
from grader.judging.examine import Examine, examine
from grader.sandbox.socket_dir import socket_folder
from gradschool.core import protocol
from gradschool.core.calling import Reply, read_reply
from gradschool.core.judge_messages import Verdict, unpack_reply
from gradschool.core.report import Report

T = TypeVar("T")
HELLO_SECONDS = 5.0
MOST_CONNECTIONS = 16
MOST_HEARD = 64 * 2**20  # bytes of all replies to one examination
MOST_REPLY = 8 * 2**20  # bytes of one reply
READING = 3.0  # CPU seconds of the judge's for reading all replies to one examination; honest ones take a tenth of one
FINISHING = 60.0  # seconds that the judge may still think, on a machine with much else to do, when a cell has ended


class JudgeServer:
    """A judge that listens on a local socket: ``with JudgeServer() as judge`` listens at ``judge.address``.

    ``seconds`` is the most that one examination may take; ``seed`` fixes the fresh inputs for a test, in place
    of the run's. ``put`` puts other questions than :func:`~grader.judging.examine.examine` does. One that ``remembers``
    reads and explains what is equal in every bit once for a whole class (:mod:`grader.judging.class_memory`).
    """

    def __init__(
        self, seconds: float = 20.0, seed: int | None = None, put: Examine | None = None, remembers: bool = True
    ) -> None:
        self.seconds, self.seed, self.put, self.remembers = seconds, seed, put, remembers
        self._folder = socket_folder("judge-")
        self.address = str(Path(self._folder.name) / "socket")
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._window: Examination | None = None
        self._lines: dict[socket.socket, threading.Thread] = {}

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
        self._thread.join()  # a connection that is just being taken: its thread is started before it is joined
        self._server.close()
        lines = dict(self._lines)
        for connection in lines:
            _hang_up(connection)
        for thread in lines.values():
            thread.join(FINISHING)
        self._folder.cleanup()

    def open(self, exercise_id: str) -> None:
        """Open the window of an exercise: from now on its first check is examined."""
        with self._lock:
            self._window = Examination(exercise_id)

    def is_thinking(self) -> bool:
        """Return whether the kernel waits for the judge, and not the judge for the kernel."""
        window = self._window
        return window is not None and window.thinking

    def close(self, wait: float = FINISHING) -> Examination:
        """Close the window, after the check's cell has ended, and return it: no reply can come any more.

        ``wait`` are the seconds for what the judge is just thinking about. If they are not enough, the examination is
        ``broken``: that is no student's fault.
        """
        with self._lock:
            window, self._window = self._window, None
        assert window is not None, "close() without open()"
        if window.taken:
            _hang_up(window.connection)
            if not window.done.wait(wait):
                window.broken = f"it did not come to an end in {wait:g} seconds"
        return window

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            if self._room.acquire(blocking=False):
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._lines[connection] = thread
                thread.start()
            else:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        window = None
        try:
            with connection, suppress(OSError, protocol.ProtocolError):
                line = DeadlineConnection(connection, HELLO_SECONDS, 20_000)
                window = self._take(protocol.receive(line, most=10_000), connection)
                if window:
                    self._examine(DeadlineConnection(connection, self.seconds, MOST_HEARD), window)
                verdict: Verdict = {"accepted": window is not None}
                protocol.send(connection, verdict)
        except Exception as error:  # what no reply should be able to cause: no marks, and the instructor is told
            if window:
                window.broken = type(error).__name__
        finally:
            self._lines.pop(connection, None)
            self._room.release()
            if window:
                window.done.set()

    def _take(self, hello: object, connection: socket.socket) -> Examination | None:
        """Take the open window, if this is the first check of its exercise; return it, or None."""
        wanted = hello.get("check") if isinstance(hello, Mapping) else None
        with self._lock:
            window = self._window
            if window is None or window.taken or window.exercise_id != wanted:
                return None
            window.taken = window.thinking = True
            window.connection = connection
            return window

    def _examine(self, line: DeadlineConnection, window: Examination) -> None:
        left = READING

        def ask(args: Mapping[str, Any], once: bool = False) -> Reply:
            window.thinking = False
            line.sendall(memory.question(args, once))
            payload = protocol.receive_payload(line, most=MOST_REPLY)
            window.thinking = True
            known = spend(lambda: without_seconds(payload)) if self.remembers else None
            return memory.reply(args, known, lambda: read(args, payload))

        def read(args: Mapping[str, Any], payload: bytes) -> Reply:
            return read_reply(entry.read_once, args, spend(lambda: unpack_reply(protocol.decode(payload))))

        def spend(work: Callable[[], T]) -> T:
            nonlocal left
            began = time.thread_time()
            done = work()
            left -= time.thread_time() - began
            if left < 0:
                raise protocol.ProtocolError("replies that take too long to read")
            return done

        entry = find_entry(window.exercise_id)
        memory = memory_of(entry)
        seed = class_run().seed if self.seed is None else self.seed
        put = self.put or partial(examine, ask_once=partial(ask, once=True))
        try:
            window.report = put(entry, ask, seed)
        finally:
            window.thinking = False


def _hang_up(connection: socket.socket | None) -> None:
    """End a connection for whoever reads or writes it."""
    with suppress(OSError):
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)


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
        self.thinking = False
        self.connection: socket.socket | None = None  # of whoever took the window
        self.done = threading.Event()
        self.report: Report | None = None
        self.broken = ""  # the kind of error that a reply caused here, which should never happen
