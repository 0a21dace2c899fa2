"""What one kernel with all its children may use, and the thread that holds it to its memory and processes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ResourceLimits:
    """What one kernel with all its children may use. Memory is what is resident, summed over the processes."""

    memory: int = 3 * 2**30
    address_space: int = 12 * 2**30  # of one process; an idle one with torch has about 2
    processes: int = 128  # and threads
    files: int = 512  # open at once, in one process
    sockets: int = 512  # of all processes; each holds at most some 200 KB that nobody reads
    file_size: int = 64 * 2**20
    scratch: int = 256 * 2**20  # in /tmp, and as much in /dev/shm
    inodes: int = 20_000  # files and folders in each of them
    cpu_seconds: int = 900  # of one process

    @property
    def in_all(self) -> int:
        """The bytes that a memory cgroup holds a kernel to: of processes, and of files in memory."""
        return self.memory + 2 * self.scratch

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


def too_much_memory(resources: ResourceLimits) -> str:
    """Return the reason why a kernel was ended that held too much."""
    return f"it used more than {resources.memory / 2**30:g} GB of memory"


def too_many_sockets(resources: ResourceLimits) -> str:
    """Return the reason why a kernel was ended that opened too many sockets."""
    return f"it opened more than {resources.sockets} sockets"


class ResourceMonitor:
    """A thread that adds up what a process and its descendants hold, and calls ``stop(why)`` when it is too much.

    ``also`` is asked as well: it takes the descendants' ids and returns why the kernel has to end, or "".
    """

    def __init__(
        self,
        pid: int,
        resources: ResourceLimits,
        stop: Callable[[str], None],
        every: float = 0.2,
        also: Callable[[Sequence[int]], str] | None = None,
    ) -> None:
        self.pid, self.resources, self.stop, self.every, self.also = pid, resources, stop, every, also
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
            if _sockets(self.pid) > self.resources.sockets:
                return self.stop(too_many_sockets(self.resources))
            if sum(map(_resident, tree)) > self.resources.memory and sum(map(_own_share, tree)) > self.resources.memory:
                return self.stop(too_much_memory(self.resources))
            if self.also and (why := self.also(tree[1:])):
                return self.stop(why)
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
                with open(f"/proc/{one}/task/{task}/children", "rb") as children:
                    waiting += map(int, children.read().split())
            except (OSError, ValueError):
                continue
    return found


def kill_processes(pids: Iterable[int]) -> None:
    """Kill these processes, as far as they are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _listed(folder: str) -> list[str]:
    """Return what a folder holds; nothing if it is gone."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _resident(pid: int) -> int:
    """Return the bytes that a process holds, shared ones and its page tables included; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(("VmRSS:", "VmPTE:")))
    except (OSError, ValueError, IndexError):
        return 0


def _own_share(pid: int) -> int:
    """Return the bytes that a process holds, with shared ones divided up; slower to find out than :func:`_resident`."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        share = next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
        tables = next(
            x for x in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines() if x.startswith("VmPTE:")
        )
        return share + int(tables.split()[1]) * 1024
    except (OSError, ValueError, StopIteration):
        return _resident(pid)


def _sockets(pid: int) -> int:
    """Return how many sockets there are in a process's network namespace; 0 if it has none of its own."""
    try:
        if os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            return 0
        rows = Path(f"/proc/{pid}/net/protocols").read_text(encoding="utf-8").splitlines()[1:]
        return sum(max(0, int(row.split()[2])) for row in rows)
    except (OSError, ValueError, IndexError):
        return 0
