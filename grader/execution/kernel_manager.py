"""Starting a kernel by itself, with ipykernel's own sockets: in the sandbox, as another user, or plainly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager

from grader.execution.cell_outcome import KernelDied
from grader.execution.config import ExecutionConfig
from grader.sandbox import bubblewrap, other_user
from grader.sandbox.gate import Gate, open_socket
from grader.sandbox.resources import kill_processes, process_tree
from grader.sandbox.zmtp import MessageBounds

CHANNELS = ("shell", "iopub")
MOST_WAITING = 200  # messages that have come and are not read yet
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
NOWHERE = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # nothing of it on the instructor's terminal

SILENT = logging.getLogger("grader.execution.kernel")  # a kernel that does not start is our business, not the log's
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class SandboxedKernelManager(AsyncKernelManager):
    """A manager that starts a kernel inside the sandbox, or plainly if the instructor has said so.

    The kernel makes its sockets in the sandbox's own scratch folder; once its first process is known, a gate
    connects to them through ``/proc/PID/root``, so that no folder of the host is ever written to by a student's code.
    """

    def __init__(self, folder: Path, judge_address: str, config: ExecutionConfig) -> None:
        self.judge_address, self.execution, self.folder = judge_address, config, folder
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MessageBounds().message)
        context.setsockopt(zmq.RCVHWM, MOST_WAITING)
        context.setsockopt(zmq.RECONNECT_IVL, -1)  # the gate opens once
        resources = config.limits.resources
        self.own_user = other_user.Invocation(resources, judge_address) if config.other_user else None
        plain = bubblewrap.SOCKETS if config.sandbox else str(folder / "ipc")
        super().__init__(
            kernel_name="python3",
            transport="ipc",
            ip=str(self.own_user.sockets) if self.own_user else plain,
            connection_file=str(folder / "connection.json"),
            context=context,
        )
        self.log = SILENT
        self.init_pid = 0  # the pid of the sandbox's first process, or of the one that watches another user's
        self._line = -1  # while it is open, a kernel of another user's may live
        self._kernel_fd = -1  # a descriptor of the kernel's own process, which never comes to mean another

    async def start(self, home: Path) -> None:
        """Start the kernel, with the few variables that it needs and nothing else of the instructor's."""
        if self.own_user:
            await self._start_as_other_user(self.own_user)
        elif not self.execution.sandbox:
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            env = {**kept, **bubblewrap.own_places(str(home)), **bubblewrap.judge_variables(self.judge_address)}
            await self.start_kernel(cwd=str(home), env=env, independent=True, **NOWHERE)
        else:
            await self._start_cold()

    async def _start_as_other_user(self, started: other_user.Invocation) -> None:
        read, self._line = os.pipe()
        try:
            plain = super().format_kernel_cmd([*bubblewrap.KERNEL_OPTIONS])
            self.write_connection_file()
            self._command = started.command(plain, Path(self.connection_file), read)
            await self.start_kernel(cwd="/", env=started.environment(), independent=True, pass_fds=(read,), **NOWHERE)
        finally:
            os.close(read)
        self.init_pid = self.provisioner.process.pid  # type: ignore[union-attr]

    async def _start_cold(self) -> None:
        env = {**bubblewrap.environment(), **bubblewrap.judge_variables()}
        self.write_connection_file()
        read, write = os.pipe()
        try:
            with contextlib.closing(self._invocation(write)) as self._cold:
                passed = (write, *self._cold.files)
                await self.start_kernel(cwd="/", env=env, independent=True, pass_fds=passed, **NOWHERE)
            os.close(write)
            write = -1
            self.init_pid = await asyncio.to_thread(_first_process, read)
        finally:
            for fd in (read, write):
                if fd >= 0:
                    os.close(fd)

    def _invocation(self, info_fd: int) -> bubblewrap.Invocation:
        """Return what starts the kernel inside the sandbox, and writes its first process's pid to ``info_fd``."""
        plain = super().format_kernel_cmd([*bubblewrap.KERNEL_OPTIONS])
        inside = [f"{bubblewrap.RUN_DIR}/connection.json" if a == self.connection_file else a for a in plain]
        resources, connection = self.execution.limits.resources, Path(self.connection_file).read_bytes()
        return bubblewrap.kernel_invocation(
            inside, resources, self.execution.work_dir, self.judge_address, connection, info_fd
        )

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command that starts the kernel, inside the sandbox if there is one."""
        if self.own_user:
            return self._command
        if self.execution.sandbox:
            return self._cold.command
        return super().format_kernel_cmd([*(extra_arguments or []), *bubblewrap.KERNEL_OPTIONS])

    async def interrupt_kernel(self) -> None:  # type: ignore[override]
        """Send SIGINT to the kernel itself: bubblewrap would die of it."""
        if not self.execution.isolated:
            await super().interrupt_kernel()
            return
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._kernel_fd, signal.SIGINT)

    def find_kernel(self) -> None:
        """Remember the kernel's own process, before a student's code can start another beside it."""
        if self.execution.isolated:
            children = Path(f"/proc/{self.init_pid}/task/{self.init_pid}/children").read_text(encoding="utf-8").split()
            if not children:
                raise RuntimeError("the kernel died before it was ready")
            self._kernel_fd = os.pidfd_open(int(children[0]))

    async def open_gate(self, seconds: float, refused: Callable[[str, str], None]) -> None:
        """Wait for the kernel's sockets, connect to them, and let the client find the gate in their place.

        Raises RuntimeError if they do not come.
        """
        names = {str(getattr(self, f"{channel}_port")): channel for channel in CHANNELS}
        until, ends = time.monotonic() + seconds, dict[str, socket.socket]()
        while len(ends) < len(names):
            try:
                for port in names.keys() - ends.keys():
                    ends[port] = self._connected(port)
            except OSError:
                if time.monotonic() > until or not await self.is_alive():
                    for end in ends.values():
                        end.close()
                    raise RuntimeError("the kernel died before it was ready") from None
                await asyncio.sleep(0.003)
        bounds = dict.fromkeys(names, MessageBounds())
        self.gate = Gate(self.folder, ends.__getitem__, bounds, lambda port, why: refused(names[port], why))
        self.ip = str(self.folder / "gate")

    def _connected(self, port: str) -> socket.socket:
        """Return a connection to the kernel's own socket; OSError if it is not there."""
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(5.0)
        try:
            if not self.execution.isolated:
                end.connect(f"{self.ip}-{port}")
            else:
                seen_by = None if self.own_user else self.init_pid  # one file system, and no right to look further
                found = open_socket(seen_by, f"{self.ip}-{port}")
                try:
                    end.connect(f"/proc/self/fd/{found}")
                finally:
                    os.close(found)
        except BaseException:
            end.close()
            raise
        end.settimeout(None)
        return end

    async def end(self) -> None:
        """Kill at once and clear up. jupyter_client alone would look for the end only every tenth of a second."""
        process, until = self.provisioner.process, time.monotonic() + 5.0  # type: ignore[union-attr]
        if process is not None:
            self.kill_all()
            while process.poll() is None and time.monotonic() < until:
                await asyncio.sleep(0.002)
        await self.shutdown_kernel(now=True)
        if self._kernel_fd >= 0:
            os.close(self._kernel_fd)
            self._kernel_fd = -1
        if self._line >= 0:
            os.close(self._line)
            self._line = -1
        if self.own_user:
            await asyncio.to_thread(self.own_user.close)

    def kill_all(self) -> None:
        """Kill the kernel and all that it started, at once and from any thread."""
        process = self.provisioner.process  # type: ignore[union-attr]
        kill_processes(process_tree(process.pid)[::-1])


def _first_process(fd: int) -> int:
    """Return the pid of the sandbox's first process, which bubblewrap writes to ``fd``."""
    text = b""
    while part := os.read(fd, 1000):
        text += part
        if b"}" in text:
            return int(json.loads(text)["child-pid"])
    raise KernelDied("the sandbox did not start")
