"""An exception names the shapes of the arrays that met, and runs nothing to find out."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.calling import Raised, call_once
from gradschool.core.exercise import find

EXERCISE = find("chain.l2_gradient")
ARGS = {"p": np.ones(3), "l": np.ones(3)}


def from_cell(source: str, name: str = "<a cell of the test>") -> Callable[..., Any]:
    """A function as IPython compiles it: its source is known to linecache under a made-up file name."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    space: dict[str, Any] = {"np": np, "torch": torch}
    exec(compile(source, name, "exec"), space)
    return space["f"]  # type: ignore[no-any-return]


def message(line: str) -> str:
    raised = call_once(EXERCISE, from_cell(f"def f(p, l):\n    W = np.ones((3, 2))\n    return {line}\n"), ARGS).first
    assert isinstance(raised, Raised)
    return raised.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("W @ p", "`W @ p`: W is (3, 2), p is (3,)"),
        ("(W - l).sum()", "`W - l`: W is (3, 2), l is (3,)"),
        ("np.matmul(W, W)", "`np.matmul(W, W)`: W is (3, 2)"),
        ("W[:, 5]", "`W[:, 5]`: W is (3, 2)"),
        ("torch.ones(2, 3) @ torch.as_tensor(l[:2])", "l is (3,)"),
    ],
)
def test_the_message_names_the_expression_and_the_shapes(line: str, said: str) -> None:
    assert said in message(line)
    assert "line 3 of f" in message(line)


@pytest.mark.parametrize(
    "line",
    [
        "int('no')",  # no array
        "(_ for _ in ()).throw(ValueError('own'))",
        "np.ones(2) + np.ones(3)",  # no array that has a name
        "W @\\\n    p",  # several lines
    ],
)
def test_without_an_array_that_has_a_name_nothing_is_added(line: str) -> None:
    assert "`" not in message(line)


def test_nothing_is_run_again() -> None:
    """A function that counts its calls: names are looked up, expressions are not evaluated."""
    source = (
        "calls = []\ndef g(x):\n    calls.append(x)\n    return x\ndef f(p, l):\n    return g(p) @ np.ones((2, 2))\n"
    )
    answer = from_cell(source)
    found = call_once(EXERCISE, answer, ARGS).first
    assert isinstance(found, Raised)
    assert "p is (3,)" in found.message
    assert len(answer.__globals__["calls"]) == 1


HOSTILE = """
class ndarray(np.ndarray):
    @property
    def shape(self):
        raise SystemExit
ndarray.__module__ = "numpy"
class Loader:
    def get_source(self, name):
        raise SystemExit
__name__, __loader__ = "anything", Loader()
def f(p, l):
    own = p.view(ndarray)
    return own @ np.ones((2, 2))
"""


@pytest.mark.parametrize("source_is_known", [True, False])
def test_what_only_says_that_it_is_an_array_is_not_asked(source_is_known: bool) -> None:
    """Neither a class under an array's name nor a module's loader runs code of its own."""
    answer = from_cell(HOSTILE, "<a cell of the test>" if source_is_known else "a_file_of_the_test.py")
    if not source_is_known:
        del linecache.cache[answer.__code__.co_filename]
    found = call_once(EXERCISE, answer, ARGS).first
    assert isinstance(found, Raised)
    assert found.type == "ValueError"
    assert found.message.endswith("(line 3 of f)")


def test_two_sizes_of_one_mistake_are_one_mistake() -> None:
    """The hint is about the kind of the exception, whatever the shapes of each input are."""
    report = check_here(EXERCISE, from_cell("def f(p, l):\n    return p @ np.ones((99, 2))\n"))
    assert report.mistake == "raised"
    assert "p is (" in report.hint
