"""One student kernel: started in a folder of its own, with bounded output and hard limits on time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader import sandbox, seccomp
from gradschool.checking import JUDGE_VARIABLE

MOST_OUTPUT = 100_000  # characters a cell may show
MOST_IMAGE = 2_000_000  # characters of one picture
MOST_MESSAGE = 20 * 2**20  # bytes of anything that the kernel sends
MOST_OUTPUTS = 50  # outputs of a cell
MOST_SHOWN = 20_000_000  # characters of all pictures and results of a notebook
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*=*\s*")
SAFE_TYPES = ("text/plain", "image/png", "image/jpeg")
GRACE = 3.0  # seconds between the interrupt and the kill
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


NOWHERE = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # nothing of it on the instructor's terminal

SILENT = logging.getLogger("grader.kernel")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class KernelLost(Exception):
    """The kernel died or could not be stopped; it has been killed."""


class BoundedClient(NotebookClient):
    """nbclient, keeping only so much of what a cell shows, and only kinds that cannot run anything."""

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Leave out what is too much or of another kind; everything else as nbclient does it."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            return super().process_message(msg, cell, cell_index)
        if kind not in ("stream", "display_data", "execute_result", "error", "clear_output"):
            return None
        if kind == "clear_output" or len(cell.outputs) < MOST_OUTPUTS or kind == "error":
            made = self._bounded(kind, content, cell)
            if made is not None:
                msg["content"] = made
                return super().process_message(msg, cell, cell_index)
        return None

    def _bounded(self, kind: str, content: dict[str, Any], cell: NotebookNode) -> dict[str, Any] | None:
        """The content of a message made anew, from only those parts that we know; None for nothing."""
        if kind == "clear_output":
            return {"wait": content.get("wait") is True}
        if kind == "error":
            lines = [_clean(line)[:5_000] for line in list(content.get("traceback", []))[-20:]]
            ename, evalue = _clean(content.get("ename", ""))[:100], _clean(content.get("evalue", ""))[:1_000]
            return {"ename": ename, "evalue": evalue, "traceback": lines}
        if kind == "stream":
            text = _clean(content.get("text", ""))[: max(0, MOST_OUTPUT - cell.metadata.get("shown", 0))]
            cell.metadata["shown"] = cell.metadata.get("shown", 0) + len(text)
            name = "stderr" if content.get("name") == "stderr" else "stdout"
            return {"name": name, "text": text} if text and not _joined(cell, name, text) else None
        data = _safe(content.get("data", {}), self._room)
        self._room -= sum(map(len, data.values()))
        return {"data": data, "metadata": {}, "execution_count": None}

    _room = MOST_SHOWN


def _joined(cell: NotebookNode, name: str, text: str) -> bool:
    """Whether the text could be put behind what the same stream wrote last."""
    last = cell.outputs[-1] if cell.outputs else {}
    if last.get("output_type") != "stream" or last.get("name") != name:
        return False
    last["text"] += text
    return True


def _clean(text: Any) -> str:
    """Text that a file can hold."""
    return str(text).encode("utf-8", "replace").decode()


def _safe(data: Any, room: int) -> dict[str, str]:
    """The parts of an output that are text or a picture and of a reasonable size."""
    given = data if isinstance(data, dict) else {}
    kept = {t: given[t] for t in SAFE_TYPES if isinstance(given.get(t), str) and len(given[t]) <= MOST_IMAGE}
    pictures = {t: v for t, v in kept.items() if t != "text/plain" and len(v) <= room and BASE64.fullmatch(v)}
    text = {"text/plain": _clean(kept["text/plain"])[:MOST_OUTPUT]} if "text/plain" in kept else {}
    return {**text, **pictures}


class WalledManager(AsyncKernelManager):
    """Starts a kernel inside the sandbox, or plainly if the instructor has said so.

    The kernel makes its sockets in the sandbox's own scratch folder; once its first process is known, the grader
    finds them through ``/proc/PID/root``, so that no folder of the host is ever written to by a student's code.
    """

    def __init__(self, folder: Path, judge_address: str, walls: sandbox.Walls) -> None:
        self.walled, self.judge_address, self.walls = not sandbox.is_off(), judge_address, walls
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MOST_MESSAGE)  # whoever sends more is cut off before it is read
        super().__init__(
            kernel_name="python3",
            transport="ipc",
            ip=sandbox.SOCKETS if self.walled else str(folder / "ipc"),
            connection_file=str(folder / "connection.json"),
            context=context,
        )
        self.first = 0  # the pid of the sandbox's first process

    async def start(self, home: Path) -> None:
        """Start the kernel, with the few variables that it needs and nothing else of the instructor's."""
        if not self.walled:
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            env = {**kept, **sandbox.own_places(str(home)), JUDGE_VARIABLE: self.judge_address}
            return await self.start_kernel(cwd=str(home), env=env, independent=True, **NOWHERE)
        env = {**sandbox.environment(), JUDGE_VARIABLE: f"{sandbox.MEET}/judge"}
        filter_fd, (read, write) = _held(seccomp.program()), os.pipe()
        self._fds = (write, filter_fd)
        try:
            passed = tuple(fd for fd in self._fds if fd is not None)
            await self.start_kernel(cwd="/", env=env, independent=True, pass_fds=passed, **NOWHERE)
            os.close(write)
            write = -1
            self.first = await asyncio.to_thread(_first_process, read)
        finally:
            for fd in (read, write, filter_fd):
                if fd is not None and fd >= 0:
                    os.close(fd)
        self.ip = f"/proc/{self.first}/root{sandbox.SOCKETS}"
        return None

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The kernel's command, walls around it."""
        plain = super().format_kernel_cmd(extra_arguments)
        if not self.walled:
            return plain
        os.chmod(self.connection_file, 0o644)  # in a folder that is the grader's alone
        inside = [f"{sandbox.MEET}/connection.json" if a == self.connection_file else a for a in plain]
        return sandbox.command(inside, self.walls, self.judge_address, self.connection_file, *self._fds)

    async def interrupt_kernel(self) -> None:  # type: ignore[override]
        """SIGINT for the kernel itself: bubblewrap would die of it."""
        if not self.walled:
            return await super().interrupt_kernel()
        for pid in sandbox.family(self.first)[1:2]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        return None


def _held(data: bytes | None) -> int | None:
    """A file descriptor from which ``data`` can be read."""
    if data is None:
        return None
    fd = os.memfd_create("filter")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _first_process(fd: int) -> int:
    """The pid that bubblewrap wrote."""
    text = b""
    while part := os.read(fd, 1000):
        text += part
        if b"}" in text:
            return int(json.loads(text)["child-pid"])
    raise KernelLost("the sandbox did not start")


class Kernel:
    """A kernel that runs the cells of one notebook. ``async with`` starts it and makes sure that it ends."""

    def __init__(self, notebook: NotebookNode, judge_address: str, walls: sandbox.Walls | None = None) -> None:
        self.notebook, self.judge_address, self.walls = notebook, judge_address, walls or sandbox.Walls()
        self._too_much = ""
        self._reply: dict[str, Any] = {}

    async def __aenter__(self) -> Kernel:
        sandbox.require()
        for last in (False, False, True):  # a machine that is full for a moment is no reason to lose a notebook
            try:
                await self._start()
                break
            except RuntimeError:
                await self.__aexit__()
                if last:
                    raise
                await asyncio.sleep(1.0)
            except BaseException:
                await self.__aexit__()
                raise
        self.kc.allow_stdin = False
        pid = self.manager.first or self.manager.provisioner.process.pid  # type: ignore[union-attr]
        self._watch = sandbox.Watch(pid, self.walls, self._stop)
        return self

    async def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
        home = Path(self._folder.name) / "home"
        home.mkdir()
        self.manager = WalledManager(Path(self._folder.name), self.judge_address, self.walls)
        self.client = self._new_client()
        await self.manager.start(home)
        self.kc: Any = self.manager.client()
        self.client.kc = self.kc
        self.kc.start_channels()
        await self.kc.wait_for_ready(timeout=60)

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(AttributeError):
            self._watch.end()
        with contextlib.suppress(Exception):
            self.kc.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.shutdown_kernel(now=True)
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
        process = self.manager.provisioner.process  # type: ignore[union-attr]
        for pid in sandbox.family(process.pid)[::-1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def run(self, index: int, seconds: float) -> str:
        """Run a cell. "ok", "error", or "timeout" if it had to be interrupted; KernelLost if the kernel is gone."""
        cell = self.notebook.cells[index]
        self.client.timeout, self._reply = int(seconds), {}
        try:
            await asyncio.wait_for(self.client.async_execute_cell(cell, index), seconds + GRACE)
        except (DeadKernelError, CellTimeoutError, TimeoutError) as error:
            raise KernelLost(await self._why()) from error
        except Exception as error:  # whatever the student's side sent in place of a message
            raise KernelLost(f"it sent what is no message ({type(error).__name__})") from error
        finally:
            cell.metadata.pop("shown", None)
        if self._too_much or not await self.manager.is_alive():
            raise KernelLost(self._too_much or "the kernel died")
        outcome = _outcome(self._reply)
        if outcome == "timeout" and not await self._answers():
            raise KernelLost("the kernel could not be interrupted")
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
        raise KernelLost("the kernel died")  # it answers "aborted" while it is on its way out
    return "timeout" if content.get("ename") in ("CellTimeoutError", "KeyboardInterrupt") else "error"
