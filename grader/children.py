"""A process of its own for code that may loop, crash, print without end or fill the memory: forked, limited, ended.

The code runs with the rights of whoever started the grader: these are limits against accidents, and no sandbox.
"""

from __future__ import annotations

import faulthandler
import math
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[socket.socket], None]
MOST_FILE = 16 * 2**20  # bytes of one file that the code may write
BROKEN = 70  # exit status of a child whose work raised: no fault of the code that it ran
PATIENCE = 3.0  # wall-clock seconds for each second of CPU: a machine may be busy, and code may sleep


@dataclass(frozen=True)
class Limits:
    """What code may use: ``seconds`` of CPU (three times as many by the clock) and ``memory`` bytes of its own."""

    seconds: float = 10.0
    memory: int = 2**30

    @property
    def patience(self) -> float:
        """The most seconds by the clock."""
        return PATIENCE * self.seconds


class Child:
    """A forked process that runs ``work(connection)`` in ``folder``; :attr:`connection` is this side's end.

    Leaving the ``with`` block ends the process and everything that it started. Afterwards :attr:`ending` says how it
    ended, if it did so by itself.
    """

    def __init__(self, work: Work, limits: Limits, folder: str | Path) -> None:
        self.connection, theirs = socket.socketpair()
        self.ending = ""
        self.pid = os.fork()
        if self.pid == 0:
            _run(work, theirs, self.connection, limits, folder)
        theirs.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.end()

    def end(self, grace: float = 0.0) -> str:
        """End the process, after ``grace`` seconds in which it may end by itself, and return :attr:`ending`."""
        if self.pid:
            status = self._wait(grace)
            for end in (os.killpg, os.kill):  # the group has what it started; it may have left its group
                with suppress(ProcessLookupError, PermissionError):
                    end(self.pid, signal.SIGKILL)
            if status is None:
                os.waitpid(self.pid, 0)
            self.ending = "" if status is None else _ending(status)
            self.pid = 0
        return self.ending

    def _wait(self, grace: float) -> int | None:
        until = time.monotonic() + grace
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            if time.monotonic() >= until:
                return None
            time.sleep(0.002)


def _ending(status: int) -> str:
    """Return how a process ended: ``time``, ``broken``, a signal's name, ``exit 3``, or "" where its work was done."""
    code = os.waitstatus_to_exitcode(status)
    if code == BROKEN:
        return "broken"
    if code == -signal.SIGXCPU:
        return "time"
    if code < 0:
        return signal.Signals(-code).name
    return f"exit {code}" if code else ""


def _run(
    work: Callable[[socket.socket], None],
    mine: socket.socket,
    theirs: socket.socket,
    limits: Limits,
    folder: str | Path,
) -> None:
    """Do the work in the forked process, which ends here whatever happens."""
    code = 1
    try:
        theirs.close()
        _confine(limits, folder)
        work(mine)
        code = 0
    except MemoryError:
        code = 1
    except BaseException:
        code = BROKEN
    finally:
        os._exit(code)


def _confine(limits: Limits, folder: str | Path) -> None:
    """Give this process a group and a folder of its own, nothing to read, nowhere to print, and the limits."""
    os.setsid()
    faulthandler.disable()
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  to the end of the process
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    seconds = math.ceil(limits.seconds)
    size = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (size + limits.memory, size + limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE, MOST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
