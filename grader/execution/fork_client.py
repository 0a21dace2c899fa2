"""The grader's end of the fork server: starting it, asking it for a kernel, and what that kernel is as a process.

A run over a class has one server, lent to all its processes, so that its memory is there once. A process that grades
alone, or whose server has died, starts one of its own; whoever gets no kernel by either starts it cold.
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
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from grader.sandbox import bubblewrap, seccomp
from grader.sandbox.socket_dir import socket_folder
from gradschool.core.judge_messages import JUDGE_VARIABLE

SCRIPT = Path(__file__).parent / "fork_server.py"
IMPORTS_SECONDS = 120.0  # what a busy machine may take
MOST_FAILURES = 6  # one after the other; then this process starts its kernels cold
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel would set, too late for us
NOWHERE: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class ForkError(RuntimeError):
    """No kernel came from the fork server, and why."""


REFUSALS = (OSError, ValueError, ForkError)  # what asking for a kernel may end with


class ForkedProcess:
    """The first process of a forked kernel's space, as much of a Popen as jupyter_client needs.

    It is known by a descriptor, which never comes to mean another process. With it everything in its space ends, and
    it ends when this process does, or closes its line.
    """

    stdin = stdout = stderr = None

    def __init__(self, descriptor: int, line: socket.socket) -> None:
        self.descriptor, self.line = descriptor, line
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        self.pid = int(re.search(r"^Pid:\s*(-?\d+)", told, re.MULTILINE).group(1))  # type: ignore[union-attr]

    def poll(self) -> int | None:
        """None while it lives; its status is its parent's alone to know, so 0 afterwards."""
        return 0 if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self) -> int:
        """Wait for its end."""
        select.select([self.descriptor], [], [])
        return 0

    def send_signal(self, number: int) -> None:
        """A signal; nothing if it is gone."""
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

    def fork(self, connection: str, judge: str, resources: bubblewrap.ResourceLimits) -> ForkedProcess:
        """A new kernel, which answers at ``connection`` (JSON) and finds the judge that listens at ``judge``."""
        handed = self.handed / os.urandom(8).hex()
        os.link(judge, handed)
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                socket.send_fds(self.control, [b"fork"], [theirs.fileno()])
            line.settimeout(IMPORTS_SECONDS)
            line.send(json.dumps(_order(handed.name, connection, resources)).encode())
            return _born(line)
        except BaseException:
            line.close()
            raise
        finally:
            handed.unlink(missing_ok=True)


class ForkServer:
    """A fork server of this process's, which ends with it."""

    def __init__(self) -> None:
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
                command = bubblewrap.server_command(SCRIPT, self.handle.handed, theirs.fileno())
                env = {**bubblewrap.environment(), JUDGE_VARIABLE: f"{bubblewrap.RUN_DIR}/judge", "MPLBACKEND": INLINE}
                fds = (theirs.fileno(),)
                self.process = subprocess.Popen(
                    command, cwd="/", env=env, pass_fds=fds, start_new_session=True, **NOWHERE
                )
        self._begun.set()
        if self.process:
            self.process.wait()

    def get_ready(self) -> None:
        """Wait until it has imported everything; Unforkable, with its reason, if it could not."""
        self._begun.wait(IMPORTS_SECONDS)
        self.handle.control.settimeout(IMPORTS_SECONDS)
        said = self.handle.control.recv(1000)
        if said != b"ready":
            raise ForkError(said.decode(errors="replace") or "the fork server ended while it was starting")

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """End it, with every kernel that came from it."""
        self._ended = True
        self.handle.control.close()
        if self.process:
            self.process.kill()
        self._folder.cleanup()


def _order(judge: str, connection: str, resources: bubblewrap.ResourceLimits) -> dict[str, Any]:
    """What a kernel is to be, as the fork server's child reads it."""
    return {
        "judge": judge,
        "connection": connection,
        "scratch": resources.scratch,
        "limits": bubblewrap.limits(resources),
        "user": bubblewrap.own_user(),
        "filter": (seccomp.program() or b"").hex(),
    }


def _born(line: socket.socket) -> ForkedProcess:
    """The kernel's first process, once the kernel has given up its rights and begins; Unforkable with its reason."""
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
    """Kernels for this process: by a door that it was lent, or from a server of its own, started when it is wanted
    and again when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.shared: ForkServerHandle | None = None
        self.server: ForkServer | None = None
        self.failures = 0  # one after the other

    def kernel(self, connection: str, judge: str, resources: bubblewrap.ResourceLimits) -> ForkedProcess:
        """A new kernel; Unforkable if none is to be had, and at once after too many failures."""
        with self._lock:
            if self.failures >= MOST_FAILURES:
                raise ForkError("forking has failed too often here")
            if self.shared is not None:
                try:
                    return self.shared.fork(connection, judge, resources)
                except REFUSALS:
                    self.shared = None
            try:
                process = self._own_door().fork(connection, judge, resources)
            except REFUSALS:  # it may have died a moment ago
                self.failures += 1
                process = self._from_another(connection, judge, resources)
            self.failures = 0
            return process

    def _from_another(self, connection: str, judge: str, resources: bubblewrap.ResourceLimits) -> ForkedProcess:
        """A second try, with a new server."""
        self.end()
        try:
            return self._own_door().fork(connection, judge, resources)
        except REFUSALS as error:
            self.failures += 1
            self.end()
            raise ForkError(str(error)) from error

    def _own_door(self) -> ForkServerHandle:
        if self.server is None or not self.server.is_alive():
            self.end()
            self.server = ForkServer()
            self.server.get_ready()
        return self.server.handle

    def own_processes(self) -> list[int]:
        """Those of the server itself, which stay from one kernel to the next."""
        process = self.server and self.server.process
        return bubblewrap.process_tree(process.pid)[:3] if process else []

    def end(self) -> None:
        """End the server, if there is one."""
        if self.server is not None:
            self.server.end()
            self.server = None


@lru_cache
def fork_server_pool() -> ForkServerPool:
    """This process's fork server."""
    return ForkServerPool()


@contextlib.contextmanager
def shared_fork_server() -> Iterator[ForkServerHandle | None]:
    """A fork server for several processes that this one starts: the door to lend them. None where kernels start cold.

    It gets ready while they do; whoever asks before that waits.
    """
    if bubblewrap.is_off() or bubblewrap.is_cold():
        yield None
        return
    server = ForkServer()
    try:
        yield server.handle
    finally:
        server.end()


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's hook: a kernel that is forked instead of started."""

    async def launch_kernel(self, cmd: list[str], **_: Any) -> KernelConnectionInfo:
        """Fork; the command line is for those who start cold."""
        manager: Any = self.parent
        connection = Path(manager.connection_file).read_text()
        self.process: Any = await asyncio.to_thread(
            fork_server_pool().kernel, connection, manager.judge_address, manager.resources
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
