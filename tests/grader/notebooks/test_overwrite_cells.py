"""Whatever was done to a notebook's cells, the instructor's come back, once and in order, and a note says so."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from grader.course import chapter
from grader.notebooks.overwrite_cells import MOST_EXTRAS, flag_suspicious_code, neutralize_markup, overwrite_cells
from grader.notebooks.source import template
from grader.redteam.cells import CHECK, OTHER, named
from grader.redteam.harness import lesson

ANSWER = "def l2_gradient(p, l):\n    return p - l"


@pytest.fixture
def submitted() -> NotebookNode:
    """The small lesson with its first exercise answered."""
    notebook = lesson()
    named(notebook, CHECK + "-solution").source = ANSWER
    return notebook


def names(notebook: NotebookNode) -> list[str]:
    return [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]


def assert_sound(graded: NotebookNode) -> None:
    """All of the instructor's cells, once, in order; locked ones as they were handed out."""
    template = lesson()
    assert names(graded) == names(template)
    for cell in template.cells:
        back = named(graded, cell.metadata.nbgrader.grade_id)
        assert (back.cell_type, back.metadata.get("tags")) == (cell.cell_type, cell.metadata.get("tags"))
        if cell.metadata.nbgrader.locked:
            assert back.source == cell.source
    assert graded.metadata == template.metadata


def test_an_honest_notebook_earns_no_note(submitted: NotebookNode) -> None:
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert named(graded, CHECK + "-solution").source == ANSWER
    assert notes == []


@pytest.mark.parametrize("name", [CHECK, OTHER, CHECK + "-solution"])
def test_a_deleted_cell_comes_back(submitted: NotebookNode, name: str) -> None:
    submitted.cells.remove(named(submitted, name))
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert any(name in note and "deleted" in note for note in notes)


def test_every_edited_locked_cell_has_its_note(submitted: NotebookNode) -> None:
    locked = [c for c in submitted.cells if c.metadata.nbgrader.locked]
    for cell in locked:
        cell.source += "\n# mine"
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert [n for n in notes if "locked" in n and "changed" in n] == [
        f"The locked cell {c.metadata.nbgrader.grade_id} was changed: it is back as it was handed out." for c in locked
    ]


def test_a_split_solution_is_run_whole(submitted: NotebookNode) -> None:
    cell = named(submitted, CHECK + "-solution")
    second = nbformat.v4.new_code_cell("SECOND = 2", metadata=nbformat.from_dict(dict(cell.metadata)))
    submitted.cells.insert(submitted.cells.index(cell) + 1, second)
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    at = graded.cells.index(named(graded, CHECK + "-solution"))
    assert graded.cells[at + 1].source == "SECOND = 2"
    assert at + 1 < graded.cells.index(named(graded, CHECK))
    assert any("more than once" in note for note in notes)


@pytest.mark.parametrize("how", ["renamed", "stripped", "copied below"])
def test_a_solution_that_lost_its_name_is_known_by_what_it_defines(submitted: NotebookNode, how: str) -> None:
    cell = named(submitted, CHECK + "-solution")
    if how == "renamed":
        cell.metadata.nbgrader["grade_id"] = "my-answer"
    elif how == "stripped":
        for each in submitted.cells:
            each.metadata = NotebookNode()
    else:
        submitted.cells.remove(cell)
        submitted.cells.append(nbformat.v4.new_code_cell("x = 1"))
        submitted.cells.append(nbformat.v4.new_code_cell(ANSWER))
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert named(graded, CHECK + "-solution").source == ANSWER
    assert any("had lost its name" in note for note in notes)


def test_reordered_cells_stand_in_the_instructors_order(submitted: NotebookNode) -> None:
    submitted.cells.reverse()
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert named(graded, CHECK + "-solution").source == ANSWER
    assert len([note for note in notes if "changed places" in note]) == 1


def test_a_cell_that_moved_alone_is_the_one_that_is_named(submitted: NotebookNode) -> None:
    moved = named(submitted, CHECK + "-solution")
    submitted.cells.remove(moved)
    submitted.cells.append(moved)
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert notes == [f"Cells had changed places ({CHECK}-solution): they ran in the order of the lesson."]


def test_cells_of_the_students_own_and_deleted_ones_are_no_change_of_places(submitted: NotebookNode) -> None:
    submitted.cells.remove(named(submitted, OTHER))
    submitted.cells.insert(1, nbformat.v4.new_code_cell("mine = 1"))
    _, notes = overwrite_cells(submitted, lesson())
    assert not [note for note in notes if "changed places" in note]


def deleted(notebook: NotebookNode, cell: NotebookNode) -> None:
    notebook.cells.remove(cell)


def doubled(notebook: NotebookNode, cell: NotebookNode) -> None:
    notebook.cells.insert(notebook.cells.index(cell), nbformat.from_dict(dict(cell)))


def split(notebook: NotebookNode, cell: NotebookNode) -> None:
    half = nbformat.from_dict(dict(cell))
    half.source, cell.source = cell.source[-9:], cell.source[:-9]
    notebook.cells.insert(notebook.cells.index(cell) + 1, half)


def moved(notebook: NotebookNode, cell: NotebookNode) -> None:
    notebook.cells.remove(cell)
    notebook.cells.insert(0 if cell.metadata.nbgrader.grade_id != CHECK + "-solution" else len(notebook.cells), cell)


def retyped(notebook: NotebookNode, cell: NotebookNode) -> None:
    cell.cell_type = "raw"


def renamed(notebook: NotebookNode, cell: NotebookNode) -> None:
    cell.metadata.nbgrader["grade_id"] = "mine"


def stripped(notebook: NotebookNode, cell: NotebookNode) -> None:
    cell.metadata = NotebookNode()


@pytest.mark.parametrize("change", [deleted, doubled, split, moved, retyped, renamed, stripped])
@pytest.mark.parametrize("name", [CHECK, CHECK + "-solution", OTHER, OTHER + "-solution"])
def test_whatever_was_done_to_a_cell_the_instructor_is_told(submitted: NotebookNode, name: str, change: Any) -> None:
    """Each of them, done to a cell to answer and to a locked check: the lesson is whole, and a note names the cell."""
    named(submitted, OTHER + "-solution").source = "def maximise(gradients, a, phi, lr, steps):\n    return a, phi"
    change(submitted, named(submitted, name))
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert any(f" {name} " in note or f"({name})" in note for note in notes), notes


def test_a_written_answer_that_lost_its_name_is_known_when_it_can_be_no_other() -> None:
    whole = template(chapter("chain"))
    written = next(c for c in whole.cells if "nbgrader" in c.metadata and is_solution(c) and c.cell_type == "markdown")
    name, mine = written.metadata.nbgrader.grade_id, nbformat.v4.new_markdown_cell("The chain rule, twice.")
    submitted = template(chapter("chain"))
    submitted.cells[submitted.cells.index(named(submitted, name))] = mine
    graded, notes = overwrite_cells(submitted, whole)
    assert named(graded, name).source == mine.source
    assert named(graded, name).metadata.nbgrader["answered"]
    assert any(name in note and "lost its name" in note for note in notes)
    submitted.cells.append(nbformat.v4.new_markdown_cell("Or is it this?"))
    graded, notes = overwrite_cells(submitted, whole)
    assert named(graded, name).source == written.source
    assert {"The chain rule, twice.", "Or is it this?"} <= {c.source for c in graded.cells}
    assert any(name in note and "deleted" in note for note in notes)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_retyped_solution_still_counts(submitted: NotebookNode, kind: str) -> None:
    named(submitted, CHECK + "-solution").cell_type = kind
    graded, notes = overwrite_cells(submitted, lesson())
    assert_sound(graded)
    assert named(graded, CHECK + "-solution").source == ANSWER
    assert any(f"turned into {kind}" in note for note in notes)


def test_the_students_own_cells_stay_in_place_as_plain_cells(submitted: NotebookNode) -> None:
    own = nbformat.v4.new_code_cell("mine = 1", metadata={"tags": ["skip-execution"], "gradschool": "left_out"})
    own.outputs = [nbformat.v4.new_output("stream", text="2.0")]
    submitted.cells.insert(submitted.cells.index(named(submitted, CHECK)), own)
    graded, _ = overwrite_cells(submitted, lesson())
    kept = graded.cells[graded.cells.index(named(graded, CHECK)) - 1]
    assert (kept.source, dict(kept.metadata), kept.outputs) == ("mine = 1", {}, [])


def test_so_many_cells_and_no_more(submitted: NotebookNode) -> None:
    submitted.cells += [nbformat.v4.new_code_cell(f"x = {k}") for k in range(MOST_EXTRAS + 50)]
    graded, notes = overwrite_cells(submitted, lesson())
    assert len(graded.cells) == len(lesson().cells) + MOST_EXTRAS
    assert any("50 cells" in note for note in notes)


def test_what_an_honest_answer_has_no_use_for_is_named(submitted: NotebookNode) -> None:
    cell = named(submitted, CHECK + "-solution")
    cell.source = "from gradschool.core.exercise import find\ndef l2_gradient(p, l):\n    return find('x').oracle({})"
    _, notes = overwrite_cells(submitted, lesson())
    assert any(CHECK in note and ".oracle(" in note for note in notes)


def test_markdown_of_a_student_stays_text() -> None:
    for text in (
        "<b>x",
        "[x](javascript:1)",
        "![x](y)",
        "[a]: http://x",
        "[a][b]",
        r"$\href{x}{y}$",
        "<!--",
        "</p>",
        "HTTPS://x",
    ):
        assert "\u200b" in neutralize_markup(text), text
    for text in ("a < b", "x[0] (y)", r"$\frac{a}{b}$", "**bold** `code`", "a: b // c"):
        assert neutralize_markup(text) == text


REACHING = """GRADSCHOOL_X, gradschool.core.form, .oracle(, central_differences, complex_step, nbgrader, get_ipython(),
ctypes, socket, subprocess, os.system, os.environ, sys.settrace, sys._getframe, inspect, gc., atexit, threading,
multiprocessing, setattr(, __builtins__, builtins, /proc/, signal, monkeypatch, pip install"""


@pytest.mark.parametrize("text", re.split(r",\s", REACHING))
def test_what_reaches_beyond_an_exercise_is_worth_a_look(text: str) -> None:
    assert len(flag_suspicious_code([nbformat.v4.new_code_cell(f"x = 1  # {text}")])) == 1
    assert not flag_suspicious_code([nbformat.v4.new_code_cell("closed = p - l  # the signs, of a label")])


def test_the_template_stays_as_it_is_whatever_becomes_of_the_graded_notebook(submitted: NotebookNode) -> None:
    given, before = lesson(), lesson()
    graded, _ = overwrite_cells(submitted, given)
    graded.metadata["gradschool"] = "a record"
    for cell in graded.cells:
        cell.source, cell.metadata["x"], cell["outputs"] = "changed", "changed", ["changed"]
    assert given == before
    assert overwrite_cells(submitted, given)[0].metadata == before.metadata
