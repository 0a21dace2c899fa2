"""Starting a kernel in one of two ways: forked from a process that has imported everything, or cold by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager

from grader.execution.cell_outcome import KernelDied
from grader.execution.config import ExecutionConfig
from grader.execution.fork_client import ForkedProvisioner
from grader.sandbox import bubblewrap, seccomp
from grader.sandbox.resources import process_tree

MOST_MESSAGE = 20 * 2**20  # bytes of anything that the kernel sends
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
NOWHERE = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # nothing of it on the instructor's terminal

SILENT = logging.getLogger("grader.execution.kernel")  # a kernel that does not start is our business, not the log's
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class SandboxedKernelManager(AsyncKernelManager):
    """A manager that starts a kernel inside the sandbox, or plainly if the instructor has said so.

    The kernel makes its sockets in the sandbox's own scratch folder; once its first process is known, the grader
    finds them through ``/proc/PID/root``, so that no folder of the host is ever written to by a student's code.
    """

    def __init__(self, folder: Path, judge_address: str, config: ExecutionConfig, forked: bool = False) -> None:
        self.judge_address, self.execution, self.forked = judge_address, config, forked
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MOST_MESSAGE)  # whoever sends more is cut off before it is read
        super().__init__(
            kernel_name="python3",
            transport="ipc",
            ip=bubblewrap.SOCKETS if config.sandbox else str(folder / "ipc"),
            connection_file=str(folder / "connection.json"),
            context=context,
        )
        self.log = SILENT
        self.init_pid = 0  # the pid of the sandbox's first process
        self._kernel_fd = -1  # a descriptor of the kernel's own process, which never comes to mean another

    async def start(self, home: Path) -> None:
        """Start the kernel, with the few variables that it needs and nothing else of the instructor's."""
        if not self.execution.sandbox:
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            env = {**kept, **bubblewrap.own_places(str(home)), **bubblewrap.judge_variables(self.judge_address)}
            await self.start_kernel(cwd=str(home), env=env, independent=True, **NOWHERE)
        else:
            await (self._fork() if self.forked else self._start_cold())
            self.ip = f"/proc/{self.init_pid}/root{bubblewrap.SOCKETS}"

    async def _fork(self) -> None:
        self.provisioner = ForkedProvisioner(kernel_id=str(uuid.uuid4()), kernel_spec=self.kernel_spec, parent=self)
        await self.start_kernel(cwd="/", env={})
        self.init_pid = self.provisioner.process.pid

    async def _start_cold(self) -> None:
        env = {**bubblewrap.environment(), **bubblewrap.judge_variables()}
        filter_fd, (read, write) = _held(seccomp.program()), os.pipe()
        self._fds = (write, filter_fd)
        try:
            passed = tuple(fd for fd in self._fds if fd is not None)
            await self.start_kernel(cwd="/", env=env, independent=True, pass_fds=passed, **NOWHERE)
            os.close(write)
            write = -1
            self.init_pid = await asyncio.to_thread(_first_process, read)
        finally:
            for fd in (read, write, filter_fd):
                if fd is not None and fd >= 0:
                    os.close(fd)

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command that starts the kernel, inside the sandbox if there is one."""
        plain = super().format_kernel_cmd([*(extra_arguments or []), *bubblewrap.KERNEL_OPTIONS])
        if not self.execution.sandbox or self.forked:
            return plain
        os.chmod(self.connection_file, 0o644)  # in a folder that is the grader's alone
        inside = [f"{bubblewrap.RUN_DIR}/connection.json" if a == self.connection_file else a for a in plain]
        resources, work_dir = self.execution.limits.resources, self.execution.work_dir
        return bubblewrap.command(inside, resources, work_dir, self.judge_address, self.connection_file, *self._fds)

    async def interrupt_kernel(self) -> None:  # type: ignore[override]
        """Send SIGINT to the kernel itself: bubblewrap would die of it."""
        if not self.execution.sandbox:
            await super().interrupt_kernel()
            return
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._kernel_fd, signal.SIGINT)

    def find_kernel(self) -> None:
        """Remember the kernel's own process, before a student's code can start another beside it."""
        if self.execution.sandbox:
            children = Path(f"/proc/{self.init_pid}/task/{self.init_pid}/children").read_text().split()
            if not children:
                raise RuntimeError("the kernel died before it was ready")
            self._kernel_fd = os.pidfd_open(int(children[0]))

    async def sockets_are_there(self, seconds: float) -> None:
        """Wait for the kernel's sockets: whoever connects too early is made to wait for longer than this takes."""
        ports = (self.shell_port, self.iopub_port, self.stdin_port, self.hb_port, self.control_port)
        until = time.monotonic() + seconds
        while not all(os.path.exists(f"{self.ip}-{port}") for port in ports) and time.monotonic() < until:
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it was ready")
            await asyncio.sleep(0.003)

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

    def kill_all(self) -> None:
        """Kill the kernel and all that it started, at once and from any thread."""
        process = self.provisioner.process  # type: ignore[union-attr]
        for pid in process_tree(process.pid)[::-1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _held(data: bytes | None) -> int | None:
    """Return a file descriptor from which ``data`` can be read."""
    if data is None:
        return None
    fd = os.memfd_create("filter")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _first_process(fd: int) -> int:
    """Return the pid of the sandbox's first process, which bubblewrap writes to ``fd``."""
    text = b""
    while part := os.read(fd, 1000):
        text += part
        if b"}" in text:
            return int(json.loads(text)["child-pid"])
    raise KernelDied("the sandbox did not start")
