"""Running one student's notebook with the judge listening, and keeping the judge's reports.

A cell that hangs or kills its kernel costs itself alone: the kernel is started again, the cells that define things
run once more without the culprit, and grading goes on where it was. All of it is paid from one account: the
notebook's seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import Chapter
from grader.errors import EnvironmentFault
from grader.execution import canary
from grader.execution.canary import lesson_packages
from grader.execution.cell_errors import CellError, because_of, cell_error
from grader.execution.cell_outcome import CellOutcome, KernelDied, MachineTooBusy
from grader.execution.config import ExecutionConfig
from grader.execution.kernel import Kernel
from grader.execution.student_time import Excess, Seconds, in_words, never
from grader.execution.unexamined import is_explained, missing_module, unexamined_report, with_cause
from grader.judging.examine import Examine
from grader.judging.server import Examination, JudgeServer
from grader.notebooks.nbgrader_cells import is_grade, is_locked
from grader.notebooks.overwrite_cells import SKIPPED
from gradschool.check.card import as_html, as_text
from gradschool.core.exercise import grade_id
from gradschool.core.report import Report

REPLAYED = 3.0  # CPU seconds for a cell that did not end the first time, when it runs again in another kernel
NOT_THEIRS = "Could not be graded, for no fault of the student's"


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
    errors: dict[int, CellError] = field(default_factory=dict)  # of cells that failed, checks left out
    doubts: dict[int, str] = field(default_factory=dict)  # cells that failed in ways that may be nobody's at all
    broken: list[str] = field(default_factory=list)  # what broke the judge, which nothing should
    ran: set[int] = field(default_factory=set)
    endless: set[int] = field(default_factory=set)  # cells that were stopped, and are given less when they run again
    used: Seconds = field(default_factory=Seconds)
    _stopped: dict[int, str] = field(default_factory=dict)  # after what time a cell was stopped

    def __post_init__(self) -> None:
        self.bank = {grade_id(i): e for i, e in entries(self.chapter.key).items()}
        self.limits = self.config.limits
        self.most = self.limits.allowance(self.limits.notebook)

    def run(self) -> dict[str, Report]:
        """Run every cell that grading needs, and return a report for every exercise, whatever happens."""
        seconds = self.limits.allowance(self.limits.check).wall
        with JudgeServer(seconds=seconds, put=self.put) as judge, ThreadPoolExecutor(1) as own_thread:
            try:
                own_thread.submit(self._run, judge).result()
            except MachineTooBusy as busy:
                raise EnvironmentFault(f"{NOT_THEIRS}: {busy}; grade it again when it is quieter.") from busy
        self._note_errors()
        self._settle_doubts()
        for cell in self.notebook.cells:
            entry = self._entry(cell)
            if entry:
                report = self.reports.setdefault(
                    entry.exercise.id, unexamined_report(entry, cell, CellOutcome.NOT_REACHED)
                )
                cell.outputs, cell.execution_count = [_card(report)], None
        return self.reports

    def _entry(self, cell: NotebookNode) -> Entry | None:
        """Return the exercise that this cell checks, if it is one of the instructor's check cells."""
        return self.bank.get(cell.metadata.nbgrader.grade_id) if is_grade(cell) and is_locked(cell) else None

    def _run(self, judge: JudgeServer) -> None:
        start = 0
        for _ in range(self.limits.restarts + 1):
            try:
                with Kernel(self.notebook, judge.address, self.config) as kernel:
                    self._replay(kernel, start)
                    start = self._go_on(kernel, judge, start)
                    return
            except _CellLost as gone:
                start = self._after_loss(gone, start)
            if self._is_late():
                return
        self.notes.append(f"The kernel was lost more than {self.limits.restarts} times; the rest was not run.")

    def _is_late(self) -> bool:
        """Return whether the notebook has used up its seconds; then a note says so."""
        kind = self.used.excess(self.most)
        if kind is Excess.WALL:
            raise MachineTooBusy(self.used.cpu, self.used.wall)
        note = f"The notebook used up its {in_words(kind, self.most)}; the rest was not run." if kind else ""
        if note and note not in self.notes:
            self.notes.append(note)
        return bool(note)

    def _after_loss(self, gone: _CellLost, start: int) -> int:
        """Return where to go on: a cell during which the kernel died is tried twice, as another may be guilty."""
        guilty = gone.outcome is CellOutcome.UNINTERRUPTIBLE
        doubtful = gone.index not in self.suspect_cells and not guilty
        self.suspect_cells.add(gone.index)
        if doubtful:
            return max(start, gone.index)
        self.failed_cells.add(gone.index)
        self._note_failure(gone.index, gone.outcome, str(gone))
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

    def _cpu_seconds(self, index: int, again: bool) -> float:
        most = self.limits.locked if is_locked(self.notebook.cells[index]) else self.limits.cell
        return min(most, REPLAYED) if again and index in self.endless else most

    def _replay(self, kernel: Kernel, until: int) -> None:
        """Define again, in a new kernel, what the cells before ``until`` defined; their shown output stays."""
        for index in range(until):
            cell = self.notebook.cells[index]
            if self._needed(index) and not self._entry(cell) and not self._is_late():
                shown = cell.outputs
                self._run_cell(kernel, index, self._cpu_seconds(index, again=True), again=True)
                cell.outputs = shown

    def _go_on(self, kernel: Kernel, judge: JudgeServer, start: int) -> int:
        for index in range(start, len(self.notebook.cells)):
            if self._is_late():
                break
            entry = self._entry(self.notebook.cells[index])
            if entry:
                self._check(kernel, judge, index, entry)
            elif self._needed(index):
                self._run_cell(kernel, index, self._cpu_seconds(index, again=False))
        return len(self.notebook.cells)

    def _run_cell(
        self,
        kernel: Kernel,
        index: int,
        cpu: float,
        again: bool = False,
        excused: Callable[[], bool] = never,
    ) -> CellOutcome:
        """Run a cell; what it raises when it runs ``again`` in another kernel counts in locked cells alone."""
        self.ran.add(index)
        left = self.most - self.used
        try:
            outcome = kernel.run(index, cpu, left, excused)
        except KernelDied as lost:
            self._stopped[index] = self._after(kernel, cpu, left)
            raise _CellLost(index, str(lost), lost.outcome) from lost
        finally:
            self.used += kernel.used
        if outcome is CellOutcome.TIMEOUT:
            self.endless.add(index)
            self._stopped[index] = self._after(kernel, cpu, left)
        no_time = again and self._is_late()  # the notebook's seconds went to cells of the student's
        if outcome is not CellOutcome.OK and not no_time and (not again or is_locked(self.notebook.cells[index])):
            self._note_failure(index, outcome)
        return outcome

    def _after(self, kernel: Kernel, cpu: float, left: Seconds) -> str:
        """Return after what time a cell was stopped, in words."""
        return in_words(kernel.exceeded or Excess.CPU, self.limits.allowance(cpu).at_most(left))

    def _note_failure(self, index: int, outcome: CellOutcome, lost: str = "") -> None:
        """Keep how a cell failed, the first time; a check's failure is the judge's to tell."""
        cell = self.notebook.cells[index]
        if self._entry(cell):
            return
        found = cell_error(cell, outcome, self._stopped.get(index, ""), lost)
        error = self.errors.setdefault(index, because_of(found, self._failed(index)))
        if is_locked(cell) or (error.module and error.module.partition(".")[0] in lesson_packages(self.chapter)):
            self.doubts.setdefault(index, error.sentence)

    def _failed(self, before: int) -> list[CellError]:
        """Return the errors of the cells before this one."""
        return [e for i, e in sorted(self.errors.items()) if i < before]

    def _check(self, kernel: Kernel, judge: JudgeServer, index: int, entry: Entry) -> None:
        """Run a check cell with its window open, and keep the judge's report."""
        outcome = CellOutcome.KERNEL_DIED
        judge.open(entry.exercise.id)
        try:
            outcome = self._run_cell(kernel, index, self.limits.check, excused=judge.is_thinking)
        except _CellLost as gone:
            outcome = gone.outcome
            raise
        finally:
            window = judge.close()
            if outcome is CellOutcome.OK and not window.taken:
                outcome = CellOutcome.NO_CHECK
            elif outcome is CellOutcome.TIMEOUT and self._is_late():
                outcome = CellOutcome.NOT_REACHED
            self._keep_report(index, entry, outcome, window)

    def _keep_report(self, index: int, entry: Entry, outcome: CellOutcome, window: Examination) -> None:
        """Keep the judge's report of an exercise, or one that says why there is none."""
        cell, failed = self.notebook.cells[index], self._failed(index)
        self.doubts.pop(index, None)  # of a first try
        if window.broken:
            self.broken.append(f"a reply to {entry.exercise.id} broke the judge ({window.broken}): please report this")
        elif outcome is CellOutcome.ERROR and not window.taken and not is_explained(cell, entry):
            self.doubts.setdefault(index, cell_error(cell, outcome).sentence)
        elif outcome is CellOutcome.KERNEL_DIED and not window.taken:
            self.doubts.setdefault(index, "stopped the kernel before the check had begun")
        if window.report:
            self.reports[entry.exercise.id] = with_cause(window.report, failed)
        else:
            self.reports[entry.exercise.id] = unexamined_report(
                entry, cell, outcome, self._stopped.get(index, ""), failed
            )

    def _note_errors(self) -> None:
        """Add a note for the instructor of each cell of an answer that failed, and of each module that is not there."""
        for index, error in sorted(self.errors.items()):
            locked = is_locked(self.notebook.cells[index])
            if index not in self.failed_cells and not locked and (error.cell or error.module):
                label = f"The cell {error.cell}" if error.cell else "A cell of the student's own"
                self.notes.append(f"{label} {error.sentence}.")
        for report in self.reports.values():
            if module := missing_module(report):
                self.notes.append(
                    f"The function of {report.exercise} imports {module}, which is not installed where work is graded."
                )

    def _settle_doubts(self) -> None:
        """Raise EnvironmentFault if what failed fails without the student's cells, too; else note that it does not.

        The student's kernel is gone by now, and can do nothing to the one that tries the instructor's text alone.
        """
        if self.broken:
            raise EnvironmentFault(f"{NOT_THEIRS}: {self.broken[0]}.")
        if not self.doubts:
            return
        index = min(self.doubts)
        what = f"{self._label(index)} {self.doubts[index]}"
        if why := canary.problem(self.chapter, self.config, self.notebook):
            raise EnvironmentFault(f"{NOT_THEIRS}: {what}, and without the student's cells {why}.")
        if not any(i < index and not is_locked(self.notebook.cells[i]) for i in self.ran):
            raise EnvironmentFault(f"{NOT_THEIRS}: {what}, before any cell of the student's ran; grade it again.")
        self.notes.append(f"{what}. Without the student's cells it does not: one of them is the cause.")


class _CellLost(Exception):
    """The kernel was lost while this cell ran."""

    def __init__(self, index: int, why: str, outcome: CellOutcome) -> None:
        super().__init__(why)
        self.index, self.outcome = index, outcome


def _card(report: Report) -> NotebookNode:
    """Return the report as the one output of its check cell."""
    shown = {"text/html": as_html(report), "text/plain": as_text(report)}
    output: NotebookNode = nbformat.from_dict({"output_type": "display_data", "metadata": {}, "data": shown})
    return output
