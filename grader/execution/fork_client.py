"""The grader's end of the fork server: starting it, asking it for a kernel, and what that kernel is as a process.

A run over a class has one server, shared by all its processes, so that its memory is there once. A process that grades
alone, or whose shared server has died, starts one of its own; if neither gives a kernel, the kernel starts cold.
"""

from __future__ import annotations

import asyncio
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

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from grader.execution.config import ExecutionConfig
from grader.sandbox import bubblewrap
from grader.sandbox.resources import ResourceLimits, process_tree
from grader.sandbox.socket_dir import socket_folder

if TYPE_CHECKING:  # the script runs alone, inside the sandbox
    from grader.execution.fork_server import KernelOrder

SCRIPT = bubblewrap.SCRIPT
IMPORTS_SECONDS = 120.0  # what a busy machine may take
MOST_FAILURES = 6  # one after the other; then this process starts its kernels cold
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel would set, too late for us
NOWHERE: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class ForkError(RuntimeError):
    """The fork server gave no kernel; the message says why."""


REFUSALS = (OSError, ValueError, ForkError)  # what asking for a kernel may end with


class ForkedProcess:
    """The first process of a forked kernel's space, as much of a Popen as jupyter_client needs.

    It is known by a descriptor, which never comes to mean another process. With it everything in its space ends, and
    it ends when this process does, or closes its line.
    """

    stdin = stdout = stderr = None

    def __init__(self, descriptor: int, line: socket.socket) -> None:
        self.descriptor, self.line = descriptor, line
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="utf-8")
        self.pid = int(re.search(r"^Pid:\s*(-?\d+)", told, re.MULTILINE).group(1))  # type: ignore[union-attr]

    def poll(self) -> int | None:
        """Return None while it lives and 0 afterwards: only its parent can know its status."""
        return 0 if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self) -> int:
        """Wait for its end."""
        select.select([self.descriptor], [], [])
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal; do nothing if the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, number)

    def kill(self) -> None:
        """End it, and all in its space."""
        self.send_signal(signal.SIGKILL)

    terminate = kill

    def close(self) -> None:
        """End it, if it has not ended, and forget it."""
        self.line.close()
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


@dataclass(frozen=True)
class ForkServerHandle:
    """Where kernels are asked for: a fork server's control line, and a folder of the host that its builders see.

    Several processes may share one. It travels to a process that is being spawned.
    """

    control: socket.socket
    handed: Path

    def fork(self, connection: str, judge: str, resources: ResourceLimits) -> ForkedProcess:
        """Return a new kernel, which answers at ``connection`` (JSON) and finds the judge that listens at ``judge``."""
        handed = self.handed / os.urandom(8).hex()
        os.link(judge, handed)
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                socket.send_fds(self.control, [b"fork"], [theirs.fileno()])
            line.settimeout(IMPORTS_SECONDS)
            line.send(json.dumps(_order(handed.name, connection, resources)).encode())
            return _forked_process(line)
        except BaseException:
            line.close()
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


def _order(judge: str, connection: str, resources: ResourceLimits) -> KernelOrder:
    """Return what a kernel is to be, as the fork server's child reads it."""
    return {"judge": judge, "connection": connection, **bubblewrap.rights(resources)}  # type: ignore[typeddict-item]


def _forked_process(line: socket.socket) -> ForkedProcess:
    """Return the kernel's first process, once the kernel has given up its rights; raise ForkError with its reason."""
    said, fds, _, _ = socket.recv_fds(line, 1000, 1)
    if not fds:
        raise ForkError(said.decode(errors="replace") or "the fork server gave no kernel")
    process = ForkedProcess(fds[0], line)
    try:
        said = line.recv(1000)
        if said != b"ready":
            raise ForkError(said.decode(errors="replace") or "the kernel ended while it was starting")
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

    def kernel(self, connection: str, judge: str, config: ExecutionConfig) -> ForkedProcess:
        """Return a new kernel; raise ForkError if none is to be had, and at once after too many failures."""
        resources = config.limits.resources
        with self._lock:
            if self.failures >= MOST_FAILURES:
                raise ForkError("forking has failed too often here")
            if self.shared is not None:
                try:
                    return self.shared.fork(connection, judge, resources)
                except REFUSALS:
                    self.shared = None
            try:
                process = self._own_server(config.work_dir).fork(connection, judge, resources)
            except REFUSALS:  # it may have died a moment ago
                self.failures += 1
                process = self._retry(connection, judge, config)
            self.failures = 0
            return process

    def _retry(self, connection: str, judge: str, config: ExecutionConfig) -> ForkedProcess:
        """Try a second time, with a new server."""
        self.end()
        try:
            return self._own_server(config.work_dir).fork(connection, judge, config.limits.resources)
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


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's hook: a kernel that is forked instead of started."""

    async def launch_kernel(self, cmd: list[str], **_: Any) -> KernelConnectionInfo:
        """Fork the kernel; the command line is for those that start cold."""
        manager: Any = self.parent
        connection = Path(manager.connection_file).read_text(encoding="utf-8")
        self.process: Any = await asyncio.to_thread(
            fork_server_pool().kernel, connection, manager.judge_address, manager.execution
        )
        self.pid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for its end, and forget it."""
        process: Any = self.process
        status = await super().wait()
        if process is not None:
            process.close()
        return status
