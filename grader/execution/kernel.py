"""One student kernel: started by a fork or by itself, with bounded output and hard limits on the student's time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from nbformat import NotebookNode

from grader.execution.cell_outcome import CellOutcome, KernelDied, MachineTooBusy
from grader.execution.config import ExecutionConfig
from grader.execution.forked_kernel import ForkedKernel
from grader.execution.student_time import Excess, Seconds, StudentClock, never
from grader.sandbox.cgroup import MemoryGroup, memory_group
from grader.sandbox.resources import ResourceMonitor, process_tree, too_much_memory

GRACE = Seconds(cpu=3.0, asleep=3.0, wall=60.0)  # between the interrupt and the kill
LOOK_EVERY = 0.1  # seconds between two looks at a cell's time


class StartAttempt(StrEnum):
    """A way to start a kernel: forked from a process that has imported everything, or cold by itself."""

    FORKED = "forked"
    COLD = "cold"


def start_attempts(config: ExecutionConfig) -> tuple[StartAttempt, ...]:
    """Return the ways to start, in turn: a machine that is full for a moment is no reason to lose a notebook."""
    forked = (StartAttempt.FORKED,) if config.forks_kernels else ()
    return (*forked, StartAttempt.COLD, StartAttempt.COLD, StartAttempt.COLD)


class RunningKernel(Protocol):
    """What both kinds of kernels can do. ``pid`` is the first process of all that a kernel is."""

    @property
    def pid(self) -> int:
        """The first process."""

    @property
    def also_held(self) -> Callable[[Sequence[int]], str] | None:
        """What :class:`ResourceMonitor` asks as well, where namespaces do not bound all that is held."""

    def start(self, confine: Callable[[], None]) -> None:
        """Start it; ``confine`` puts its processes into their memory group. RuntimeError if it does not start."""

    def begin(self, cell: NotebookNode, index: int) -> None:
        """Begin to run a cell."""

    def wait(self, seconds: float) -> bool:
        """Wait so long for the cell's end, and return whether it has ended; raise KernelDied if the kernel is gone."""

    def outcome(self) -> CellOutcome:
        """Return OK or ERROR, as the kernel says, when the cell has ended."""

    def abandon(self) -> None:
        """Stop waiting for a cell."""

    def interrupt(self) -> None:
        """Send SIGINT."""

    def is_alive(self) -> bool:
        """Return whether the kernel lives."""

    def kill_all(self) -> None:
        """Kill it and all that it started, from any thread."""

    def end(self) -> None:
        """Kill it and clear up."""


class Kernel:
    """A kernel that runs the cells of one notebook. ``with`` starts it and makes sure that it ends."""

    def __init__(self, notebook: NotebookNode, judge_address: str, config: ExecutionConfig) -> None:
        self.notebook, self.judge_address, self.config = notebook, judge_address, config
        self.used = Seconds()  # by the last cell
        self.exceeded: Excess | None = None  # what the last cell had too much of, if it was stopped
        self._too_much = ""
        self._group: MemoryGroup | None = None
        self._running: RunningKernel | None = None
        self._monitor: ResourceMonitor | None = None

    def __enter__(self) -> Kernel:
        self.config.require()
        attempts = start_attempts(self.config)
        for left, self.attempt in zip(range(len(attempts))[::-1], attempts, strict=True):
            try:
                self._start()
                break
            except RuntimeError:
                self.__exit__()
                if left == 0:
                    raise
                time.sleep(0.0 if self.attempt is StartAttempt.FORKED else 1.0)
            except BaseException:
                self.__exit__()
                raise
        resources = self.config.limits.resources
        self._monitor = ResourceMonitor(self.pid, resources, self._stop, also=self.running.also_held)
        self._clock = StudentClock(self.pid)
        return self

    @property
    def running(self) -> RunningKernel:
        """The kernel itself."""
        assert self._running is not None, "a kernel is used within `with`"
        return self._running

    @property
    def pid(self) -> int:
        """The first of all processes that are this kernel."""
        return self.running.pid

    def _start(self) -> None:
        if self.attempt is StartAttempt.FORKED:
            self._running = ForkedKernel(self.notebook, self.judge_address, self.config)
        else:
            from grader.execution.cold_kernel import ColdKernel  # with ZeroMQ, which most runs never need

            self._running = ColdKernel(self.notebook, self.judge_address, self.config, self._stop)
        self._group = memory_group(self.config.limits.resources.in_all) if self.config.isolated else None
        self._running.start(self._confine)

    def _confine(self) -> None:
        """Move all processes of the kernel into its memory group: it takes some time, which a start takes anyway."""
        if self._group:
            with contextlib.suppress(OSError):
                self._group.add(process_tree(self.pid))

    def __exit__(self, *_: object) -> None:
        if self._monitor:
            self._monitor.end()
        if self._running:
            self._running.end()
            self._running = None
        if self._group:
            self._group.close()
            self._group = None

    def _stop(self, why: str) -> None:
        """Kill the kernel with all that it started; called from other threads."""
        self._too_much = why
        self.running.kill_all()

    def run(
        self, index: int, cpu: float, left: Seconds | None = None, excused: Callable[[], bool] = never
    ) -> CellOutcome:
        """Run a cell and return OK, ERROR, or TIMEOUT if it had to be interrupted.

        ``cpu`` are the CPU seconds that it may take, unless less is ``left`` of the notebook's; sleep does not count
        while it is ``excused``, since the grader is waited for. Afterwards ``used`` is what it took.

        Raises KernelDied if the kernel is gone, MachineTooBusy if the machine has given it next to no time.
        """
        most = self.config.limits.allowance(cpu)
        most = most.at_most(left) if left else most
        self.exceeded, self.used, began = None, Seconds(), self._clock.last()
        try:
            self.running.begin(self.notebook.cells[index], index)
            self._watch(began, most, excused)
        except KernelDied as lost:
            raise self._loss(lost) from lost
        finally:
            self.used = self._clock.look(excused) - began
            self.running.abandon()
        if self._too_much or not self.running.is_alive():
            raise self._loss(KernelDied())
        return CellOutcome.TIMEOUT if self.exceeded else self.running.outcome()

    def _watch(self, began: Seconds, most: Seconds, excused: Callable[[], bool]) -> None:
        """Wait for a cell's end; interrupt it when it has had what it may have, and lose the kernel if that is vain."""
        while not self.running.wait(LOOK_EVERY):
            used = self._clock.look(excused) - began
            kind = used.excess(most)
            if kind and self.exceeded:
                raise KernelDied(outcome=CellOutcome.UNINTERRUPTIBLE)
            if kind is Excess.WALL:
                raise MachineTooBusy(used.cpu, used.wall)
            if kind:
                self.exceeded, began, most = kind, began + used, GRACE
                self.running.interrupt()

    def _loss(self, lost: KernelDied) -> KernelDied:
        """Return what became of a kernel that gave no reply: nbclient calls it dead also when it only hangs."""
        if lost.args[0] != lost.outcome.value:  # it has a reason of its own
            return lost
        if self._too_much or (not self.exceeded and not self.running.is_alive()):
            return KernelDied(self._reason())
        return KernelDied(outcome=CellOutcome.UNINTERRUPTIBLE)

    def _reason(self) -> str:
        """Return what ended the kernel, as far as it is known."""
        if not self._too_much and self._group and self._group.kills():
            return too_much_memory(self.config.limits.resources)
        return self._too_much
