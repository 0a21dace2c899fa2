"""How a cell ended, and the error for a kernel that is gone."""

from __future__ import annotations

from enum import StrEnum


class CellOutcome(StrEnum):
    """How the run of a cell, or the check that it holds, ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"  # interrupted, and the kernel lives
    UNINTERRUPTIBLE = "the kernel could not be interrupted"
    KERNEL_DIED = "the kernel died"
    NO_CHECK = "no check"  # the cell ended well without reaching the judge
    NOT_REACHED = "not reached"


class KernelDied(Exception):
    """The kernel died or could not be stopped; it has been killed.

    The message says why; ``outcome`` is what that means for the cell that ran.
    """

    def __init__(self, reason: str = "", outcome: CellOutcome = CellOutcome.KERNEL_DIED) -> None:
        super().__init__(reason or outcome.value)
        self.outcome = outcome


class MachineTooBusy(Exception):
    """The machine gave a kernel next to no time to compute, which is no student's fault."""

    def __init__(self, cpu: float, wall: float) -> None:
        super().__init__(
            f"the machine was too busy: a cell that wanted to compute got {cpu:.1f} seconds of CPU time in {wall:.0f}"
        )
