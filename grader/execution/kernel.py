"""One student kernel: started in a folder of its own, with bounded output and hard limits on time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from enum import StrEnum
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_core.utils import ensure_async
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.execution.cell_outcome import CellOutcome, KernelDied
from grader.execution.config import ExecutionConfig
from grader.execution.kernel_manager import SILENT, SandboxedKernelManager
from grader.execution.output_limits import BoundedClient
from grader.sandbox import bubblewrap
from grader.sandbox.resources import ResourceMonitor
from grader.sandbox.socket_dir import socket_folder

GRACE = 3.0  # seconds between the interrupt and the kill


class StartAttempt(StrEnum):
    """A way to start a kernel: forked from a process that has imported everything, or cold by itself."""

    FORKED = "forked"
    COLD = "cold"


def start_attempts(config: ExecutionConfig) -> tuple[StartAttempt, ...]:
    """Return the ways to start, in turn: a machine that is full for a moment is no reason to lose a notebook."""
    forked = (StartAttempt.FORKED,) if config.forks_kernels else ()
    return (*forked, StartAttempt.COLD, StartAttempt.COLD, StartAttempt.COLD)


class Kernel:
    """A kernel that runs the cells of one notebook. ``async with`` starts it and makes sure that it ends."""

    def __init__(self, notebook: NotebookNode, judge_address: str, config: ExecutionConfig) -> None:
        self.notebook, self.judge_address, self.config = notebook, judge_address, config
        self._too_much = ""
        self._reply: dict[str, Any] = {}

    async def __aenter__(self) -> Kernel:
        bubblewrap.require(self.config.sandbox, self.config.work_dir)
        attempts = start_attempts(self.config)
        for left, self.attempt in zip(range(len(attempts))[::-1], attempts, strict=True):
            try:
                await self._start()
                break
            except RuntimeError:
                await self.__aexit__()
                if left == 0:
                    raise
                await asyncio.sleep(0.0 if self.attempt is StartAttempt.FORKED else 1.0)
            except BaseException:
                await self.__aexit__()
                raise
        self.kc.allow_stdin = False
        pid = self.manager.init_pid or self.manager.provisioner.process.pid  # type: ignore[union-attr]
        self._monitor = ResourceMonitor(pid, self.config.limits.resources, self._stop)
        return self

    async def _start(self) -> None:
        self._folder = socket_folder("kernel-")
        home = Path(self._folder.name) / "home"
        home.mkdir()
        forked = self.attempt is StartAttempt.FORKED
        self.manager = SandboxedKernelManager(Path(self._folder.name), self.judge_address, self.config, forked)
        self.client = self._new_client()
        await self.manager.start(home)
        await self.manager.sockets_are_there(60)
        self.kc: Any = self.manager.client()
        self.client.kc = self.kc
        self.kc.start_channels()
        await self._ready(60)

    async def _ready(self, seconds: float) -> None:
        """Wait until the kernel answers and shows output, as jupyter_client's own wait without its final pause."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and await self.manager.is_alive():
            self.kc.kernel_info()
            with contextlib.suppress(Empty):
                await self.kc.shell_channel.get_msg(timeout=1.0)
                await self.kc.iopub_channel.get_msg(timeout=0.2)
                return
        raise RuntimeError("the kernel did not get ready")

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(AttributeError):
            self._monitor.end()
        with contextlib.suppress(Exception):
            self.kc.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.end()
        with contextlib.suppress(Exception):
            self.manager.context.destroy(linger=0)
        self._folder.cleanup()

    def _new_client(self) -> BoundedClient:
        client = BoundedClient(
            self.notebook,
            km=self.manager,
            allow_errors=True,
            interrupt_on_timeout=True,
            raise_on_iopub_timeout=False,
            iopub_timeout=2,
            error_on_timeout={"ename": "CellTimeoutError", "evalue": "", "traceback": []},
        )
        client.on_cell_executed = self._remember
        client.log = SILENT  # a cell that hangs is our business, not the log's
        return client

    def _stop(self, why: str) -> None:
        """Kill the kernel with all that it started; called from the monitor's thread."""
        self._too_much = why
        self.manager.kill_all()

    async def run(self, index: int, seconds: float) -> CellOutcome:
        """Run a cell and return OK, ERROR, or TIMEOUT if it had to be interrupted.

        Raises KernelDied if the kernel is gone.
        """
        cell = self.notebook.cells[index]
        self.client.timeout, self._reply = int(seconds), {}
        try:
            await asyncio.wait_for(self.client.async_execute_cell(cell, index), seconds + GRACE)
        except (DeadKernelError, CellTimeoutError, TimeoutError) as error:
            raise await self._loss() from error
        except Exception as error:  # whatever the student's side sent in place of a message
            raise KernelDied(f"it sent what is no message ({type(error).__name__})") from error
        finally:
            cell.metadata.pop("shown", None)
        if self._too_much or not await self.manager.is_alive():
            raise KernelDied(self._too_much)
        outcome = _outcome(self._reply)
        if outcome is CellOutcome.ERROR:
            self.client.show_error(self._reply["content"], cell)
        if outcome is CellOutcome.TIMEOUT and not await self._answers():
            raise KernelDied(outcome=CellOutcome.UNINTERRUPTIBLE)
        return outcome

    async def _loss(self) -> KernelDied:
        """Return what became of a kernel that gave no reply: nbclient calls it dead also when it only hangs."""
        alive = await self.manager.is_alive()
        if self._too_much or not alive:
            return KernelDied(self._too_much)
        return KernelDied(outcome=CellOutcome.UNINTERRUPTIBLE)

    def _remember(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply or {}

    async def _answers(self) -> bool:
        """Return whether the kernel takes orders again after an interrupt: student code may swallow one."""
        asked = await ensure_async(self.kc.kernel_info())
        until = time.monotonic() + GRACE
        with contextlib.suppress(Empty):
            while time.monotonic() < until:
                message = await ensure_async(self.kc.shell_channel.get_msg(timeout=GRACE))
                if message["parent_header"].get("msg_id") == asked:
                    return True
        return False


def _outcome(reply: dict[str, Any]) -> CellOutcome:
    """Return what nbclient's last execute reply says; an interrupt of ours comes back as its CellTimeoutError."""
    content = reply.get("content", {})
    if content.get("status") == "ok":
        return CellOutcome.OK
    if content.get("status") != "error":
        raise KernelDied  # it answers "aborted" while it is on its way out
    interrupted = content.get("ename") in ("CellTimeoutError", "KeyboardInterrupt")
    return CellOutcome.TIMEOUT if interrupted else CellOutcome.ERROR
