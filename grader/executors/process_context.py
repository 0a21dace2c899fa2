"""How an executor's processes start: forked from one that has imported everything. Light to import itself."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext


def default_jobs() -> int:
    """Return how many notebooks run at once: one more than there are cores, as each waits now and then."""
    return (os.cpu_count() or 1) + 1


def context(fork: bool, optimizers: bool = True) -> BaseContext:
    """Return the context for workers: forked from a process that has imported everything, or each importing alone.

    Whether that holds for what torch's ``optimizers`` need too, the first call decides: the process starts once.
    """
    if not _can_fork(fork):
        return get_context("spawn")
    found = get_context("forkserver")
    found.set_forkserver_preload([f"grader.executors.preload{'_optimizers' if optimizers else ''}"])
    return found


def start_preload(fork: bool, optimizers: bool = True) -> None:
    """Let the process that workers are forked from import everything, while the calling one has its own imports."""
    if _can_fork(fork):
        context(fork, optimizers)
        forkserver.ensure_running()


def end_with_parent() -> None:
    """End this worker, and with it its kernels, when the process that asked for it is gone, however it went.

    A worker of the fork server is no child of that process, so the kernel's parent-death signal would not do.
    """
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="end with parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _can_fork(fork: bool) -> bool:
    return fork and sys.platform == "linux"
