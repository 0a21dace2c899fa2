"""The grader's end of the fork server: starting it, asking it for a kernel, and what that kernel is as a process.

A run over a class has one server, shared by all its processes, so that its memory is there once. A process that grades
alone, or whose shared server has died, starts one of its own; if neither gives a kernel, the kernel starts cold.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.execution.config import ExecutionConfig
from grader.sandbox import bubblewrap
from grader.sandbox.resources import ResourceLimits, process_tree
from grader.sandbox.socket_dir import socket_folder

if TYPE_CHECKING:  # the script runs alone, inside the sandbox
    from grader.execution.walls import KernelOrder

SCRIPT = bubblewrap.SCRIPT
FORK = {False: b"fork", True: b"optimizers"}  # the words that ask for a kernel, as in fork_server.py
IMPORTS_SECONDS = 120.0  # what a busy machine may take
MOST_FAILURES = 6  # one after the other; then this process starts its kernels cold
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel would set, too late for us
NOWHERE: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class ForkError(RuntimeError):
    """The fork server gave no kernel; the message says why."""


REFUSALS = (OSError, ValueError, ForkError)  # what asking for a kernel may end with


class ForkedProcess:
    """A forked kernel as processes and descriptors: the first process of its space, the kernel, and ways to both.

    Processes are known by descriptors, which never come to mean others. With the ``first`` process everything in its
    space ends, and it ends when this process does, or closes its line. ``cells`` is the socket to the kernel,
    ``output`` and ``errors`` are what it writes to its descriptors 1 and 2.
    """

    def __init__(self, first: int, line: socket.socket, cells: socket.socket) -> None:
        self.first, self.line, self.cells = first, line, cells
        self.kernel = self.output = self.errors = -1  # until it is ready
        told = Path(f"/proc/self/fdinfo/{first}").read_text(encoding="utf-8")
        self.pid = int(re.search(r"^Pid:\s*(-?\d+)", told, re.MULTILINE).group(1))  # type: ignore[union-attr]

    def get_ready(self) -> None:
        """Wait until the kernel has given up its rights; raise ForkError, with its reason, if it could not."""
        said, fds, _, _ = socket.recv_fds(self.line, 1000, 3)
        if said != b"ready" or len(fds) != 3:
            raise ForkError(said.decode(errors="replace") or "the kernel ended while it was starting")
        self.kernel, self.output, self.errors = fds

    def is_alive(self) -> bool:
        """Return whether its first process lives."""
        return not select.select([self.first], [], [], 0)[0]

    def kill(self) -> None:
        """End all of it at once; do nothing if it is gone."""
        with contextlib.suppress(ProcessLookupError, OSError):
            signal.pidfd_send_signal(self.first, signal.SIGKILL)

    def close(self) -> None:
        """End it, if it has not ended, and forget it."""
        self.line.close()
        self.cells.close()
        for descriptor in (self.first, self.kernel, self.output, self.errors):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.first = self.kernel = self.output = self.errors = -1


@dataclass(frozen=True)
class ForkServerHandle:
    """Where kernels are asked for: a fork server's control line, and a folder of the host that its builders see.

    Several processes may share one. It travels to a process that is being spawned.
    """

    control: socket.socket
    handed: Path

    def fork(self, judge: str, resources: ResourceLimits, optimizers: bool = True) -> ForkedProcess:
        """Return a new kernel, which finds the judge that listens at ``judge`` and can step torch's ``optimizers``."""
        handed = self.handed / os.urandom(8).hex()
        os.link(judge, handed)
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        cells, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs, its:
                socket.send_fds(self.control, [FORK[optimizers]], [theirs.fileno(), its.fileno()])
            line.settimeout(IMPORTS_SECONDS)
            line.send(json.dumps(_order(handed.name, resources)).encode())
            return _forked_process(line, cells)
        except BaseException:
            line.close()
            cells.close()
            raise
        finally:
            handed.unlink(missing_ok=True)


class ForkServer:
    """A fork server of this process, which ends with it; its kernels see nothing of ``work_dir``."""

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self._folder = socket_folder("forks-")
        control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.handle = ForkServerHandle(control, Path(self._folder.name))
        self.process: subprocess.Popen[bytes] | None = None
        self._begun, self._ended = threading.Event(), False
        threading.Thread(target=self._keep, name="fork server", daemon=True).start()

    def _keep(self) -> None:
        """Start the server and wait for its end, in one thread: bwrap dies with the thread that started it."""
        with self._theirs as theirs, contextlib.suppress(OSError):
            if not self._ended:
                control = theirs.fileno()
                server = bubblewrap.server_invocation(SCRIPT, self.work_dir, self.handle.handed, control)
                env = {**bubblewrap.environment(), **bubblewrap.judge_variables(), "MPLBACKEND": INLINE}
                with contextlib.closing(server):
                    fds = (control, *server.files)
                    self.process = subprocess.Popen(
                        server.command, cwd="/", env=env, pass_fds=fds, start_new_session=True, **NOWHERE
                    )
        self._begun.set()
        if self.process:
            self.process.wait()

    def get_ready(self) -> None:
        """Wait until it has imported everything; raise ForkError, with its reason, if it could not."""
        self._begun.wait(IMPORTS_SECONDS)
        self.handle.control.settimeout(IMPORTS_SECONDS)
        said = self.handle.control.recv(1000)
        if said != b"ready":
            raise ForkError(said.decode(errors="replace") or "the fork server ended while it was starting")

    def is_alive(self) -> bool:
        """Return whether the server runs."""
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """End it, with every kernel that came from it."""
        self._ended = True
        self.handle.control.close()
        if self.process:
            self.process.kill()
        self._folder.cleanup()


def _order(judge: str, resources: ResourceLimits) -> KernelOrder:
    """Return what a kernel is to be, as the fork server's child reads it."""
    return {"judge": judge, **bubblewrap.rights(resources)}  # type: ignore[typeddict-item]


def _forked_process(line: socket.socket, cells: socket.socket) -> ForkedProcess:
    """Return the kernel's first process, once the kernel has given up its rights; raise ForkError with its reason."""
    said, fds, _, _ = socket.recv_fds(line, 1000, 1)
    if not fds:
        raise ForkError(said.decode(errors="replace") or "the fork server gave no kernel")
    process = ForkedProcess(fds[0], line, cells)
    try:
        process.get_ready()
    except BaseException:
        process.kill()
        process.close()
        raise
    return process


class ForkServerPool:
    """The fork servers that this process may ask for kernels: one that it shares, or else one of its own.

    Its own is started when it is needed, and again when it has died.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.shared: ForkServerHandle | None = None
        self.server: ForkServer | None = None
        self.failures = 0  # one after the other

    def kernel(self, judge: str, config: ExecutionConfig) -> ForkedProcess:
        """Return a new kernel; raise ForkError if none is to be had, and at once after too many failures."""
        wanted = judge, config.limits.resources, config.optimizers
        with self._lock:
            if self.failures >= MOST_FAILURES:
                raise ForkError("forking has failed too often here")
            if self.shared is not None:
                try:
                    return self.shared.fork(*wanted)
                except REFUSALS:
                    self.shared = None
            try:
                process = self._own_server(config.work_dir).fork(*wanted)
            except REFUSALS:  # it may have died a moment ago
                self.failures += 1
                process = self._retry(config.work_dir, *wanted)
            self.failures = 0
            return process

    def _retry(self, work_dir: Path, judge: str, resources: ResourceLimits, optimizers: bool) -> ForkedProcess:
        """Try a second time, with a new server."""
        self.end()
        try:
            return self._own_server(work_dir).fork(judge, resources, optimizers)
        except REFUSALS as error:
            self.failures += 1
            self.end()
            raise ForkError(str(error)) from error

    def _own_server(self, work_dir: Path) -> ForkServerHandle:
        if self.server is None or not self.server.is_alive() or self.server.work_dir != work_dir:
            self.end()
            self.server = ForkServer(work_dir)
            self.server.get_ready()
        return self.server.handle

    def own_processes(self) -> list[int]:
        """Return the processes of the server itself, which stay from one kernel to the next."""
        process = self.server and self.server.process
        return process_tree(process.pid)[:3] if process else []

    def end(self) -> None:
        """End the server, if there is one."""
        if self.server is not None:
            self.server.end()
            self.server = None


@lru_cache
def fork_server_pool() -> ForkServerPool:
    """Return this process's fork servers."""
    return ForkServerPool()


@contextlib.contextmanager
def shared_fork_server(config: ExecutionConfig) -> Iterator[ForkServerHandle | None]:
    """Start a fork server for several processes of this one's, and yield the handle to give them.

    None where kernels start cold. The server gets ready while the processes do; whoever asks before that waits.
    """
    if not config.forks_kernels:
        yield None
        return
    server = ForkServer(config.work_dir)
    try:
        yield server.handle
    finally:
        server.end()
