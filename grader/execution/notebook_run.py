"""Running one student's notebook with the judge listening, and keeping the judge's reports.

A cell that hangs or kills its kernel costs itself alone: the kernel is started again, the cells that define things
run once more without the culprit, and grading goes on where it was.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import Chapter
from grader.execution.cell_outcome import CellOutcome, KernelDied
from grader.execution.config import ExecutionConfig
from grader.execution.kernel import Kernel
from grader.judging.examine import Examine
from grader.judging.server import JudgeServer
from grader.notebooks.nbgrader_cells import is_grade, is_locked
from grader.notebooks.overwrite_cells import SKIPPED
from gradschool.check.card import as_html, as_text
from gradschool.core.exercise import grade_id
from gradschool.core.report import Report


@dataclass
class NotebookRun:
    """The run of one notebook; ``reports`` fills up by exercise id. ``put`` puts other questions than the judge's."""

    notebook: NotebookNode
    chapter: Chapter
    config: ExecutionConfig
    reports: dict[str, Report] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed_cells: set[int] = field(default_factory=set)  # cells that cost a kernel and are not run again
    suspect_cells: set[int] = field(default_factory=set)  # cells during which a kernel died once
    put: Examine | None = None

    def __post_init__(self) -> None:
        self.bank = {grade_id(i): e for i, e in entries(self.chapter.key).items()}
        self.limits = self.config.limits
        self.deadline = time.monotonic() + self.limits.notebook

    def run(self) -> dict[str, Report]:
        """Run every cell that grading needs, and return a report for every exercise, whatever happens."""
        with JudgeServer(seconds=self.limits.check, put=self.put) as judge, ThreadPoolExecutor(1) as own_thread:
            own_thread.submit(asyncio.run, self._run(judge)).result()
        for cell in self.notebook.cells:
            entry = self._entry(cell)
            if entry:
                report = self.reports.setdefault(
                    entry.exercise.id, _unjudged_report(entry, cell, CellOutcome.NOT_REACHED, 0)
                )
                cell.outputs, cell.execution_count = [_card(report)], None
        return self.reports

    def _entry(self, cell: NotebookNode) -> Entry | None:
        """Return the exercise that this cell checks, if it is one of the instructor's check cells."""
        return self.bank.get(cell.metadata.nbgrader.grade_id) if is_grade(cell) and is_locked(cell) else None

    async def _run(self, judge: JudgeServer) -> None:
        start = 0
        for _ in range(self.limits.restarts + 1):
            try:
                async with Kernel(self.notebook, judge.address, self.config) as kernel:
                    await self._replay(kernel, start)
                    start = await self._go_on(kernel, judge, start)
                    return
            except _CellLost as gone:
                start = self._after_loss(gone, start)
            if self._is_late():
                return
        self.notes.append(f"The kernel was lost more than {self.limits.restarts} times; the rest was not run.")

    def _is_late(self) -> bool:
        """Return whether the notebook has used up its time; then a note says so."""
        late = time.monotonic() > self.deadline
        if late:
            self.notes.append(f"The notebook used up its {self.limits.notebook:g} seconds; the rest was not run.")
        return late

    def _after_loss(self, gone: _CellLost, start: int) -> int:
        """Return where to go on: a cell during which the kernel died is tried twice, as another may be guilty."""
        guilty = gone.outcome is CellOutcome.UNINTERRUPTIBLE
        doubtful = gone.index not in self.suspect_cells and not guilty
        self.suspect_cells.add(gone.index)
        if doubtful:
            return max(start, gone.index)
        self.failed_cells.add(gone.index)
        self.notes.append(f"{self._label(gone.index)} stopped the kernel ({gone}); it was started again.")
        return max(start, gone.index + 1)

    def _label(self, index: int) -> str:
        metadata = self.notebook.cells[index].metadata
        return f"The cell {metadata.nbgrader.grade_id}" if "nbgrader" in metadata else f"Cell {index + 1}"

    def _needed(self, index: int) -> bool:
        cell = self.notebook.cells[index]
        return (
            cell.cell_type == "code"
            and bool(cell.source.strip())
            and index not in self.failed_cells
            and cell.metadata.get("gradschool") != SKIPPED
        )

    def _seconds(self, index: int) -> float:
        return self.limits.locked if is_locked(self.notebook.cells[index]) else self.limits.cell

    async def _replay(self, kernel: Kernel, until: int) -> None:
        """Define again, in a new kernel, what the cells before ``until`` defined; their shown output stays."""
        for index in range(until):
            cell = self.notebook.cells[index]
            if self._needed(index) and not self._entry(cell):
                shown = cell.outputs
                await self._run_cell(kernel, index, self._seconds(index))
                cell.outputs = shown

    async def _go_on(self, kernel: Kernel, judge: JudgeServer, start: int) -> int:
        for index in range(start, len(self.notebook.cells)):
            if self._is_late():
                break
            entry = self._entry(self.notebook.cells[index])
            if entry:
                await self._check(kernel, judge, index, entry)
            elif self._needed(index):
                await self._run_cell(kernel, index, self._seconds(index))
        return len(self.notebook.cells)

    async def _run_cell(self, kernel: Kernel, index: int, seconds: float) -> CellOutcome:
        try:
            return await kernel.run(index, seconds)
        except KernelDied as lost:
            raise _CellLost(index, str(lost), lost.outcome) from lost

    async def _check(self, kernel: Kernel, judge: JudgeServer, index: int, entry: Entry) -> None:
        """Run a check cell with its window open, and keep the judge's report."""
        cell, outcome = self.notebook.cells[index], CellOutcome.KERNEL_DIED
        judge.open(entry.exercise.id)
        try:
            outcome = await self._run_cell(kernel, index, self.limits.check)
        except _CellLost as gone:
            outcome = gone.outcome
            raise
        finally:
            window = judge.close(wait=2.0)
            if outcome is CellOutcome.OK and not window.taken:
                outcome = CellOutcome.NO_CHECK
            if window.broken:
                self.notes.append(f"A reply to {entry.exercise.id} broke the judge ({window.broken}): report this.")
            report = window.report or _unjudged_report(entry, cell, outcome, self.limits.check)
            self.reports[entry.exercise.id] = report


class _CellLost(Exception):
    """The kernel was lost while this cell ran."""

    def __init__(self, index: int, why: str, outcome: CellOutcome) -> None:
        super().__init__(why)
        self.index, self.outcome = index, outcome


HINTS = {
    CellOutcome.TIMEOUT: (
        "never-returned",
        "The function had not returned after {seconds:g} seconds. Is there a loop that never ends?",
    ),
    CellOutcome.UNINTERRUPTIBLE: (
        "never-returned",
        "The function had not returned after {seconds:g} seconds, and did not even stop when it was interrupted.",
    ),
    CellOutcome.KERNEL_DIED: (
        "kernel-died",
        "The function ended the whole kernel (exit, or a crash) instead of returning.",
    ),
    CellOutcome.NO_CHECK: (
        "not-checked",
        "The check never reached the judge: `check` was replaced, or the cell returned before it.",
    ),
    CellOutcome.NOT_REACHED: ("not-reached", "Grading did not get as far as this exercise."),
    CellOutcome.ERROR: ("not-checked", "The check could not start. {error}"),
    CellOutcome.OK: ("broken-off", "The check broke off before the examination had ended."),
}


def _unjudged_report(entry: Entry, cell: NotebookNode, outcome: CellOutcome, seconds: float) -> Report:
    """Return the report for an exercise of which the judge has no record: nothing earned, and why."""
    name, hint = HINTS[outcome]
    error = next((f"{o.ename}: {o.evalue}" for o in cell.get("outputs", []) if o.output_type == "error"), "")
    if outcome is CellOutcome.ERROR:
        error = f"The cell stopped with {error}. Did the cell with your function run without an error?"
    hint = hint.format(seconds=seconds, error=error)
    return Report(entry.exercise.id, entry.exercise.title, 0.0, (), name, hint, points=entry.points)


def _card(report: Report) -> NotebookNode:
    """Return the report as the one output of its check cell."""
    shown = {"text/html": as_html(report), "text/plain": as_text(report)}
    output: NotebookNode = nbformat.from_dict({"output_type": "display_data", "metadata": {}, "data": shown})
    return output
