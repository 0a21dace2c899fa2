"""The CPU seconds of a kernel with all that it started, and whether any of it wants to run at this moment.

CPU time belongs to the student; waiting for a processor that others use is the machine's affair. So limits are held
to what is read here, not to the clock on the wall.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.sandbox.resources import process_tree

PROC = Path("/proc")
CHILD_ENDED = 1 << 16  # SIGCHLD in the mask of ignored signals of /proc/PID/stat
Identity = tuple[int, float]  # a number alone may come to mean another process


@dataclass(frozen=True)
class ProcessTimes:
    """CPU seconds of one process, and of those of its children that it has waited for; whether it wants to run."""

    own: float
    waited: float = 0.0
    runnable: bool = False
    forgets: bool = False  # ignores the end of its children, whose time then belongs to nobody


class CpuMeter:
    """Adds up the CPU seconds of a process and all its descendants from now on: ``read()``, again and again.

    Orphans stay in the tree, since the first process of a sandbox takes them. The time of a process that has ended is
    with the one that waited for it. Where nobody waits for children, or a child is gone and its time is nowhere, the
    seconds since the last look count in full. A cgroup of the kernel's own, where there is one, knows it exactly.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.total, self.runnable = pid, 0.0, False
        self._group = own_cgroup(pid)
        self._group_began = _group_seconds(self._group)
        self._known = times_of(pid)
        self._owed, self._looked = 0.0, time.monotonic()
        self._tick = 1.0 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.02

    def read(self) -> float:
        """Return the CPU seconds so far; afterwards ``runnable`` says whether anything wants to run."""
        now, interval = times_of(self.pid), time.monotonic() - self._looked
        self._looked += interval
        used = sum(max(0.0, t.own - self._known.get(i, _NOTHING).own) for i, t in now.items())
        waited = sum(max(0.0, t.waited - self._known.get(i, _NOTHING).waited) for i, t in now.items())
        gone = [t.own + t.waited for i, t in self._known.items() if i not in now]
        paid = min(waited, self._owed + sum(gone))
        missing = self._owed - paid > 2 * self._tick  # gone since the look before, and with nobody until now
        self._owed = 0.0 if missing else self._owed + sum(gone) - paid
        used += waited - paid
        if missing or any(t.forgets for t in now.values()):
            used = max(used, interval)
        self._known, self.runnable = now, any(t.runnable for t in now.values())
        self.total = max(self.total + used, _group_seconds(self._group) - self._group_began)
        return self.total


_NOTHING = ProcessTimes(0.0)


def times_of(pid: int) -> dict[Identity, ProcessTimes]:
    """Return the times of a process and its descendants, parents first, as far as they are still there."""
    if not (PROC / "self/stat").exists():
        return _times_by_psutil(pid)
    return {found[0]: found[1] for one in process_tree(pid) if (found := _times(one))}


def _times(pid: int) -> tuple[Identity, ProcessTimes] | None:
    try:
        fields = _fields(f"{PROC}/{pid}/stat")
        ignored = int(fields[30])
        own, waited = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
        tick = os.sysconf("SC_CLK_TCK")
        runnable = fields[0] == "R" or (int(fields[17]) > 1 and _any_thread_runs(pid))
        found = ProcessTimes(own / tick, waited / tick, runnable and _fair(fields), bool(ignored & CHILD_ENDED))
        return (pid, float(fields[19])), found
    except (OSError, ValueError, IndexError):
        return None


def _fields(file: str) -> list[str]:
    """Return the fields of a stat file from the third on, its state; a name may hold blanks and brackets."""
    with open(file, "rb", buffering=0) as told:
        return told.read().decode(errors="replace").rpartition(")")[2].split()


def _fair(fields: list[str]) -> bool:
    """Return whether a process asks for the processor like any other: who steps back waits at their own cost."""
    return int(fields[16]) <= os.getpriority(os.PRIO_PROCESS, 0) and fields[38] == "0"


def _any_thread_runs(pid: int) -> bool:
    for task in os.listdir(PROC / str(pid) / "task"):
        try:
            if _fields(f"{PROC}/{pid}/task/{task}/stat")[0] == "R":
                return True
        except (OSError, IndexError):
            continue
    return False


def _times_by_psutil(pid: int) -> dict[Identity, ProcessTimes]:
    """Return the same where there is no /proc: kernels without a sandbox, on other systems than Linux."""
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
    except psutil.Error:
        return {}
    found = {}
    for process in family:
        try:
            t, running = process.cpu_times(), process.status() == psutil.STATUS_RUNNING
            waited = getattr(t, "children_user", 0.0) + getattr(t, "children_system", 0.0)
            found[process.pid, process.create_time()] = ProcessTimes(t.user + t.system, waited, running)
        except psutil.Error:
            continue
    return found


def own_cgroup(pid: int) -> Path | None:
    """Return the folder of a cgroup (version 2) that holds this process and its descendants alone, if there is one."""
    try:
        mine, its = (_unified(PROC / who / "cgroup") for who in ("self", str(pid)))
        mounts = [line.split() for line in (PROC / "self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
        folder = Path(mounts[0][4]) / its.lstrip("/")
        members = {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        if its == mine or not (folder / "cpu.stat").exists() or not members or members - set(process_tree(pid)):
            return None
        return folder
    except (OSError, ValueError, IndexError):
        return None


def _unified(file: Path) -> str:
    return next((line[3:] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("0::")), "")


def _group_seconds(folder: Path | None) -> float:
    try:
        words = (folder / "cpu.stat").read_text().split() if folder else ["usage_usec", "0"]
        return int(words[words.index("usage_usec") + 1]) / 1e6
    except (OSError, ValueError):
        return 0.0
