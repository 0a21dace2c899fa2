"""The student's version of a notebook, and the cells' metadata, by nbgrader's own rules."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearSolutions, ComputeChecksums, LockCells

from grader.course import Chapter, chapters
from grader.errors import GraderError
from grader.notebooks import nbgrader_cells
from grader.notebooks.source import source_notebook, template
from grader.notebooks.student_version import make_student_version


def cell(source: str, kind: str = "code", **flags: bool) -> NotebookNode:
    info = {"grade_id": "name", "points": 2, "schema_version": 3, "task": False, **flags}
    made = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return made(source, metadata={"nbgrader": info}, id="a")


def by_nbgrader(notebook: NotebookNode) -> NotebookNode:
    resources = {"nbgrader": {"notebook": "one"}}
    for step in (LockCells, ClearSolutions, ComputeChecksums):
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_a_chapters_template_is_what_nbgraders_steps_make(chapter: Chapter) -> None:
    assert template(chapter) == by_nbgrader(source_notebook(chapter))


REGION = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\nx = f()"


@pytest.mark.parametrize("kind", ["code", "markdown"])
@pytest.mark.parametrize("source", ["x = 1", REGION, ""])
@pytest.mark.parametrize("solution", [False, True])
@pytest.mark.parametrize("grade", [False, True])
@pytest.mark.parametrize("locked", [False, True])
def test_every_kind_of_cell_is_treated_as_nbgrader_does(
    kind: str, source: str, solution: bool, grade: bool, locked: bool
) -> None:
    def made() -> NotebookNode:
        one = cell(source, kind, solution=solution, grade=grade, locked=locked)
        return nbformat.v4.new_notebook(cells=[one], metadata={"celltoolbar": "Create Assignment"})

    ours, theirs = made(), made()
    if source == REGION and not solution:
        with pytest.raises(RuntimeError):
            by_nbgrader(theirs)
        with pytest.raises(GraderError, match="no solution cell"):
            make_student_version(ours)
        return
    make_student_version(ours)
    assert ours == by_nbgrader(theirs)
    for name in ("is_grade", "is_solution", "is_locked", "compute_checksum"):
        assert getattr(nbgrader_cells, name)(ours.cells[0]) == getattr(utils, name)(ours.cells[0]), name


@pytest.mark.parametrize("source", ["# BEGIN SOLUTION\nx", "# BEGIN SOLUTION\n# BEGIN SOLUTION\n# END SOLUTION"])
def test_a_region_that_does_not_close_is_said(source: str) -> None:
    with pytest.raises(GraderError, match="BEGIN SOLUTION"):
        make_student_version(nbformat.v4.new_notebook(cells=[cell(source, solution=True)]))
