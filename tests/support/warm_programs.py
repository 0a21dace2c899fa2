"""Programs that grade, started by a fork of a process that has imported everything: a tenth of a start from nothing.

The process is that of :mod:`grader.executors.process_context`, and the workers of such a program come from it, too. All
else is as if the program had been started by itself: its arguments, environment, folder, output and exit status.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import forkserver, get_context
from pathlib import Path

import psutil

PRELOADED = ["grader.executors.preload", "grader.cli.main", "grader.autograde", "matplotlib", "pydantic"]


class WarmProgram:
    """A running program; as much of a Popen as the tests need."""

    def __init__(self, program: Path, words: tuple[str, ...], env: Mapping[str, str], cwd: Path) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self.args = [str(program), *words]
        self._files = tempfile.TemporaryDirectory(prefix="warm-")
        self._out, self._err = (Path(self._files.name) / name for name in ("out", "err"))
        given = (str(program), words, dict(env), str(cwd), str(self._out), str(self._err))
        self._process = context.Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        """The pid of the program's first process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, or raise subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and return what it wrote."""
        self.wait(timeout)
        return self._out.read_text(), self._err.read_text()

    def kill(self) -> None:
        """Kill its first process, and no other: kill -9."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._process.join()


def run(program: Path, *words: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    done = WarmProgram(program, words, env, cwd)
    out, err = done.communicate()
    return subprocess.CompletedProcess(done.args, done.wait(), out, err)


def workers() -> list[psutil.Process]:
    """Return all that was started by programs, as far as it is still there: everything below the warm process."""
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return psutil.Process(pid).children(recursive=True) if pid else []


def _run(program: str, words: tuple[str, ...], env: dict[str, str], cwd: str, out: str, err: str) -> None:
    os.setsid()
    _share_the_warm_process()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = [program, *words]
    runpy.run_path(program, run_name="__main__")


def _share_the_warm_process() -> None:
    """Have this program's workers forked from the process that it was forked from; Python would start another one."""
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]
