"""White space, formatters and lost metadata change nothing: a lesson's cells are known, an untouched one too."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode

from grader.course import Chapter, chapter, chapters
from grader.errors import SubmissionError
from grader.notebooks.comparing import same_text
from grader.notebooks.overwrite_cells import SKIPPED, overwrite_cells
from grader.notebooks.reader import parse_submission
from grader.notebooks.recognize import chapter_of, is_untouched
from grader.notebooks.source import INSTRUCTOR_TAG, source_notebook, template

CHANGES: dict[str, Callable[[str], str]] = {
    "line ends": lambda text: text.replace("\n", "\r\n"),
    "old line ends": lambda text: text.replace("\n", "\r"),
    "a line more": lambda text: text + "\n",
    "a mark in front": lambda text: "\ufeff" + text,
    "blanks at the ends": lambda text: "\n".join(line + "  " for line in text.split("\n")),
    "parsed and written": lambda text: formatted(text),
}


def formatted(text: str) -> str:
    """Code as a formatter would have it: other quotes, brackets, lines and blanks; comments are kept."""
    if "#" in text or text.lstrip().startswith(("%", "!")):
        return text
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:
        return text


def handed_out(found: Chapter, solved: bool = False) -> NotebookNode:
    notebook = source_notebook(found) if solved else template(found)
    notebook.cells = [c for c in notebook.cells if INSTRUCTOR_TAG not in c.metadata.get("tags", [])]
    return notebook


def read(notebook: NotebookNode) -> NotebookNode:
    return parse_submission(json.dumps(notebook).encode(), "x.ipynb")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("key", ["chain", "dqn", "ddpg"])
def test_white_space_and_a_formatter_change_no_cell(key: str, change: Callable[[str], str]) -> None:
    """No note, every experiment left out as in an untouched notebook, and nobody has worked in it."""
    notebook, given = handed_out(chapter(key)), template(chapter(key))
    experiments = sum("experiment" in c.metadata.get("tags", []) for c in given.cells)
    for cell in notebook.cells:
        cell.source = change(cell.source)
    graded, notes = overwrite_cells(read(notebook), given)
    assert notes == []
    assert [c.source for c in graded.cells] == [c.source for c in given.cells]
    assert sum(c.metadata.get("gradschool") == SKIPPED for c in graded.cells) == experiments > 10
    assert not any(c.metadata.nbgrader.get("answered") for c in graded.cells if "nbgrader" in c.metadata)
    assert is_untouched(read(notebook), chapter(key))


@pytest.mark.parametrize("solved", [False, True])
@pytest.mark.parametrize("key", ["chain", "dqn", "ddpg"])
def test_without_any_metadata_a_notebook_is_known_and_graded_as_with_it(key: str, solved: bool) -> None:
    found = chapter(key)
    notebook = handed_out(found, solved)
    expected, _ = overwrite_cells(read(notebook), template(found))
    for cell in notebook.cells:
        cell.metadata, cell.id = NotebookNode(), "same"
    notebook.metadata = NotebookNode()
    assert chapter_of(read(notebook), "renamed.ipynb") == found
    assert is_untouched(read(notebook), found) is not solved
    graded, notes = overwrite_cells(read(notebook), template(found))
    assert [c.source for c in graded.cells] == [c.source for c in expected.cells]
    assert [c.metadata for c in graded.cells] == [c.metadata for c in expected.cells]
    assert len(notes) == (3 if solved else 1)
    assert all("lost their names" in n or "lost its name" in n for n in notes)


def test_work_shows_wherever_it_is() -> None:
    """One letter in an answer, a cell of one's own, a written answer: none of these notebooks is untouched."""
    found = chapter("chain")
    for i, cell in enumerate(handed_out(found).cells):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            notebook = handed_out(found)
            notebook.cells[i].source += "\nx = 1"
            assert not is_untouched(read(notebook), found)
    notebook = handed_out(found)
    notebook.cells.append(nbformat.v4.new_markdown_cell(""))
    assert is_untouched(read(notebook), found)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Mine."))
    assert not is_untouched(read(notebook), found)


def test_a_lesson_of_another_release_is_untouched_by_its_own_digests() -> None:
    """The text is another than ours, and the checksums and ids are those of that text."""
    import hashlib

    from grader.notebooks.nbgrader_cells import compute_checksum

    found = chapter("chain")
    notebook = handed_out(found)
    for cell in notebook.cells:
        cell.source += "\n# as it was last year"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        else:
            cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:12] + "-1"
    assert is_untouched(read(notebook), found)
    notebook.cells[-1].source += "x"
    assert not is_untouched(read(notebook), found)


def test_what_is_of_no_chapter_is_not_taken_for_one() -> None:
    cells = [nbformat.v4.new_code_cell("import numpy as np"), nbformat.v4.new_code_cell("def clinic():\n    return 1")]
    for some in ([], cells):
        with pytest.raises(SubmissionError, match=r"diary\.ipynb has no cell of any chapter"):
            chapter_of(read(nbformat.v4.new_notebook(cells=some)), "diary.ipynb")
    assert len(chapters()) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 'a'", 'x = "a"', True),
        ("import b\nimport a\n", "import a\nimport b", True),
        ("f(1, 2)", "f(\n    1,\n    2,\n)", True),
        ("def f():\n    '''Say.\n       more'''", 'def f():\n    """Say.\n    more\n    """', True),
        ("%matplotlib inline\nx=1", "%matplotlib inline\nx = 1\n", True),
        ("x = a - b", "x = b - a", False),
        ("x = a - b", "x = a + b", False),
        ("x = -(1)", "x = 1", False),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()", False),
        ("x = 'a b'", "x = 'ab '", False),
        ("not code at all (", "not code at all ((", False),
        ("x" * 50_000, "x" * 50_000 + "\n", False),  # too long to be looked at
    ],
)
def test_code_is_the_same_if_it_parses_to_the_same(one: str, other: str, same: bool) -> None:
    assert same_text(one, other, code=True) is same
    assert same_text(other, one, code=True) is same


def test_no_text_of_a_student_breaks_the_comparison() -> None:
    for odd in ("-" * 30_000 + "x", "(" * 30_000, "\0", "x = 1" + "0" * 5000, "f'{" * 500, "'\\N{'"):
        assert not same_text(odd, "x", code=True)
        assert same_text(odd, odd + "\n", code=True) in (True, False)
