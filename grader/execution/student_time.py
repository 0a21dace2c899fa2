"""The student's time: CPU seconds, seconds asleep, and, far above both, seconds on the wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from grader.execution.cpu_meter import CpuMeter

JUST_NOW = 0.01  # seconds that are no matter in any cell
LONGEST_LOOK = 0.5  # of the seconds between two looks, the most that may count as sleep: the grader may wait, too


class Excess(StrEnum):
    """Which of its seconds a cell or a notebook has used up."""

    CPU = "CPU time"
    ASLEEP = "sleep"
    WALL = "time on the wall"  # while it was given no processor: the machine's doing


@dataclass(frozen=True)
class Seconds:
    """Seconds that a kernel's processes computed, that they slept or waited, and that went by on the wall.

    The third is more than the sum of the others where they wanted to run and others had the processor.
    """

    cpu: float = 0.0
    asleep: float = 0.0
    wall: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.cpu + other.cpu, self.asleep + other.asleep, self.wall + other.wall)

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(self.cpu - other.cpu, self.asleep - other.asleep, self.wall - other.wall)

    def at_most(self, other: Seconds) -> Seconds:
        """Return the smaller of each."""
        return Seconds(min(self.cpu, other.cpu), min(self.asleep, other.asleep), min(self.wall, other.wall))

    def excess(self, most: Seconds) -> Excess | None:
        """Return which of these seconds have reached ``most``, the student's own first; None if none has.

        >>> Seconds(cpu=2.0, wall=30.0).excess(Seconds(1.0, 3.0, 10.0))
        <Excess.CPU: 'CPU time'>
        """
        over = ((self.cpu, most.cpu), (self.asleep, most.asleep), (self.wall, most.wall))
        return next((kind for kind, (used, limit) in zip(Excess, over, strict=True) if used >= limit), None)


def in_words(kind: Excess, most: Seconds) -> str:
    """Return the seconds that were used up, to stand after "after".

    >>> in_words(Excess.CPU, Seconds(20.0, 60.0, 200.0)), in_words(Excess.ASLEEP, Seconds(20.0, 60.0, 200.0))
    ('20 seconds of CPU time', '60 seconds of sleeping or waiting')
    """
    if kind is Excess.CPU:
        return f"{most.cpu:.3g} seconds of CPU time"
    return f"{most.asleep:.3g} seconds of sleeping or waiting" if kind is Excess.ASLEEP else f"{most.wall:.4g} seconds"


def never() -> bool:
    """Excuse nothing."""
    return False


class StudentClock:
    """A clock of one kernel: ``look()`` returns what it has used since the clock was made.

    Sleep is what is left of the time between two looks when nothing wanted to run. It does not count while ``excused``
    says that the kernel waits for the grader.
    """

    def __init__(self, pid: int) -> None:
        self._meter = CpuMeter(pid)
        self._used, self._looked = Seconds(), time.monotonic()

    def last(self) -> Seconds:
        """Return what the last look has shown if it is as good as a new one: at the end of one cell another begins."""
        return self._used if time.monotonic() - self._looked < JUST_NOW else self.look()

    def look(self, excused: Callable[[], bool] = never) -> Seconds:
        """Return the seconds so far."""
        now, before = time.monotonic(), self._used.cpu
        cpu, interval = self._meter.read(), now - self._looked
        asleep = max(0.0, min(interval, LONGEST_LOOK) - (cpu - before))
        if self._meter.runnable or excused():
            asleep = 0.0
        self._looked, self._used = now, Seconds(cpu, self._used.asleep + asleep, self._used.wall + interval)
        return self._used
