"""What runs the cells of a notebook in a forked kernel: IPython's shell, and one socket to the grader.

The shell is the one that students have in Jupyter (ipykernel's, with its magics, displays and tracebacks), made once
in the fork server, so that each kernel begins with it. Only the way out is another: every output is one message on a
plain socket, in the form of :mod:`grader.execution.kernel_messages`. What is written to the descriptors 1 and 2
themselves goes through two pipes that the grader reads. There is no thread besides the student's own.

Like :mod:`grader.execution.fork_server`, this file stands alone inside the sandbox. The grader believes nothing of what
comes from here.
"""

from __future__ import annotations

import asyncio
import base64
import builtins
import contextlib
import getpass
import io
import json
import os
import pdb
import signal
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NoReturn

from ipykernel import zmqshell
from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.displayhook import ZMQShellDisplayHook
from IPython.core import debugger
from IPython.core.error import StdinNotImplementedError, UsageError
from traitlets import Type
from traitlets.config import Config

HEAD = struct.Struct(">cI")  # these as in grader/execution/kernel_messages.py: a letter, and the bytes of JSON after it
CELL, STREAM, DISPLAY, RESULT, ERROR, CLEAR, END = b"C", b"S", b"D", b"R", b"X", b"L", b"E"
SHOWN_TYPES = ("text/plain", "image/png", "image/jpeg")
MOST_TEXT, MOST_IMAGE, MOST_LINE, MOST_LINES = 120_000, 2_000_000, 6_000, 20  # a little more than the grader shows
AT_ONCE = 100  # lines of a cell that are sent when they are printed; more of them wait for each other
FLUSHED_EVERY, FLUSHED_SIZE = 0.2, 2**16  # seconds, and characters
ARGUMENTS = (  # of a kernel that Jupyter starts: programs that read them find there what they find in Jupyter
    os.path.join(os.path.dirname(os.path.dirname(zmqshell.__file__)), "ipykernel_launcher.py"),
    "-f",
    "/run/gradschool/connection.json",
    "--HistoryManager.enabled=False",
)
NO_INPUT = "raw_input was called, but this frontend does not support input requests."
WARM_UP = (
    "1 / 0",  # from here to the end: what the first error, display and warning import
    "from IPython.display import display as _shown; _shown(object()); del _shown",
    "%time None",
)


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


class Compiler(XCachingCompiler):
    """Names cells as ipykernel does, by a hash that takes no time."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the name of a cell's file, which does not exist."""
        folder = get_tmp_directory()  # type: ignore[no-untyped-call]
        return f"{folder}{os.sep}{zlib.crc32(raw_code.encode('utf-8', 'replace'))}.py"


class ZMQInteractiveShell(zmqshell.ZMQInteractiveShell):
    """The shell of a notebook. It has the name by which packages find out that they are in one."""

    displayhook_class = Type(ResultHook)
    display_pub_class = Type(DisplayPublisher)

    def should_run_async(self, raw_cell: str, **words: Any) -> bool:
        """Return whether a cell awaits something at its top level."""
        return may_await(raw_cell) and bool(super().should_run_async(raw_cell, **words))

    def enable_gui(self, gui: Any = None) -> None:
        """Leave out what needs a window."""
        if gui not in (None, "inline", "none", "agg"):
            raise UsageError(f"{gui!r} needs a display, which there is none of where notebooks are graded")

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: Any) -> None:
        """Send an error."""
        if getattr(self.displayhook, "msg", None) is not None:
            self._last_traceback_during_displayhook = True
        self._last_traceback = stb
        out.send(ERROR, _error(etype.__name__, str(evalue), stb))


def may_await(source: str) -> bool:
    """Return whether a cell has a word without which it awaits nothing: IPython would compile it to find out."""
    return "await" in source or "async" in source


def _error(name: str, value: str, traceback: Any) -> dict[str, Any]:
    lines = [traceback] if isinstance(traceback, str) else [str(line) for line in traceback or ()]
    return {"ename": name, "evalue": value[:MOST_LINE], "traceback": [x[:MOST_LINE] for x in lines[-MOST_LINES:]]}


def make_shell() -> ZMQInteractiveShell:
    """Make the shell in the fork server, and let it do once what takes longest the first time."""
    vars(debugger)["Pdb"] = getattr(debugger, "InterruptiblePdb", debugger.Pdb)
    vars(pdb).update(Pdb=debugger.Pdb, set_trace=debugger.set_trace)
    asked_for = Config({"HistoryManager": {"enabled": False}})
    kernel = SimpleNamespace(eventloop=None, get_parent=dict)
    shell: Any = ZMQInteractiveShell.instance(config=asked_for, kernel=kernel, compiler_class=Compiler)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for text in WARM_UP:
            shell.run_cell(text, store_history=False)
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
    shell._last_traceback = None
    made: ZMQInteractiveShell = shell
    return made


class Runner:
    """Runs cells one after the other, until the grader is gone or a cell has asked for the end."""

    def __init__(self, shell: Any, channel: Channel) -> None:
        self.shell, self.channel = shell, channel
        self._loop = asyncio.new_event_loop()  # runs while a cell does, as in Jupyter
        asyncio.set_event_loop(self._loop)
        out.channel, out.streams = channel, (Stream("stdout", 1), Stream("stderr", 2))
        sys.stdout, sys.stderr = out.streams
        sys.argv = list(ARGUMENTS)
        sys.path.insert(0, "")
        type(shell.profile_dir)(location=shell.profile_dir.location)  # its folders, which were the fork server's
        builtins.input, getpass.getpass = _no_input, _no_input
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> NoReturn:
        """Run cells."""
        while (cell := self.channel.receive()) and not self.shell.exit_now:  # `exit()` is heard after its cell
            for stream in out.streams:
                stream.begin_cell()
            out.send(END, {"n": cell[0], **self.run(cell[1])})
        os._exit(0)

    def run(self, source: str) -> dict[str, Any]:
        """Run one cell, which an interrupt stops, and return how it ended."""
        outcome: dict[str, Any] = {}
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                outcome = self._outcome(source)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        except BaseException as error:  # an interrupt at an odd moment, or the end of the loop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            outcome = outcome or {"status": "error", **_error(type(error).__name__, str(error), ())}
        return outcome

    def _outcome(self, source: str) -> dict[str, Any]:
        task = self._loop.create_task(self._run(source))
        try:
            result = self._loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
            raise
        if result.success and not self.shell._last_traceback_during_displayhook:
            return {"status": "ok"}
        error = result.error_before_exec or result.error_in_exec
        return {"status": "error", **_error(type(error).__name__, str(error), ())}

    async def _run(self, source: str) -> Any:
        """Run a cell in the way of ipykernel: within the running loop if it awaits something, else by itself."""
        shell = self.shell
        words = _transformed(shell, source) if may_await(source) else {}
        if not words or not shell.should_run_async(source, **words):
            return shell.run_cell(source, store_history=True)
        shell._last_traceback, shell._last_traceback_during_displayhook = None, False
        result = None
        try:
            result = await shell.run_cell_async(source, store_history=True, **words)
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
        return result


def _transformed(shell: Any, source: str) -> dict[str, Any]:
    """Return the words for IPython that hold a cell without magics, or the error that this ended with."""
    try:
        return {"transformed_cell": shell.transform_cell(source)}
    except Exception:
        return {"transformed_cell": source, "preprocessing_exc_tuple": sys.exc_info()}


def _no_input(*_: object, **__: object) -> NoReturn:
    raise StdinNotImplementedError(NO_INPUT)
