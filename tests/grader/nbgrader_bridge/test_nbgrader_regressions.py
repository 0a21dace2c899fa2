"""What nbgrader does by itself that would cost or give marks, shown on its own code, and ours beside it.

Each was read in nbgrader 0.9.6's source. Where a later nbgrader mends one, its test fails and says so.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory as NbgraderDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade, find_all_files

from grader.course import Chapter, CourseDirectory
from grader.gradebook.grades import save_grades
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.source import source_notebook, template
from grader.results import GradeRecord


def test_cell(*outputs: NotebookNode) -> NotebookNode:
    """A graded test cell worth 2 points, as nbgrader sees it after running."""
    cell = nbformat.v4.new_code_cell("check()", outputs=list(outputs))
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "grade_id": "a", "points": 2, "locked": True}
    return cell


test_cell.__test__ = False  # type: ignore[attr-defined]  # a helper, for all its name


def result(text: str) -> NotebookNode:
    return nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=1)


def stderr(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stderr", text=text)


def error() -> NotebookNode:
    return nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[])


def entered(notebook: NotebookNode, course: CourseDirectory, chain: Chapter) -> dict[str, float | None]:
    """Our marks for a notebook that has these outputs and no record of the judge's but an empty one."""
    from nbgrader.api import Gradebook

    GradeRecord().attach(notebook)
    with Gradebook(course.db_url) as gradebook:
        gradebook.update_or_create_student("ada")
        gradebook.update_or_create_submission(chain.assignment_id, "ada")
        save_grades(gradebook, notebook, "ada", chain)
        grades = gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, "ada").grades
        return {g.name: g.auto_score for g in grades}


@pytest.mark.parametrize(
    ("outputs", "stock"),
    [
        ([stderr("a warning")], 0),  # a warning or a progress bar costs all the points
        ([result("nan")], 2),  # NaN gives full marks
        ([result("-5")], 2),  # a negative number gives full marks
        ([result("'anything'")], 2),  # so does any text
        ([result("2.0"), error()], 2),  # a number first, and the error after it is not looked at
        ([], 2),  # a cell that was never run, as with the tag skip-execution, gives full marks
    ],
)
def test_outputs_decide_for_nbgrader_and_never_for_us(
    outputs: list[NotebookNode], stock: float, course: CourseDirectory, chain: Chapter
) -> None:
    assert determine_grade(test_cell(*outputs)) == (stock, 2)
    notebook = template(chain)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(o) for o in outputs]
    assert set(entered(notebook, course, chain).values()) == {0.0}  # no record, no marks


def test_a_student_cannot_choose_the_kernel_or_skip_a_cell(chain: Chapter) -> None:
    assert Execute().skip_cells_with_tag == "skip-execution"
    submitted = template(chain)
    submitted.metadata["kernelspec"] = {"name": "mine", "display_name": "mine", "language": "python"}
    for cell in submitted.cells:
        cell.metadata["tags"] = ["skip-execution"]
    graded, _ = overwrite_cells(submitted, template(chain))
    assert graded.metadata.kernelspec.name == "python3"
    assert not [c for c in graded.cells if "skip-execution" in c.metadata.get("tags", [])]


def test_files_beside_a_source_reach_students_with_nbgrader_and_ours_stand_alone(
    course: CourseDirectory, chain: Chapter
) -> None:
    folder = course.source / chain.assignment_id
    assert [f.name for f in folder.iterdir()] == [f"{chain.notebook}.ipynb"]  # the Markdown source is elsewhere
    (folder / "answers.md").write_text("the marking scheme")
    handed_out = {Path(f).name for f in find_all_files(str(folder), [*NbgraderDirectory().ignore, "*.ipynb"])}
    assert handed_out == {"answers.md"}


def test_a_deleted_cell_does_not_keep_its_old_mark(course: CourseDirectory, chain: Chapter) -> None:
    """nbgrader writes marks for the cells it finds; one that is gone would keep the mark of the last submission."""
    whole = template(chain)
    without = template(chain)
    without.cells = [c for c in without.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "chain-adam-step"]
    graded, notes = overwrite_cells(without, whole)
    assert "chain-adam-step" in {c.metadata.get("nbgrader", {}).get("grade_id") for c in graded.cells}
    assert any("chain-adam-step was deleted" in note for note in notes)


def test_the_time_for_a_cell_is_ours_and_not_thirty_seconds_for_the_imports() -> None:
    from grader.execution.config import TimeLimits

    assert Execute().timeout == 30
    assert TimeLimits().locked > 30


def test_no_output_of_the_source_is_kept(chain: Chapter) -> None:
    assert all(not c.outputs for c in source_notebook(chain).cells if c.cell_type == "code")
