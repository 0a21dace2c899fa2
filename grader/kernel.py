"""One student kernel: started in a folder of its own, with bounded output and hard limits on time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

import matplotlib
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from gradschool.checking import JUDGE_VARIABLE

MOST_OUTPUT = 100_000  # characters a cell may show
MOST_IMAGE = 2_000_000  # characters of one picture
SAFE_TYPES = ("text/plain", "image/png", "image/jpeg")
GRACE = 3.0  # seconds between the interrupt and the kill
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


SILENT = logging.getLogger("grader.kernel")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class KernelLost(Exception):
    """The kernel died or could not be stopped; it has been killed."""


class BoundedClient(NotebookClient):
    """nbclient, keeping only so much of what a cell shows, and only kinds that cannot run anything."""

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Leave out what is too much; everything else as nbclient does it."""
        kind, content = msg["msg_type"], msg["content"]
        if kind.startswith("comm") or kind == "update_display_data":
            return None
        if kind == "stream":
            room = MOST_OUTPUT - cell.metadata.get("shown", 0)
            if room <= 0:
                return None
            content["text"] = str(content.get("text", ""))[:room]
            cell.metadata["shown"] = cell.metadata.get("shown", 0) + len(content["text"])
        if kind in ("display_data", "execute_result"):
            if len(cell.outputs) >= 50:
                return None
            content["data"] = _safe(content.get("data", {}))
        if kind == "error":
            content["traceback"] = [str(line)[:5_000] for line in content.get("traceback", [])[-20:]]
            content["evalue"] = str(content.get("evalue", ""))[:1_000]
        return super().process_message(msg, cell, cell_index)


def _safe(data: dict[str, Any]) -> dict[str, Any]:
    """The parts of an output that are text or a picture and of a reasonable size."""
    kept = {t: data[t] for t in SAFE_TYPES if isinstance(data.get(t), str) and len(data[t]) <= MOST_IMAGE}
    if "text/plain" in kept:
        kept["text/plain"] = kept["text/plain"][:MOST_OUTPUT]
    return kept


class Kernel:
    """A kernel that runs the cells of one notebook. ``async with`` starts it and makes sure that it ends."""

    def __init__(self, notebook: NotebookNode, judge_address: str) -> None:
        self.notebook, self.judge_address = notebook, judge_address

    async def __aenter__(self) -> Kernel:
        self._folder = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
        home = Path(self._folder.name) / "home"
        home.mkdir()
        _share_font_cache(home / "matplotlib")
        self.manager = AsyncKernelManager(
            kernel_name="python3",
            transport="ipc",
            ip=str(Path(self._folder.name) / "ipc"),
            connection_file=str(Path(self._folder.name) / "connection.json"),
        )
        self.client = BoundedClient(
            self.notebook,
            km=self.manager,
            allow_errors=True,
            interrupt_on_timeout=True,
            raise_on_iopub_timeout=False,
            iopub_timeout=2,
            on_cell_executed=self._remember,
            error_on_timeout={"ename": "CellTimeoutError", "evalue": "", "traceback": []},
        )
        self.client.log = SILENT  # a cell that hangs is our business, not the log's
        await self.manager.start_kernel(cwd=str(home), env=_environment(home, self.judge_address))
        self.client.kc = self.manager.client()
        self.client.kc.start_channels()
        await self.client.kc.wait_for_ready(timeout=60)
        self.client.kc.allow_stdin = False
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.client.kc.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.shutdown_kernel(now=True)
        self._folder.cleanup()

    async def run(self, index: int, seconds: float) -> str:
        """Run a cell. "ok", "error", or "timeout" if it had to be interrupted; KernelLost if the kernel is gone."""
        cell = self.notebook.cells[index]
        self.client.timeout, self._reply = int(seconds), {}
        try:
            await asyncio.wait_for(self.client.async_execute_cell(cell, index), seconds + GRACE)
        except (DeadKernelError, CellTimeoutError) as error:
            raise KernelLost("the kernel died") from error
        except TimeoutError as error:
            raise KernelLost("the kernel could not be interrupted") from error
        finally:
            cell.metadata.pop("shown", None)
        if not await self.manager.is_alive():
            raise KernelLost("the kernel died")
        outcome = _outcome(self._reply)
        if outcome == "timeout" and not await self._answers():
            raise KernelLost("the kernel could not be interrupted")
        return outcome

    def _remember(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply or {}

    async def _answers(self) -> bool:
        """Whether the kernel takes orders again after an interrupt: student code may swallow one."""
        asked = await ensure_async(self.client.kc.kernel_info())
        until = time.monotonic() + GRACE
        with contextlib.suppress(Empty):
            while time.monotonic() < until:
                message = await ensure_async(self.client.kc.shell_channel.get_msg(timeout=GRACE))
                if message["parent_header"].get("msg_id") == asked:
                    return True
        return False


def _outcome(reply: dict[str, Any]) -> str:
    """What nbclient's last execute reply says; an interrupt of ours comes back as its CellTimeoutError."""
    content = reply.get("content", {})
    if content.get("status") != "error":
        return "ok"
    return "timeout" if content.get("ename") in ("CellTimeoutError", "KeyboardInterrupt") else "error"


def _share_font_cache(folder: Path) -> None:
    """Copy matplotlib's list of fonts, which takes a second or two to make, into a new kernel's own folder."""
    folder.mkdir()
    for found in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(found, folder)


def _environment(home: Path, judge_address: str) -> dict[str, str]:
    """The few variables that a kernel needs; nothing else of the instructor's reaches it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    own = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        JUDGE_VARIABLE: judge_address,
    }
    return {**kept, **threads, **own}
