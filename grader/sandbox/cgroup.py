"""A memory cgroup for a kernel, where this machine lets the grader make one: then Linux itself counts everything.

Pages of processes, files in memory, what sockets and pipes hold, and the kernel's own bookkeeping count together. With
version 1 a group is made below the grader's own; with version 2, which has no groups within a group that has
processes, beside it. Where neither may be made, the limits of :mod:`grader.sandbox.resources` and the filter of
system calls stand alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NAME = re.compile(r"gradschool-(\d+)-[0-9a-f]+")
CGROUPS, MOUNTS = Path("/proc/self/cgroup"), Path("/proc/self/mountinfo")
MOST_TRIES = 200  # to remove a group whose last processes are ending, 5 ms each


_left: list[Path] = []  # groups of this process whose last processes were slow to end


@dataclass(frozen=True)
class Place:
    """A folder in which memory groups can be made, and the version of cgroups that it belongs to."""

    folder: Path
    version: int


class MemoryGroup:
    """A memory cgroup of its own: ``add`` processes to it, ``close`` it when they are gone."""

    def __init__(self, place: Place, limit: int) -> None:
        self.version = place.version
        self.folder = place.folder / f"gradschool-{os.getpid()}-{os.urandom(6).hex()}"
        self.folder.mkdir()
        try:
            for name, value, needed in _settings(place.version, limit):
                with contextlib.nullcontext() if needed else contextlib.suppress(OSError):
                    (self.folder / name).write_text(value)
        except OSError:
            self.folder.rmdir()
            raise

    def add(self, pids: list[int]) -> None:
        """Move these processes into the group, as far as they are still there and not in it yet."""
        inside = self.pids()
        for pid in pids:
            if pid not in inside:
                with contextlib.suppress(ProcessLookupError):
                    (self.folder / "cgroup.procs").write_text(str(pid))

    def pids(self) -> set[int]:
        """Return the processes in the group."""
        return set(map(int, (self.folder / "cgroup.procs").read_text().split()))

    def kills(self) -> int:
        """Return how many processes Linux has ended because the group held too much."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)$", (self.folder / name).read_text(), re.MULTILINE)
            return int(found[1]) if found else 0
        return 0

    def close(self) -> None:
        """Remove the group, once its processes have ended; one that stays is tried again later."""
        for _ in range(MOST_TRIES):
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.005)
        _left.append(self.folder)


def _settings(version: int, limit: int) -> Iterator[tuple[str, str, bool]]:
    """Yield the files of a new group, what to write there, and whether the group is nothing without it."""
    if version == 1:
        yield "memory.limit_in_bytes", str(limit), True
        yield "memory.memsw.limit_in_bytes", str(limit), False
        yield "memory.kmem.tcp.limit_in_bytes", str(limit // 8), False
    else:
        yield "memory.max", str(limit), True
        yield "memory.swap.max", "0", False
        yield "memory.oom.group", "1", False


def memory_group(limit: int) -> MemoryGroup | None:
    """Return a new group of at most ``limit`` bytes, or None where there is no place for one."""
    where = place()
    if where is None:
        return None
    for folder in list(_left):
        with contextlib.suppress(OSError):
            folder.rmdir()
            _left.remove(folder)
    try:
        return MemoryGroup(where, limit)
    except OSError:
        return None


def described() -> str:
    """Return whether kernels get memory groups on this machine, in a sentence for the instructor."""
    found = place()
    if found is None:
        return (
            "No memory cgroup can be made here: memory is limited by process, and what Linux holds for a kernel "
            "is bounded item by item. Grade as root, or start with `systemd-run --user --scope`, to limit all of it."
        )
    return f"Each kernel gets a memory cgroup (version {found.version}), which limits all that Linux holds for it."


@lru_cache(1)
def place() -> Place | None:
    """Return where this process can make memory groups, after trying it; None if it cannot anywhere."""
    for found in (
        places(CGROUPS.read_text(encoding="utf-8"), MOUNTS.read_text(encoding="utf-8")) if CGROUPS.exists() else ()
    ):
        _sweep(found.folder)
        try:
            MemoryGroup(found, 2**30).close()
        except OSError:
            continue
        return found
    return None


def places(cgroups: str, mounts: str) -> Iterator[Place]:
    """Yield where groups might be made, by what /proc/self/cgroup and /proc/self/mountinfo say."""
    own = {controllers: path for _, controllers, path in (line.split(":", 2) for line in cgroups.splitlines())}
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup" and "memory" in options.split(","):
            path = next((p for c, p in own.items() if "memory" in c.split(",")), None)
            if path is not None and (folder := _below(point, root, path)):
                yield Place(folder, 1)
        elif kind == "cgroup2" and (folder := _below(point, root, own.get("", "/"))):
            above = [folder.parent] if str(folder) != point else []
            for one in (folder, *above):
                with contextlib.suppress(OSError):
                    if "memory" in (one / "cgroup.subtree_control").read_text().split():
                        yield Place(one, 2)


def _below(point: str, root: str, path: str) -> Path | None:
    """Return where a group is in sight; None if the mount does not show it."""
    inside = path if root == "/" else path.removeprefix(root) if path.startswith(root) else None
    folder = Path(point, inside.lstrip("/")) if inside is not None else Path(point)
    return folder if folder.is_dir() else None


def _sweep(folder: Path) -> None:
    """Remove what graders left there that were killed."""
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            made = NAME.fullmatch(one.name)
            if made and not Path("/proc", made[1]).exists():
                with contextlib.suppress(OSError):
                    one.rmdir()
