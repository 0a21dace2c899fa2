"""The grader's end of the fork server: starting it, asking it for a kernel, and what that kernel is as a process.

One server for each process that grades. It is started when the first kernel is wanted, and again if it has died;
whoever is refused starts the kernel cold.
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
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from grader import sandbox, seccomp
from gradschool.checking import JUDGE_VARIABLE

SCRIPT = Path(__file__).parent / "fork_server.py"
IMPORTS_SECONDS, FORK_SECONDS = 120.0, 30.0  # what a busy machine may take
MOST_FAILURES = 3  # then this process starts its kernels cold
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel would set, too late for us
NOWHERE = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Unforkable(RuntimeError):
    """No kernel came from the fork server, and why."""


class ForkedProcess:
    """The first process of a forked kernel's space, as much of a Popen as jupyter_client needs.

    It is known by a descriptor, which never comes to mean another process. With it everything in its space ends.
    """

    stdin = stdout = stderr = None

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
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
        """Forget it."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


class ForkServer:
    """A running fork server. RuntimeError if it does not get ready."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="forks-", ignore_cleanup_errors=True)
        self.handed = Path(self._folder.name)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        started: list[subprocess.Popen[bytes]] = []
        up = threading.Event()
        threading.Thread(target=self._keep, args=(theirs, started, up), name="fork server", daemon=True).start()
        up.wait(IMPORTS_SECONDS)
        theirs.close()
        if not started:
            raise Unforkable("the fork server could not be started")
        self.process = started[0]
        self._control.settimeout(IMPORTS_SECONDS)
        said = self._control.recv(1000)
        if said != b"ready":
            self.end()
            raise Unforkable(said.decode(errors="replace") or "the fork server ended while it was starting")

    def _keep(self, theirs: socket.socket, started: list[Any], up: threading.Event) -> None:
        """Start the server and wait for its end, in one thread: bwrap dies with the thread that started it."""
        command = sandbox.server_command(SCRIPT, self.handed, theirs.fileno())
        env = {**sandbox.environment(), JUDGE_VARIABLE: f"{sandbox.MEET}/judge", "MPLBACKEND": INLINE}
        with contextlib.suppress(OSError):
            fds = (theirs.fileno(),)
            started.append(subprocess.Popen(command, cwd="/", env=env, pass_fds=fds, start_new_session=True, **NOWHERE))
        up.set()
        if started:
            started[0].wait()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def fork(self, connection: str, judge: str, walls: sandbox.Walls) -> ForkedProcess:
        """A new kernel, which answers at ``connection`` (JSON) and finds the judge that listens at ``judge``."""
        handed = self.handed / os.urandom(8).hex()
        os.link(judge, handed)
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            line.settimeout(FORK_SECONDS)
            line.send(json.dumps(_order(handed.name, connection, walls)).encode())
            return _born(line)
        finally:
            line.close()
            handed.unlink()

    def end(self) -> None:
        """End it, with every kernel that came from it."""
        self._control.close()
        self.process.kill()
        self._folder.cleanup()


def _order(judge: str, connection: str, walls: sandbox.Walls) -> dict[str, Any]:
    """What a kernel is to be, as the fork server's child reads it."""
    return {
        "judge": judge,
        "connection": connection,
        "scratch": walls.scratch,
        "limits": sandbox.limits(walls),
        "user": sandbox.own_user(),
        "filter": (seccomp.program() or b"").hex(),
    }


def _born(line: socket.socket) -> ForkedProcess:
    """The kernel's first process, once the kernel has given up its rights and begins; Unforkable with its reason."""
    said, fds, _, _ = socket.recv_fds(line, 1000, 1)
    if not fds:
        raise Unforkable(said.decode(errors="replace") or "the fork server gave no kernel")
    process = ForkedProcess(fds[0])
    try:
        said = line.recv(1000)
        if said != b"ready":
            raise Unforkable(said.decode(errors="replace") or "the kernel ended while it was starting")
    except BaseException:
        process.kill()
        process.close()
        raise
    return process


class Forks:
    """Kernels from a fork server that is started when it is wanted, and again when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.server: ForkServer | None = None
        self.failures = 0  # one after the other

    def kernel(self, connection: str, judge: str, walls: sandbox.Walls) -> ForkedProcess:
        """A new kernel; Unforkable if none is to be had, and at once after too many failures."""
        with self._lock:
            if self.failures >= MOST_FAILURES:
                raise Unforkable("forking has failed too often here")
            try:
                if self.server is None or not self.server.is_alive():
                    self.end()
                    self.server = ForkServer()
                process = self.server.fork(connection, judge, walls)
            except (OSError, ValueError, Unforkable) as error:
                self.failures += 1
                self.end()
                raise error if isinstance(error, Unforkable) else Unforkable(str(error)) from error
            self.failures = 0
            return process

    def end(self) -> None:
        """End the server, if there is one."""
        if self.server is not None:
            self.server.end()
            self.server = None


@lru_cache
def forks() -> Forks:
    """This process's fork server."""
    return Forks()


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's hook: a kernel that is forked instead of started."""

    async def launch_kernel(self, cmd: list[str], **_: Any) -> KernelConnectionInfo:
        """Fork; the command line is for those who start cold."""
        manager: Any = self.parent
        connection = Path(manager.connection_file).read_text()
        self.process = await asyncio.to_thread(forks().kernel, connection, manager.judge_address, manager.walls)
        self.pid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for its end, and forget it."""
        process = self.process
        status = await super().wait()
        if process is not None:
            process.close()
        return status
