"""Whose fault it is that a cell failed: the instructor's text is tried without the student's, and that decides."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter
from grader.errors import EnvironmentFault
from grader.execution import canary
from grader.execution.config import TimeLimits
from grader.results import GradeRecord
from tests.grader.execution.test_canary import with_locked_cell
from tests.grader.execution.test_notebook_run import cell, graded

pytestmark = pytest.mark.slow
FULL = {i: e.points for i, e in entries("chain").items()}


@pytest.fixture
def locked(chain: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Add a locked cell to the chapter, by its text and the check that it follows."""

    def add(text: str, after: str = "") -> None:
        file = with_locked_cell(chain, tmp_path, text, after)
        monkeypatch.setattr(Chapter, "source", property(lambda _: file))

    return add


def test_a_locked_cell_that_fails_by_itself_is_no_students_fault(
    solved: NotebookNode,
    chain: Chapter,
    tmp_path: Path,
    locked,
) -> None:
    locked("plt.no_such_function()", after="chain.l2_gradient")
    with pytest.raises(EnvironmentFault) as raised:
        graded(solved, chain, tmp_path)
    said = str(raised.value)
    assert said.startswith(
        "Could not be graded, for no fault of the student's: The cell shown raises AttributeError: module "
        "'matplotlib.pyplot' has no attribute 'no_such_function' (line 1: `plt.no_such_function()`), and without the "
        "student's cells the lesson's own cell shown of 01-loss-as-chain-rule fails in a student's kernel"
    )


def test_a_locked_cell_that_fails_on_the_students_function_is_graded_as_ever(
    solved: NotebookNode,
    chain: Chapter,
    tmp_path: Path,
    locked,
) -> None:
    locked("l2_gradient(np.ones(2), np.zeros(2)).shape", after="chain.l2_gradient")
    cell(solved, "chain-l2-gradient-solution").source = "def l2_gradient(p, l):\n    return None\n"
    record = GradeRecord.read(graded(solved, chain, tmp_path))
    assert record.earned() == {**FULL, "chain.l2_gradient": 0.0}
    (note,) = (n for n in record.notes if n.startswith("The cell shown raises AttributeError: 'NoneType'"))
    assert note.endswith("Without the student's cells it does not: one of them is the cause.")


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nsys.modules['torch'] = None\n",
        "import sys\nfor name in [n for n in sys.modules if 'gradschool' in n]:\n    sys.modules[name] = None\n",
        "import os\nos.environ['GRADSCHOOL_JUDGE_SOCKET'] = '/tmp/nobody'\n",
    ],
)
def test_a_student_cannot_trade_a_zero_for_no_mark(
    solved: NotebookNode,
    chain: Chapter,
    tmp_path: Path,
    text: str,
) -> None:
    """What a student does to a kernel does not reach the one in which the instructor's text is tried."""
    solved.cells.insert(1, nbformat.v4.new_code_cell(text))
    limits = TimeLimits(check=20.0, cell=20.0, locked=60.0, notebook=120.0, restarts=2)
    record = GradeRecord.read(graded(solved, chain, tmp_path, limits))
    assert set(record.earned().values()) == {0.0}
    assert any("one of them is the cause" in note for note in record.notes)


def test_a_cell_that_fails_before_any_of_the_students_is_no_students_fault(
    solved: NotebookNode,
    chain: Chapter,
    tmp_path: Path,
    locked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if it does not fail again, as on a machine that was full for a moment."""
    locked("1 / 0")
    monkeypatch.setattr(canary, "problem", lambda *_: "")
    with pytest.raises(EnvironmentFault, match=r"before any cell of the student's ran; grade it again\.$"):
        graded(solved, chain, tmp_path)


def test_a_judge_that_breaks_is_no_students_fault(
    solved: NotebookNode,
    chain: Chapter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.judging.server.examine", breaks)
    with pytest.raises(EnvironmentFault, match=r"broke the judge \(ZeroDivisionError\): please report this\.$"):
        graded(solved, chain, tmp_path)
