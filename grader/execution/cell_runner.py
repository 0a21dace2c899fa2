"""What runs the cells of a notebook in a forked kernel: IPython's shell, and one socket to the grader.

The shell is the one that students have in Jupyter (ipykernel's, with its magics, displays and tracebacks), made once
in the fork server, so that each kernel begins with it. Only the way out is another (``cell_output.py``). What is
written to the descriptors 1 and 2 themselves goes through two pipes that the grader reads. There is no thread besides
the student's own.

Like :mod:`grader.execution.fork_server`, this file lies inside the sandbox, where nothing of ``grader`` is in sight.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import getpass
import io
import os
import pdb
import signal
import socket
import sys
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from ipykernel import zmqshell
from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from IPython.core import debugger
from IPython.core.error import StdinNotImplementedError, UsageError
from traitlets import Type
from traitlets.config import Config

if TYPE_CHECKING or __package__:
    from grader.execution import cell_output
else:
    import cell_output  # inside the sandbox, beside this file

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


class Compiler(XCachingCompiler):
    """Names cells as ipykernel does, by a hash that takes no time."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the name of a cell's file, which does not exist."""
        folder = get_tmp_directory()  # type: ignore[no-untyped-call]
        return f"{folder}{os.sep}{zlib.crc32(raw_code.encode('utf-8', 'replace'))}.py"


class ZMQInteractiveShell(zmqshell.ZMQInteractiveShell):
    """The shell of a notebook. It has the name by which packages find out that they are in one."""

    displayhook_class = Type(cell_output.ResultHook)
    display_pub_class = Type(cell_output.DisplayPublisher)

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
        cell_output.out.send(cell_output.ERROR, cell_output.error_content(etype.__name__, str(evalue), stb))


def may_await(source: str) -> bool:
    """Return whether a cell has a word without which it awaits nothing: IPython would compile it to find out."""
    return "await" in source or "async" in source


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


def serve(shell: Any, line: socket.socket) -> NoReturn:
    """Run the cells that come on this line."""
    Runner(shell, cell_output.Channel(line)).serve()


class Runner:
    """Runs cells one after the other, until the grader is gone or a cell has asked for the end."""

    def __init__(self, shell: Any, channel: cell_output.Channel) -> None:
        self.shell, self.channel = shell, channel
        self._loop = asyncio.new_event_loop()  # runs while a cell does, as in Jupyter
        asyncio.set_event_loop(self._loop)
        cell_output.out.channel = channel
        cell_output.out.streams = (cell_output.Stream("stdout", 1), cell_output.Stream("stderr", 2))
        sys.stdout, sys.stderr = cell_output.out.streams
        sys.argv = list(ARGUMENTS)
        sys.path.insert(0, "")
        type(shell.profile_dir)(location=shell.profile_dir.location)  # its folders, which were the fork server's
        builtins.input, getpass.getpass = _no_input, _no_input
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> NoReturn:
        """Run cells."""
        while (cell := self.channel.receive()) and not self.shell.exit_now:  # `exit()` is heard after its cell
            for stream in cell_output.out.streams:
                stream.begin_cell()
            cell_output.out.send(cell_output.END, {"n": cell[0], **self.run(cell[1])})
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
            outcome = outcome or {"status": "error", **cell_output.error_content(type(error).__name__, str(error), ())}
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
        return {"status": "error", **cell_output.error_content(type(error).__name__, str(error), ())}

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
