"""One student kernel: started in a folder of its own, with bounded output and hard limits on the student's time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from queue import Empty
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.execution.cell_outcome import CellOutcome, KernelDied, MachineTooBusy
from grader.execution.config import ExecutionConfig
from grader.execution.kernel_manager import SILENT, SandboxedKernelManager
from grader.execution.output_limits import BoundedClient
from grader.execution.student_time import Excess, Seconds, StudentClock, never
from grader.sandbox import bubblewrap
from grader.sandbox.cgroup import MemoryGroup, memory_group
from grader.sandbox.resources import ResourceMonitor, process_tree, too_much_memory
from grader.sandbox.socket_dir import socket_folder

GRACE = Seconds(cpu=3.0, asleep=3.0, wall=60.0)  # between the interrupt and the kill
LOOK_EVERY = 0.1  # seconds between two looks at a cell's time
STARTING = 120.0  # seconds for a kernel to start, on a machine with much else to do


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
        self.used = Seconds()  # by the last cell
        self.exceeded: Excess | None = None  # what the last cell had too much of, if it was stopped
        self._group: MemoryGroup | None = None

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
        pid = self.manager.init_pid or self.manager.provisioner.process.pid  # type: ignore[union-attr]
        self._monitor = ResourceMonitor(pid, self.config.limits.resources, self._stop)
        self._clock = StudentClock(pid)
        return self

    async def _start(self) -> None:
        self._folder = socket_folder("kernel-")
        home = Path(self._folder.name) / "home"
        home.mkdir()
        forked = self.attempt is StartAttempt.FORKED
        self.manager = SandboxedKernelManager(Path(self._folder.name), self.judge_address, self.config, forked)
        self.client = self._new_client()
        await self.manager.start(home)
        self._group = memory_group(self.config.limits.resources.in_all) if self.config.sandbox else None
        moved = asyncio.ensure_future(asyncio.to_thread(self._confine))
        try:
            await self.manager.open_gate(STARTING, self._refused)
            self.kc: Any = self.manager.client()
            self.client.kc = self.kc
            self.kc.start_channels(stdin=False, hb=False, control=False)  # nobody would read what comes there
            await self._ready(STARTING)
        finally:
            await moved
        await asyncio.to_thread(self._confine)  # a cold kernel was not all there
        self.manager.find_kernel()

    def _confine(self) -> None:
        """Move all processes of the kernel into its memory group: it takes some time, which a start takes anyway."""
        if self._group:
            with contextlib.suppress(OSError):
                self._group.add(process_tree(self.manager.init_pid))

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
            self.kc.shell_channel.stop()
            self.kc.iopub_channel.stop()
        with contextlib.suppress(AttributeError):
            self.manager.gate.end()
        with contextlib.suppress(Exception):
            await self.manager.end()
        with contextlib.suppress(Exception):
            self.manager.context.destroy(linger=0)
        if self._group:
            await asyncio.to_thread(self._group.close)
            self._group = None
        self._folder.cleanup()

    def _new_client(self) -> BoundedClient:
        client = BoundedClient(
            self.notebook,
            km=self.manager,
            allow_errors=True,
            timeout=None,  # the student's clock is looked at here
            raise_on_iopub_timeout=False,
            iopub_timeout=2,
        )
        client.on_cell_executed = self._remember
        client.log = SILENT  # a cell that hangs is our business, not the log's
        return client

    def _refused(self, channel: str, why: str) -> None:
        """End a kernel whose reply is left out, or nothing would end the wait for it; output is just not shown."""
        if channel == "shell":
            self._stop(f"it sent {why}")

    def _stop(self, why: str) -> None:
        """Kill the kernel with all that it started; called from the monitor's thread."""
        self._too_much = why
        self.manager.kill_all()

    async def run(
        self, index: int, cpu: float, left: Seconds | None = None, excused: Callable[[], bool] = never
    ) -> CellOutcome:
        """Run a cell and return OK, ERROR, or TIMEOUT if it had to be interrupted.

        ``cpu`` are the CPU seconds that it may take, unless less is ``left`` of the notebook's; sleep does not count
        while it is ``excused``, since the grader is waited for. Afterwards ``used`` is what it took.

        Raises KernelDied if the kernel is gone, MachineTooBusy if the machine has given it next to no time.
        """
        cell, most = self.notebook.cells[index], self.config.limits.allowance(cpu)
        most = most.at_most(left) if left else most
        self._reply, self.exceeded, self.used, began = {}, None, Seconds(), self._clock.look()
        self.manager.gate.begin_cell()
        running = asyncio.ensure_future(self.client.async_execute_cell(cell, index))
        try:
            await self._watch(running, began, most, excused)
        except (DeadKernelError, CellTimeoutError) as error:
            raise await self._loss() from error
        except (KernelDied, MachineTooBusy):
            raise
        except Exception as error:  # whatever the student's side sent in place of a message
            raise KernelDied(f"it sent what is no message ({type(error).__name__})") from error
        finally:
            self.used = self._clock.look(excused) - began
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if self._too_much or not await self.manager.is_alive():
            raise await self._loss()
        outcome = CellOutcome.TIMEOUT if self.exceeded else _outcome(self._reply)
        if outcome is CellOutcome.ERROR:
            self.client.show_error(self._reply["content"], cell, index)
        return outcome

    async def _watch(
        self, running: asyncio.Future[NotebookNode], began: Seconds, most: Seconds, excused: Callable[[], bool]
    ) -> None:
        """Wait for a cell's end; interrupt it when it has had what it may have, and lose the kernel if that is vain."""
        while not await _ended(running):
            used = self._clock.look(excused) - began
            kind = used.excess(most)
            if kind and self.exceeded:
                raise await self._loss()
            if kind is Excess.WALL:
                raise MachineTooBusy(used.cpu, used.wall)
            if kind:
                self.exceeded, began, most = kind, began + used, GRACE
                await self.manager.interrupt_kernel()
        running.result()

    async def _loss(self) -> KernelDied:
        """Return what became of a kernel that gave no reply: nbclient calls it dead also when it only hangs."""
        if self._too_much or (not self.exceeded and not await self.manager.is_alive()):
            return KernelDied(self._reason())
        return KernelDied(outcome=CellOutcome.UNINTERRUPTIBLE)

    def _reason(self) -> str:
        """Return what ended the kernel, as far as it is known."""
        if not self._too_much and self._group and self._group.kills():
            return too_much_memory(self.config.limits.resources)
        return self._too_much

    def _remember(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply or {}


async def _ended(running: asyncio.Future[NotebookNode]) -> bool:
    """Wait a little, and return whether a cell has ended, in whatever way."""
    done, _ = await asyncio.wait([running], timeout=LOOK_EVERY)
    return bool(done)


def _outcome(reply: dict[str, Any]) -> CellOutcome:
    """Return what nbclient's last execute reply says."""
    content = reply.get("content", {})
    if content.get("status") == "ok":
        return CellOutcome.OK
    if content.get("status") != "error":
        raise KernelDied  # it answers "aborted" while it is on its way out
    return CellOutcome.ERROR
