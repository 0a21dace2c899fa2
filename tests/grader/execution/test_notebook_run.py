"""One notebook in a real kernel: whatever a student's code does costs its own exercise and no other."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import ROOT, Chapter
from grader.execution import grade_notebook
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.notebooks.overwrite_cells import NOT_RUN
from grader.results import GradeRecord
from tests.support.time_limits import PATIENT

pytestmark = pytest.mark.slow

# CPU seconds, for code that never ends: what ends takes less, however busy the machine is.
QUICK = TimeLimits(check=2.0, cell=2.0, wall=1000.0)
FULL = {i: e.points for i, e in entries("chain").items()}


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def graded(notebook: NotebookNode, chain: Chapter, tmp_path: Path, limits: TimeLimits | None = None) -> NotebookNode:
    nbformat.write(notebook, tmp_path / "submitted.ipynb")
    config = ExecutionConfig(ROOT / "build", limits=limits or PATIENT)
    return grade_notebook.grade_notebook(tmp_path / "submitted.ipynb", chain, config)


def earned(notebook: NotebookNode) -> dict[str, float]:
    return GradeRecord.read(notebook).earned()


def mistake(notebook: NotebookNode, exercise: str) -> str:
    return next(e.mistake for e in GradeRecord.read(notebook).exercises if e.exercise == exercise)


def test_noise_never_costs_a_mark(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    """stderr, warnings, progress bars, megabytes of print: stock nbgrader gives 0 for the first three."""
    noise = """
import sys, warnings
from tqdm import tqdm

def relu_vjp(z, g):
    print("o" * 2_000_000)
    print("careful", file=sys.stderr)
    warnings.warn("old", stacklevel=1)
    for _ in tqdm(range(3)):
        pass
    return g * (z > 0)

print("o" * 3_000_000)
sys.stderr.write("e" * 1_000_000)
"""
    cell(solved, "chain-relu-vjp-solution").source = noise
    done = graded(solved, chain, tmp_path)
    assert earned(done) == FULL
    assert len(nbformat.writes(done)) < 1_000_000


def test_endless_crash_and_exit_cost_only_themselves(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    cell(solved, "chain-l2-gradient-solution").source = "def l2_gradient(p, l):\n    while True:\n        pass\n"
    stubborn = """
def numerical_gradient(f, x, h):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
    cell(solved, "chain-numerical-gradient-solution").source = stubborn
    cell(solved, "chain-relu-vjp-solution").source = "import os\n\ndef relu_vjp(z, g):\n    os._exit(3)\n"
    cell(solved, "chain-tanh-vjp-solution").source = "def tanh_vjp(z, g):\n    exit()\n"
    cell(solved, "chain-sgd-step-solution").source = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    done = graded(solved, chain, tmp_path, QUICK)
    lost = ("chain.l2_gradient", "chain.numerical_gradient", "chain.relu_vjp", "chain.tanh_vjp", "chain.sgd_step")
    assert earned(done) == {**FULL, **dict.fromkeys(lost, 0.0)}
    assert mistake(done, "chain.l2_gradient") == "never-returned"
    assert mistake(done, "chain.numerical_gradient") == "never-returned"
    assert mistake(done, "chain.relu_vjp") == "kernel-died"
    assert mistake(done, "chain.tanh_vjp") == "none"  # IPython's exit() comes back, and ends the kernel a little later
    assert mistake(done, "chain.sgd_step") == "not-checked"
    assert any("stopped the kernel" in note for note in GradeRecord.read(done).notes)


def test_a_cell_that_does_not_parse_costs_only_itself(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    cell(solved, "chain-shared-paths-solution").source = "def shared_paths(W, x, g:\n    return 0"
    done = graded(solved, chain, tmp_path)
    assert earned(done) == {**FULL, "chain.shared_paths": 0.0}
    card = cell(done, "chain-shared-paths").outputs[0].data["text/plain"]
    assert "SyntaxError" in card
    assert "(line 1: `def shared_paths(W, x, g:`)" in card


def test_what_the_cell_prints_or_returns_is_no_mark(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    """A faked check, a cell that ends in a number, tags that skip the cell: nothing but the judge's record counts."""
    cell(
        solved, "chain-l2-gradient-solution"
    ).source = "def l2_gradient(p, l):\n    return 0 * p\n\ncheck = lambda *a: 4.0"
    target = cell(solved, "chain-l2-gradient")
    target.metadata["tags"] = ["skip-execution", "raises-exception"]
    target.metadata.nbgrader["points"] = 1000
    target.source = "4.0"
    cell(solved, "chain-numerical-gradient-solution").source += "\nfrom gradschool import check\n"
    done = graded(solved, chain, tmp_path)
    assert earned(done) == {**FULL, "chain.l2_gradient": 0.0}
    assert GradeRecord.read(done).exercises[0].points == FULL["chain.l2_gradient"]


def test_calling_check_early_and_often_changes_nothing(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    extra = nbformat.v4.new_code_cell(
        "from gradschool import check\nfor _ in range(30):\n    try:\n"
        "        check('chain.l2_gradient', lambda p, l: l - p)\n    except AssertionError:\n        pass"
    )
    at = solved.cells.index(cell(solved, "chain-l2-gradient"))
    solved.cells.insert(at + 1, extra)
    solved.cells.insert(at, nbformat.v4.new_code_cell(extra.source))
    assert earned(graded(solved, chain, tmp_path)) == FULL


def test_experiments_are_left_out_unless_changed(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    experiments = [c for c in solved.cells if "experiment" in c.metadata.get("tags", [])]
    assert experiments
    changed = experiments[0].source = experiments[0].source + "\nprint('I was run')"
    done = graded(solved, chain, tmp_path)
    by_source = {c.source: c for c in done.cells}
    assert "I was run" in str(by_source[changed].outputs)
    for other in experiments[1:]:
        (said,) = by_source[other.source].outputs
        assert said.text == NOT_RUN


def test_the_kernel_sees_nothing_of_the_graders(solved: NotebookNode, chain: Chapter, tmp_path: Path) -> None:
    look = nbformat.v4.new_code_cell(
        "import importlib.util, os, sys\n"
        "print(importlib.util.find_spec('grader'), [m for m in sys.modules if m.startswith('grader')],"
        " [k for k in os.environ if 'WORK' in k or 'RELEASE' in k])"
    )
    solved.cells.insert(3, look)
    done = graded(solved, chain, tmp_path)
    shown = next(c for c in done.cells if c.source == look.source).outputs[0].text
    assert shown.strip() == "None [] []"
