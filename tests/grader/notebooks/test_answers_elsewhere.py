"""Answers in other cells than their own are found by what they define, and run as Python would run them."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from grader.notebooks.overwrite_cells import overwrite_cells
from grader.redteam.cells import CHECK, OTHER, named
from grader.redteam.harness import lesson

STUB = CHECK + "-solution"
RIGHT, WRONG = "def l2_gradient(p, l):\n    return p - l", "def l2_gradient(p, l):\n    return p + l"


def code(text: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(text)


def with_cells(before: list[str], below: list[str], after: list[str], stub: str | None = None) -> NotebookNode:
    """The lesson with the student's own cells at its start, right below the cell to answer in, and at its end."""
    notebook = lesson()
    if stub is not None:
        named(notebook, STUB).source = stub
    at = notebook.cells.index(named(notebook, STUB)) + 1
    cells = notebook.cells
    notebook.cells = [*map(code, before), *cells[:at], *map(code, below), *cells[at:], *map(code, after)]
    return notebook


def examined(notebook: NotebookNode) -> tuple[object, list[str]]:
    """Return what the check would see as `l2_gradient`, called on 3 and 1, and the notes."""
    graded, notes = overwrite_cells(notebook, lesson())
    namespace: dict[str, object] = {}
    for cell in graded.cells[: graded.cells.index(named(graded, CHECK))]:
        if cell.cell_type == "code" and "import" not in cell.source.split("\n")[0]:
            try:
                exec(cell.source, namespace)
            except NameError:
                continue
    try:
        return namespace["l2_gradient"](3, 1), notes  # type: ignore[operator]
    except NotImplementedError:
        return None, notes


@pytest.mark.parametrize(
    ("before", "below", "after", "value", "said"),
    [
        ([], [], [], None, ""),
        ([RIGHT], [], [], 2, "another cell does"),
        ([], [RIGHT], [], 2, "in a cell below it"),
        ([], [], [RIGHT], 2, "another cell does"),
        ([WRONG, RIGHT], [], [], 2, "the last such definition"),
        ([RIGHT], [], [WRONG], 4, "the last such definition"),
        ([WRONG], [RIGHT], [WRONG], 2, "in a cell below it"),  # what runs last before the check
        ([], [], ["l2_gradient = lambda p, l: p - l"], 2, "another cell does"),
        ([], [], ["def helper(x):\n    return -x", "def l2_gradient(p, l):\n    return p + helper(l)"], 2, "another"),
        ([], [], ["def mine(p, l):\n    return p - l", "l2_gradient = mine"], 2, "another"),
        ([], [], ["l2_gradient = 3", "x = l2_gradient(1, 2)"], None, ""),  # no function
        ([], [], ["print('l2_gradient')", "def l2_gradient(p, l:"], None, ""),
    ],
)
def test_an_untouched_cell_takes_what_another_defines(
    before: list[str], below: list[str], after: list[str], value: object, said: str
) -> None:
    found, notes = examined(with_cells(before, below, after))
    assert found == value
    assert [n for n in notes if said in n and STUB in n] if said else not notes


def test_an_answer_in_its_place_is_not_replaced_by_another_cells() -> None:
    assert examined(with_cells([WRONG], [], [WRONG], RIGHT))[0] == 2
    assert examined(with_cells([RIGHT], [], [RIGHT], WRONG))[0] == 4
    found, notes = examined(with_cells([], [WRONG], [], RIGHT))
    assert found == 4  # as Python has it
    assert [n for n in notes if "again below it" in n]


def test_a_cell_that_only_points_elsewhere_takes_the_definition() -> None:
    found, notes = examined(with_cells([], [], [RIGHT], "# it is at the end"))
    assert found == 2
    assert [n for n in notes if "does not define l2_gradient" in n]


@pytest.mark.parametrize("deleted", [False, True])
def test_an_answer_that_was_merged_into_a_locked_cell_is_found_and_the_locked_cell_is_not_the_students(
    deleted: bool,
) -> None:
    notebook = with_cells([], [], [])
    if deleted:
        notebook.cells.remove(named(notebook, STUB))
    cell = named(notebook, OTHER)
    cell.source = f"check = print\n{RIGHT}\n{cell.source}"
    graded, notes = overwrite_cells(notebook, lesson())
    assert named(graded, OTHER).source == named(lesson(), OTHER).source
    assert "check = print" not in "".join(c.source for c in graded.cells)
    assert "return p - l" in named(graded, STUB).source
    assert [n for n in notes if "locked cell" in n]
    assert [n for n in notes if STUB in n and ("was deleted, and another" in n) is deleted]


def test_what_stands_in_is_looked_at_as_the_students_own() -> None:
    """Code that reaches beyond an exercise is named wherever it came from, and the lesson's own code never is."""
    odd = "def l2_gradient(p, l):\n    import ctypes\n    return p - l"
    _, notes = overwrite_cells(with_cells([], [], [odd]), lesson())
    assert [n for n in notes if "ctypes" in n and "worth a look" in n]
