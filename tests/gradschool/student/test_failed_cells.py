"""A name that is not defined is explained by the cell that failed to define it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gradschool.student import failed_cells

SQUASH = "from no_such_module import expit\ndef squash(z):\n    return expit(z)\n"


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    failed_cells.watch(shell)
    failed_cells.watch(shell)  # the first cell is run again
    yield shell
    shell.history_manager.enabled = False


@pytest.fixture
def run(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    def run_cell(source: str) -> str:
        capsys.readouterr()
        shell.run_cell(source, store_history=False)
        lines = capsys.readouterr().out.splitlines()
        return "\n".join(line for line in lines if "is not defined, since" in line)

    shell.reset(new_session=False)
    return run_cell


def test_the_cell_at_fault_is_named_until_it_is_mended(run) -> None:
    run(SQUASH)
    said = run("squash(1.0)")
    assert said == (
        "squash is not defined, since the cell that defines it ended in ModuleNotFoundError: No module named "
        "'no_such_module'. Mend that cell, run it, then run this one again."
    )
    assert "ModuleNotFoundError" in run("def f():\n    return squash(1.0)\nf()")
    run("def squash(z):\n    return z")
    assert run("squash(1.0)") == ""
    run("del squash")
    assert run("squash(1.0)") == ""  # nothing is known


def test_a_cell_that_does_not_parse_is_the_cause_too(run) -> None:
    run("def other(z):\n    return z +\n")
    assert "since the cell that defines it ended in SyntaxError: invalid syntax." in run("other(1.0)")


def test_other_names_and_other_errors_are_left_alone(run) -> None:
    run(SQUASH)
    assert run("unknown_name") == ""
    assert run("1 / 0") == ""


def test_nothing_is_watched_where_nobody_looks_on() -> None:
    failed_cells.watch()  # there is no shell at all here
