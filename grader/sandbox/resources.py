"""What one kernel with all its children may use, and the thread that holds it to its memory and processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ResourceLimits:
    """What one kernel with all its children may use. Memory is what is resident, summed over the processes."""

    memory: int = 3 * 2**30
    address_space: int = 12 * 2**30  # of one process; an idle one with torch has about 2
    processes: int = 128  # and threads
    files: int = 512  # open at once, in one process
    file_size: int = 64 * 2**20
    scratch: int = 256 * 2**20
    cpu_seconds: int = 900  # of one process

    def rlimits(self) -> dict[str, int]:
        """Return what setrlimit(2) is to hold each process to, by the name that ``prlimit`` has for it."""
        return {
            "as": self.address_space,
            "nproc": self.processes,
            "nofile": self.files,
            "fsize": self.file_size,
            "cpu": self.cpu_seconds,
            "core": 0,
            "memlock": 2**16,
            "msgqueue": 0,
        }


class ResourceMonitor:
    """A thread that adds up what a process and its descendants hold, and calls ``stop(why)`` when it is too much."""

    def __init__(self, pid: int, resources: ResourceLimits, stop: Callable[[str], None], every: float = 0.2) -> None:
        self.pid, self.resources, self.stop, self.every = pid, resources, stop, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="resource monitor", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        while not self._ended.wait(self.every):
            tree = process_tree(self.pid)
            if len(tree) > self.resources.processes:
                return self.stop(f"it ran more than {self.resources.processes} processes")
            if sum(map(_resident, tree)) > self.resources.memory and sum(map(_own_share, tree)) > self.resources.memory:
                return self.stop(f"it used more than {self.resources.memory / 2**30:g} GB of memory")
        return None


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants, as far as they are still there."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < 10_000:
        one = waiting.pop()
        found.append(one)
        for task in _listed(f"/proc/{one}/task"):
            try:
                waiting += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
            except (OSError, ValueError):
                continue
    return found


def _listed(folder: str) -> list[str]:
    """Return what a folder holds; nothing if it is gone."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _resident(pid: int) -> int:
    """Return the bytes that a process holds, shared ones included; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _own_share(pid: int) -> int:
    """Return the bytes that a process holds, with shared ones divided up; slower to find out than :func:`_resident`."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    except (OSError, ValueError, StopIteration):
        return _resident(pid)
