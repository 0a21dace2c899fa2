"""The notebook's account of time: every run of a cell is paid from it, also those after a restart."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from grader.course import ROOT, Chapter
from grader.errors import EnvironmentFault
from grader.execution import notebook_run
from grader.execution.cell_outcome import CellOutcome, KernelDied, MachineTooBusy
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.execution.notebook_run import NotebookRun
from grader.execution.student_time import Excess, Seconds

LIMITS = TimeLimits(cell=30.0, notebook=100.0, restarts=12)


class FakeKernel:
    """A kernel whose cells say in their source what they use, and whether they end it: "cpu 5", "asleep 9 dies"."""

    ran: list[str] = []  # noqa: RUF012

    def __init__(self, notebook: NotebookNode, *_: Any) -> None:
        self.notebook, self.used, self.exceeded = notebook, Seconds(), None

    def __enter__(self) -> FakeKernel:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, index: int, cpu: float, left: Seconds, excused: Any) -> CellOutcome:
        kind, amount, *then = self.notebook.cells[index].source.split()
        wanted = Seconds(**{kind: float(amount)})
        most = LIMITS.allowance(cpu).at_most(left)
        self.used, self.exceeded = wanted.at_most(most), wanted.excess(most)
        self.ran.append(self.notebook.cells[index].source)
        if then:
            raise KernelDied
        if self.exceeded is Excess.WALL:
            raise MachineTooBusy(self.used.cpu, self.used.wall)
        return CellOutcome.TIMEOUT if self.exceeded else CellOutcome.OK


@pytest.fixture
def run(chain: Chapter, monkeypatch: pytest.MonkeyPatch):
    """Run cells in fake kernels; return the run."""
    monkeypatch.setattr(notebook_run, "Kernel", FakeKernel)
    monkeypatch.setattr(FakeKernel, "ran", [])

    def go(*sources: str, first: dict[str, Any] | None = None) -> NotebookRun:
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[0].metadata.update(first or {})
        made = NotebookRun(nbformat.v4.new_notebook(cells=cells), chain, ExecutionConfig(ROOT / "build", limits=LIMITS))
        made.run()
        return made

    return go


@pytest.mark.parametrize(("kind", "most"), [("cpu", 100.0), ("asleep", 300.0)])
def test_what_runs_again_is_paid_like_the_first_time(run, kind: str, most: float) -> None:
    """A fifth of all that there is, before many losses: without an account, each restart would cost it again."""
    found = run(f"{kind} {most / 5:g}", *["cpu 0 dies"] * 12, "cpu 1")
    assert getattr(found.used, kind) == most
    assert FakeKernel.ran.count(f"{kind} {most / 5:g}") == 5
    assert "cpu 1" not in FakeKernel.ran
    (note,) = [n for n in found.notes if n.startswith("The notebook used up its")]
    assert note.endswith("; the rest was not run.")


def test_a_cell_that_never_ends_costs_little_when_it_runs_again(run) -> None:
    found = run("cpu 1000", "cpu 0 dies", "cpu 1")
    assert found.used.cpu == 30.0 + 2 * notebook_run.REPLAYED + 1.0
    assert FakeKernel.ran[-1] == "cpu 1"


def test_no_cell_may_take_more_than_is_left_of_the_notebook(run) -> None:
    found = run(*["cpu 29"] * 4, "cpu 1")
    assert found.used.cpu == 100.0


def test_imports_that_have_no_time_left_in_another_kernel_are_the_students_doing(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instructor's own cell is stopped, for the student's cells have used up the notebook's time: still a mark."""
    monkeypatch.setattr(notebook_run.canary, "problem", lambda *_: "")
    imports = {"nbgrader": {"grade_id": "imports", "locked": True, "solution": False, "grade": False}}
    found = run("cpu 20", "cpu 25", *["cpu 0 dies"] * 9, first=imports)
    assert (found.used.cpu, found.doubts) == (100.0, {})
    assert "The notebook used up its 100 seconds of CPU time; the rest was not run." in found.notes
    with pytest.raises(EnvironmentFault, match="before any cell of the student's ran"):
        run("cpu 1000", "cpu 1", first=imports)


def test_a_machine_that_gives_nothing_fails_nobody(run) -> None:
    with pytest.raises(EnvironmentFault, match=r"no fault of the student's: the machine was too busy: .* when it is"):
        run("wall 100000")
