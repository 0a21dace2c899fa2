"""A student's failing cell is told by its own error and line; what fails because of it says so."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter
from grader.execution.cell_errors import CellError, because_of, cell_error, names_bound
from grader.execution.cell_outcome import CellOutcome
from grader.execution.config import TimeLimits
from grader.results import GradeRecord
from tests.grader.execution.test_notebook_run import cell, graded

FULL = {i: e.points for i, e in entries("chain").items()}


def failing(source: str, ename: str, evalue: str, *traceback: str) -> NotebookNode:
    made = nbformat.v4.new_code_cell(source)
    made.outputs = [nbformat.v4.new_output("error", ename=ename, evalue=evalue, traceback=list(traceback))]
    return made


def test_the_line_is_the_cells_own_and_its_text_is_the_students() -> None:
    source = "import f\n\ndef g():\n    return f.h()\n\ng()"
    frames = (
        "Cell \x1b[32mIn[7], line 6\x1b[0m",
        "Cell In[7], line 4, in g()",
        "Cell In[2], line 1, in h()",
        "File x.py:3",
    )
    found = cell_error(failing(source, "ValueError", "no", *frames), CellOutcome.ERROR)
    assert found.sentence == "raises ValueError: no (line 4: `return f.h()`)"


@pytest.mark.parametrize("frames", [(), ("Cell In[1], line 99",), ("Cell In[1], line 99999999999999999999",), ("",)])
def test_a_line_that_is_not_there_is_not_told(frames: tuple[str, ...]) -> None:
    found = cell_error(failing("x", "ValueError", "no", *frames), CellOutcome.ERROR)
    assert found.sentence.startswith("raises ValueError: no")
    assert "`" not in found.sentence


def test_where_a_package_lies_on_this_machine_is_nobodys_business() -> None:
    found = failing("x", "ImportError", "cannot import name 'y' from 'numpy' (/secret/numpy/__init__.py)")
    assert "/secret" not in cell_error(found, CellOutcome.ERROR).sentence


def test_names_that_a_cell_binds() -> None:
    assert names_bound("import a.b, c as d\nfrom e import f\nG: int = 1\nfor h in []: pass\ndef i(): j = 1") == set(
        "adfGhi"
    )
    assert names_bound("EPS = 1\nk == 2\ndef f(:\n    y = 1\nclass C:") == {"EPS", "f", "C"}


def test_an_error_that_only_follows_another_says_so() -> None:
    first = CellError("chain-a-solution", "raises SyntaxError: no", binds=frozenset({"EPS"}))
    follows = CellError("chain-b-solution", "raises NameError: name 'EPS' is not defined (line 1: `EPS`)")
    told = because_of(follows, [first]).sentence
    assert told.endswith(", which the cell chain-a-solution should define, and that failed")
    other = CellError("chain-b-solution", "raises NameError: name 'other' is not defined")
    assert because_of(other, [first]) == other


@pytest.mark.slow
def test_each_failing_cell_is_told_by_its_own_error(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    def change(exercise: str, before: str = "", text: str | None = None) -> None:
        target = cell(solved, f"chain-{exercise}-solution")
        target.source = before + (target.source if text is None else text)

    change("l2-gradient", "<<<<<<< HEAD\n")
    change("numerical-gradient", "import seaborn as sns\n")
    change("linear-jacobian", "EPS = 1 / 0\n")
    change("jacobian-product", text="def jacobian_product(A, B):\n    import seaborn\n    return A @ B\n")
    change("linear-vjp", text="def linear_vpj(W, g):\n    return W.T @ g\n")
    change("relu-vjp", text="def relu_vjp(z, g):\n    return g * (z > 0)\n\nwhile True:\n    pass\n")
    change("maximise", text="def maximise(f, a, steps, lr:\n    pass\n")
    change("sgd-step", text="def sgd_step(W, g, lr):\n    return EPS\n")
    done = graded(solved, chain, tmp_path, TimeLimits(cell=2.0, check=60.0))
    record = GradeRecord.read(done)
    hints = {e.exercise.partition(".")[2]: e.hint for e in record.exercises if e.mistake}
    assert hints["l2_gradient"] == (
        "Your cell raises SyntaxError: invalid syntax (line 1: `<<<<<<< HEAD`, a conflict marker of git), "
        "so `l2_gradient` was not examined."
    )
    assert hints["numerical_gradient"].startswith(
        "Your cell imports seaborn, which is not installed where work is graded"
    )
    assert hints["linear_jacobian"] == (
        "Your cell raises ZeroDivisionError: division by zero (line 1: `EPS = 1 / 0`), "
        "so `linear_jacobian` was not examined."
    )
    assert "No module named 'seaborn'" in hints["jacobian_product"]
    assert hints["linear_vjp"] == "`linear_vjp` was not examined: none of your cells that ran defines this name."
    assert "SyntaxError" in hints["maximise"]
    assert "(line 1: `def maximise(f, a, steps, lr:`)" in hints["maximise"]
    assert hints["sgd_step"].startswith(
        "`EPS` is not defined, since the cell that should define it raises ZeroDivision"
    )
    assert {e.exercise: e.earned for e in record.exercises} == {
        name: 0.0 if name.partition(".")[2] in hints else points for name, points in FULL.items()
    }
    assert "relu_vjp" not in hints  # its function was there before the cell was stopped
    notes = "\n".join(record.notes)
    assert "The cell chain-relu-vjp-solution was stopped after 2 seconds of CPU time (line 4: `while True:`)." in notes
    assert "The cell chain-numerical-gradient-solution imports seaborn, which is not installed where work is" in notes
    assert "The function of chain.jacobian_product imports seaborn" in notes
    assert record.errors["chain-l2-gradient-solution"].startswith("raises SyntaxError: invalid syntax (line 1: ")
    card = cell(done, "chain-l2-gradient").outputs[0].data["text/plain"]
    assert "SyntaxError: invalid syntax (line 1" in card
