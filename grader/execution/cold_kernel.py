"""A kernel that starts by itself and is spoken to as Jupyter speaks to kernels: ipykernel, over ZeroMQ, by nbclient.

It is the reference for forked kernels, and what runs where none can be forked. jupyter_client is asynchronous: an event
loop runs here while there is something to wait for, in the thread that uses the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.execution.bounded_client import BoundedClient
from grader.execution.cell_outcome import CellOutcome, KernelDied
from grader.execution.config import ExecutionConfig
from grader.execution.kernel_manager import SILENT, SandboxedKernelManager
from grader.sandbox.socket_dir import socket_folder

STARTING = 120.0  # seconds for a kernel to start, on a machine with much else to do
Result = TypeVar("Result")


class ColdKernel:
    """A kernel of its own; see :class:`grader.execution.kernel.RunningKernel`.

    ``refused`` is called with the reason when a reply of the kernel's is left out: nothing would end the wait for it.
    """

    def __init__(
        self, notebook: NotebookNode, judge_address: str, config: ExecutionConfig, refused: Callable[[str], None]
    ) -> None:
        self.notebook, self._refused = notebook, refused
        self._folder = socket_folder("kernel-")
        self._loop = asyncio.new_event_loop()
        self._running: asyncio.Future[NotebookNode] | None = None
        self._reply: dict[str, Any] = {}
        try:
            self.manager = self._wait_for(self._new_manager(judge_address, config))
        except BaseException:
            self._loop.close()
            self._folder.cleanup()
            raise
        self.client = self._new_client()

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._loop.run_until_complete(work)

    async def _new_manager(self, judge_address: str, config: ExecutionConfig) -> SandboxedKernelManager:
        return SandboxedKernelManager(Path(self._folder.name), judge_address, config)  # which wants a running loop

    @property
    def pid(self) -> int:
        """The first process of the kernel's sandbox, or the kernel itself where there is none."""
        return int(self.manager.init_pid or self.manager.provisioner.process.pid)  # type: ignore[union-attr]

    @property
    def also_held(self) -> Callable[[Sequence[int]], str] | None:
        """What else is asked whether too much is held: as another OS user there are no namespaces that bound it."""
        return self.manager.own_user.holdings.excess if self.manager.own_user else None

    def start(self, confine: Callable[[], None]) -> None:
        """Start the kernel and wait until it answers; ``confine`` is called beside, and when all of it is there."""
        self._wait_for(self._start(confine))

    async def _start(self, confine: Callable[[], None]) -> None:
        home = Path(self._folder.name) / "home"
        home.mkdir()
        await self.manager.start(home)
        moved = asyncio.ensure_future(asyncio.to_thread(confine))
        try:
            await self.manager.open_gate(STARTING, self._leave_out)
            self.kc: Any = self.manager.client()
            self.client.kc = self.kc
            self.kc.start_channels(stdin=False, hb=False, control=False)  # nobody would read what comes there
            await self._ready(STARTING)
        finally:
            await moved
        await asyncio.to_thread(confine)
        self.manager.find_kernel()

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

    def _leave_out(self, channel: str, why: str) -> None:
        if channel == "shell":
            self._refused(f"it sent {why}")

    def _new_client(self) -> BoundedClient:
        client = BoundedClient(
            self.notebook,
            km=self.manager,
            allow_errors=True,
            timeout=None,  # the student's clock is looked at by the caller
            raise_on_iopub_timeout=False,
            iopub_timeout=2,
        )
        client.on_cell_executed = self._remember
        client.log = SILENT  # a cell that hangs is our business, not the log's
        return client

    def _remember(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply or {}

    def begin(self, cell: NotebookNode, index: int) -> None:
        """Begin to run a cell."""
        self._reply, self._cell, self._index = {}, cell, index
        self.manager.gate.begin_cell()
        self._running = self._loop.create_task(self.client.async_execute_cell(cell, index))

    def wait(self, seconds: float) -> bool:
        """Wait so long for the end of the cell, and return whether it has ended.

        Raises KernelDied if the kernel is gone, or sends what is no message.
        """
        assert self._running is not None
        if not self._wait_for(_ended(self._running, seconds)):
            return False
        try:
            self._running.result()
        except (DeadKernelError, CellTimeoutError) as error:
            raise KernelDied from error
        except Exception as error:  # whatever the student's side sent in place of a message
            raise KernelDied(f"it sent what is no message ({type(error).__name__})") from error
        return True

    def outcome(self) -> CellOutcome:
        """Return how the cell ended, by the kernel's reply; its error is shown."""
        content = self._reply.get("content", {})
        if content.get("status") == "ok":
            return CellOutcome.OK
        if content.get("status") != "error":
            raise KernelDied  # it answers "aborted" while it is on its way out
        self.client.bounds.show_error(content, self._cell, self._index)
        return CellOutcome.ERROR

    def abandon(self) -> None:
        """Stop waiting for a cell."""
        if self._running is not None:
            self._running.cancel()
            self._wait_for(_all_of(self._running))
            self._running = None

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self._wait_for(self._interrupt())

    async def _interrupt(self) -> None:
        await self.manager.interrupt_kernel()

    def is_alive(self) -> bool:
        """Return whether the kernel lives."""
        return self._wait_for(self._is_alive())

    async def _is_alive(self) -> bool:
        return bool(await self.manager.is_alive())

    def kill_all(self) -> None:
        """Kill the kernel and all that it started, at once and from any thread."""
        self.manager.kill_all()

    def end(self) -> None:
        """Kill it, and clear up."""
        self._wait_for(self._end())
        self._loop.close()
        self._folder.cleanup()

    async def _end(self) -> None:
        with contextlib.suppress(Exception):
            self.kc.shell_channel.stop()
            self.kc.iopub_channel.stop()
        with contextlib.suppress(AttributeError):
            self.manager.gate.end()
        with contextlib.suppress(Exception):
            await self.manager.end()
        with contextlib.suppress(Exception):
            self.manager.context.destroy(linger=0)


async def _ended(running: asyncio.Future[NotebookNode], seconds: float) -> bool:
    """Wait a little, and return whether a cell has ended, in whatever way."""
    done, _ = await asyncio.wait([running], timeout=seconds)
    return bool(done)


async def _all_of(running: asyncio.Future[NotebookNode]) -> None:
    await asyncio.gather(running, return_exceptions=True)
