"""The hints of the lessons: none of them is the solution."""

from __future__ import annotations

import re

import pytest
from nbformat import NotebookNode

from grader.course import chapter
from tests.support.lesson_cells import cells_of

READ = ["chain", "dqn", "ddpg", "lab"]  # the chapters whose hints hold to it
LEAST = 9  # characters, without spaces, of an expression that says something


def hints_and_solutions(cells: list[NotebookNode]) -> dict[str, tuple[str, str]]:
    """For each exercise the text of its hints, and its solution."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for cell in cells:
        if "exercise" in cell.metadata:
            name = cell.metadata["exercise"]
            body = cell.source.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
            found[name] = ("", body)
        elif cell.cell_type == "markdown" and name and "<summary>Hint 1" in cell.source:
            found[name] = (cell.source.partition("<summary>Hint 1")[2], found[name][1])
    return found


def told(hints: str, solution: str) -> list[str]:
    """The pieces of code in hints that are an expression or a statement of the solution."""
    squeezed = re.sub(r"\s", "", solution)
    pieces = [re.sub(r"\s", "", piece) for piece in re.findall(r"`([^`]+)`", hints)]
    said = [p for p in pieces if len(p) >= LEAST and not re.fullmatch(r"[\w.]+\(\)", p)]  # a call alone is a name
    return [p for p in said if re.search(r"[-+*/@=(\[]", p) and p in squeezed]


@pytest.mark.parametrize("part", READ)
def test_no_hint_is_a_piece_of_the_solution(part: str) -> None:
    found = hints_and_solutions(cells_of(chapter(part).source))
    assert all(hints for hints, _ in found.values())
    assert {name: pieces for name, (hints, body) in found.items() if (pieces := told(hints, body))} == {}


def test_a_hint_that_is_the_code_is_seen() -> None:
    solution = "    df_da, _ = gradients(a, phi)\n    a = a + lr * df_da\n"
    assert told("Unpack `df_da, _ = gradients(a, phi)`, then step.", solution) == ["df_da,_=gradients(a,phi)"]
    assert told("`a`, `phi` and `lr` are given; `np.ndindex(x.shape)` yields every index.", solution) == []
