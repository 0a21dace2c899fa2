"""A notebook run from its top in a kernel of its own, as grading runs it: what each check says there."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradschool.core.exercise import Exercise, in_chapter
from gradschool.student.hand_in.lesson_file import Cell, LessonFile, defined

POLL = 1.0  # seconds between two looks whether a silent kernel is alive
MOST_TEXT = 2000  # of an error's message


@dataclass(frozen=True)
class Limits:
    """Seconds on the wall: for the kernel's start, a locked cell, any other cell, the notebook, an interrupt's effect.

    Grading counts the CPU's seconds and is stricter; a computer at home may be slow.
    """

    start: float = 120.0
    locked: float = 300.0
    cell: float = 60.0
    notebook: float = 600.0
    stop: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: ``error`` is "" for a cell that ran through."""

    error: str = ""
    message: str = ""
    went_silent: bool = False  # nothing after it could run

    @property
    def passed(self) -> bool:
        """Whether the cell ran through."""
        return not self.error


RunCell = Callable[[str, float], Outcome]  # a cell's text, and the seconds that it may take


class NoKernel(RuntimeError):
    """No kernel could be started; the text says why."""


@dataclass(frozen=True)
class CheckedLesson:
    """What a run found: by exercise whether its check passed, and why not, where the reason is known."""

    passed: dict[str, bool]
    why: dict[str, str]


def run(file: LessonFile, run_cell: RunCell, limits: Limits = Limits()) -> CheckedLesson:
    """Run every cell that grading runs, in the notebook's order, and note how each check ends."""
    exercises = {e.grade_id: e for e in in_chapter(file.part)}
    passed: dict[str, bool] = {}
    why: dict[str, str] = {}
    failed_cells: dict[str, str] = {}  # function -> how the cell ended that should have defined it
    end = time.monotonic() + limits.notebook
    for cell in [*file.cells, *_missing_checks(file, exercises)]:
        if cell.kind != "code" or cell.experiment:
            continue
        allowed = limits.locked if cell.locked and cell.name not in exercises else limits.cell
        seconds = min(allowed, end - time.monotonic())
        if seconds <= 0:
            break
        outcome = run_cell(cell.source, seconds)
        exercise = exercises.get(cell.name)
        if exercise is not None and not cell.solution:
            passed.setdefault(exercise.id, outcome.passed)
            if not outcome.passed:
                why[exercise.id] = _why(exercise, outcome, failed_cells)
        elif not outcome.passed:
            failed_cells.update(dict.fromkeys(_defines(cell, exercises), f"{outcome.error}: {outcome.message}"))
        if outcome.went_silent:
            break
    return CheckedLesson(passed, why)


def _missing_checks(file: LessonFile, exercises: dict[str, Exercise]) -> list[Cell]:
    """Return a check for each exercise whose check cell is gone from the notebook: a grader brings its own."""
    there = {c.name for c in file.cells}
    text = "from gradschool import check\ncheck({id!r}, {function})"
    return [
        Cell("code", text.format(id=e.id, function=e.function), name)
        for name, e in exercises.items()
        if name not in there
    ]


def _defines(cell: Cell, exercises: dict[str, Exercise]) -> set[str]:
    own = exercises.get(cell.name.removesuffix("-solution"))
    return defined(cell.source) | ({own.function} if own else set())


def _why(exercise: Exercise, outcome: Outcome, failed_cells: dict[str, str]) -> str:
    """Say why a check did not pass: the error of the cell that should define the function, where that is the cause."""
    if outcome.error == "NameError":
        cause = next((text for name, text in failed_cells.items() if f"'{name}'" in outcome.message), "")
        return f"the cell that defines it ends in {cause}" if cause else outcome.message
    if outcome.error in ("CheckFailed", "TimeoutError"):
        return outcome.message.removeprefix(f"{exercise.id}: ")
    return f"{outcome.error}: {outcome.message}"


@contextmanager
def clean_kernel(folder: Path, limits: Limits = Limits()) -> Iterator[RunCell]:
    """Start a kernel of this Python in a folder, and give a function that runs a cell in it.

    Raises
    ------
    NoKernel
        If no kernel can be started.
    """
    manager, client = _start(folder, limits)
    try:
        yield lambda source, seconds: _run_cell(manager, client, source, seconds, limits)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _start(folder: Path, limits: Limits) -> tuple[Any, Any]:
    try:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import KernelManager
    except ImportError as error:
        raise NoKernel(f"no kernel can be started ({error})") from None

    class ThisPython(KernelSpecManager):
        """Knows one kernel: that of the Python which runs this."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name=kernel_name, language="python")

    manager = KernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    try:
        manager.start_kernel(cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except Exception as error:  # whatever stands in the way on a student's computer
        raise NoKernel(f"no kernel can be started ({type(error).__name__}: {error})") from None
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=limits.start)
    except BaseException as error:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        if not isinstance(error, Exception):
            raise
        raise NoKernel(f"a kernel does not answer ({error})") from None
    return manager, client


def _run_cell(manager: Any, client: Any, source: str, seconds: float, limits: Limits) -> Outcome:
    """Run a cell; one that takes too long is interrupted, and a kernel that does not heed that is at its end."""
    outcome = _execute(manager, client, source, seconds)
    if outcome is not None:
        return outcome
    manager.interrupt_kernel()
    heeds = _execute(manager, client, "", limits.stop)
    return Outcome("TimeoutError", f"it took longer than {seconds:.0f} seconds", went_silent=heeds is None)


def _execute(manager: Any, client: Any, source: str, seconds: float) -> Outcome | None:
    """Run a cell and keep nothing of what it shows but its error; None if it has not ended in time."""
    asked, end, found = client.execute(source, allow_stdin=False), time.monotonic() + seconds, Outcome()
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=min(POLL, seconds))
        except queue.Empty:
            if not manager.is_alive():
                return Outcome("RuntimeError", "the kernel died in this cell", went_silent=True)
            continue
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "error":
            found = Outcome(str(content.get("ename", "")), str(content.get("evalue", ""))[:MOST_TEXT])
        elif message["msg_type"] == "status" and content.get("execution_state") == "idle":
            return found
    return None
