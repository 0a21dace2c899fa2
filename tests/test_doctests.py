"""The examples in the student package's docstrings: each gives what it says, and none gives a solution away."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from grader.course import ROOT
from gradschool.core.exercise import CHAPTERS, in_chapter

PACKAGE = ROOT / "src" / "gradschool"
FILES = [file for file in sorted(PACKAGE.rglob("*.py")) if ">>> " in file.read_text()]


def examples(file: Path) -> list[doctest.DocTest]:
    """What a file's docstrings show, one test for each docstring that shows something."""
    name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    return [test for test in doctest.DocTestFinder().find(import_module(name)) if test.examples]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_what_an_example_shows_is_what_comes_out(file: Path) -> None:
    said: list[str] = []
    for test in examples(file):
        result = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test, out=said.append)
        assert result.attempted > 0
    assert not said, "".join(said)


def test_there_are_examples_in_many_modules() -> None:
    assert len(FILES) >= 10
    assert sum(len(examples(file)) for file in FILES) >= 20


def test_no_example_calls_a_function_that_an_exercise_asks_for() -> None:
    asked = {e.function for part in CHAPTERS for e in in_chapter(part)}
    shown = [(test.name, test.name.rpartition(".")[2]) for file in FILES for test in examples(file)]
    assert not [name for name, function in shown if function in asked]
    spoken = [file.stem for file in FILES if "exercises" in file.relative_to(PACKAGE).parts]
    assert not spoken  # inputs and oracles stay without an example
