"""How the processes of a crew begin: forked from one that has imported everything. Light to import itself."""

from __future__ import annotations

import os
import sys
from multiprocessing import forkserver, get_context
from multiprocessing.context import BaseContext

from grader.sandbox import bubblewrap


def default_jobs() -> int:
    """Notebooks at once: one more than there are cores, as each waits now and then."""
    return (os.cpu_count() or 1) + 1


def context() -> BaseContext:
    """Workers are forked from a process that has imported everything, once for all; cold ones import alone."""
    if not _are_forked():
        return get_context("spawn")
    found = get_context("forkserver")
    found.set_forkserver_preload(["grader.executors.preload"])
    return found


def start_preload() -> None:
    """Let that process begin to import, beside the one that calls this and has its own imports before it."""
    if _are_forked():
        context()
        forkserver.ensure_running()


def _are_forked() -> bool:
    return sys.platform == "linux" and not bubblewrap.is_cold()
