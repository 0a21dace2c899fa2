"""One student kernel: started in a folder of its own, with bounded output and hard limits on time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_core.utils import ensure_async
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.execution.kernel_manager import SILENT, KernelDied, SandboxedKernelManager
from grader.execution.output_limits import BoundedClient
from grader.sandbox import bubblewrap
from grader.sandbox.socket_dir import socket_folder

GRACE = 3.0  # seconds between the interrupt and the kill


class Kernel:
    """A kernel that runs the cells of one notebook. ``async with`` starts it and makes sure that it ends."""

    def __init__(
        self, notebook: NotebookNode, judge_address: str, resources: bubblewrap.ResourceLimits | None = None
    ) -> None:
        self.notebook, self.judge_address, self.resources = (
            notebook,
            judge_address,
            resources or bubblewrap.ResourceLimits(),
        )
        self._too_much = ""
        self._reply: dict[str, Any] = {}

    async def __aenter__(self) -> Kernel:
        bubblewrap.require()
        for self.road in start_attempts():
            try:
                await self._start()
                break
            except RuntimeError:
                await self.__aexit__()
                if self.road == "last":
                    raise
                await asyncio.sleep(0.0 if self.road == "forked" else 1.0)
            except BaseException:
                await self.__aexit__()
                raise
        self.kc.allow_stdin = False
        pid = self.manager.init_pid or self.manager.provisioner.process.pid  # type: ignore[union-attr]
        self._watch = bubblewrap.ResourceMonitor(pid, self.resources, self._stop)
        return self

    async def _start(self) -> None:
        self._folder = socket_folder("kernel-")
        home = Path(self._folder.name) / "home"
        home.mkdir()
        self.manager = SandboxedKernelManager(
            Path(self._folder.name), self.judge_address, self.resources, self.road == "forked"
        )
        self.client = self._new_client()
        await self.manager.start(home)
        await self.manager.sockets_are_there(60)
        self.kc: Any = self.manager.client()
        self.client.kc = self.kc
        self.kc.start_channels()
        await self._ready(60)

    async def _ready(self, seconds: float) -> None:
        """Until it answers and its output is heard; as jupyter_client's wait_for_ready, without a rest at its end."""
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
            self._watch.end()
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
        """Kill the whole tree, from the watch's thread."""
        self._too_much = why
        self.manager.kill_all()

    async def run(self, index: int, seconds: float) -> str:
        """Run a cell. "ok", "error", or "timeout" if it had to be interrupted; KernelLost if the kernel is gone."""
        cell = self.notebook.cells[index]
        self.client.timeout, self._reply = int(seconds), {}
        try:
            await asyncio.wait_for(self.client.async_execute_cell(cell, index), seconds + GRACE)
        except (DeadKernelError, CellTimeoutError, TimeoutError) as error:
            raise KernelDied(await self._why()) from error
        except Exception as error:  # whatever the student's side sent in place of a message
            raise KernelDied(f"it sent what is no message ({type(error).__name__})") from error
        finally:
            cell.metadata.pop("shown", None)
        if self._too_much or not await self.manager.is_alive():
            raise KernelDied(self._too_much or "the kernel died")
        outcome = _outcome(self._reply)
        if outcome == "timeout" and not await self._answers():
            raise KernelDied("the kernel could not be interrupted")
        return outcome

    async def _why(self) -> str:
        """What became of a kernel that gave no reply: nbclient calls it dead also when we have given up on it."""
        alive = await self.manager.is_alive()
        return self._too_much or ("the kernel could not be interrupted" if alive else "the kernel died")

    def _remember(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply or {}

    async def _answers(self) -> bool:
        """Whether the kernel takes orders again after an interrupt: student code may swallow one."""
        asked = await ensure_async(self.kc.kernel_info())
        until = time.monotonic() + GRACE
        with contextlib.suppress(Empty):
            while time.monotonic() < until:
                message = await ensure_async(self.kc.shell_channel.get_msg(timeout=GRACE))
                if message["parent_header"].get("msg_id") == asked:
                    return True
        return False


def _outcome(reply: dict[str, Any]) -> str:
    """What nbclient's last execute reply says; an interrupt of ours comes back as its CellTimeoutError."""
    content = reply.get("content", {})
    if content.get("status") == "ok":
        return "ok"
    if content.get("status") != "error":
        raise KernelDied("the kernel died")  # it answers "aborted" while it is on its way out
    return "timeout" if content.get("ename") in ("CellTimeoutError", "KeyboardInterrupt") else "error"


def start_attempts() -> tuple[str, ...]:
    """The ways to start, in turn: a machine that is full for a moment is no reason to lose a notebook."""
    forked = not (bubblewrap.is_off() or bubblewrap.is_cold())
    return (*(["forked"] if forked else []), "cold", "cold", "last")
