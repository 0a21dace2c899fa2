"""The record of a graded notebook: typed in Python, the same JSON in the notebook as ever."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat

from grader.results import ExerciseRecord, GradeRecord
from gradschool.core.report import Criterion, Report

REPORT = Report(
    "dqn.td_target",
    "A title",
    0.1,
    (Criterion("shape", True, "Right."), Criterion("value", False, "Wrong.")),
    mistake="sign",
    hint="Look at the sign.",
    points=2.0,
)
JSON = (
    '{"exercises": [{"exercise": "dqn.td_target", "earned": 0.2, "points": 2.0, "mistake": "sign", '
    '"hint": "Look at the sign.", "properties": {"shape": true, "value": false}}], "notes": ["a note"], '
    '"grader": "g", "submission": "s"}'
)


def test_the_records_json_in_the_notebook_is_pinned() -> None:
    notebook = nbformat.v4.new_notebook()
    GradeRecord.of([REPORT], ["a note"], "g", "s").attach(notebook)
    assert json.dumps(notebook.metadata["gradschool"]) == JSON


def test_what_was_attached_is_read_again() -> None:
    notebook, record = nbformat.v4.new_notebook(), GradeRecord.of([REPORT], ["a note"], "g")
    record.attach(notebook)
    assert GradeRecord.read(nbformat.reads(nbformat.writes(notebook), as_version=4)) == record
    assert "submission" not in notebook.metadata["gradschool"]
    assert (record.earned(), record.mistakes()) == ({"dqn.td_target": 0.2}, {"dqn.td_target": "sign"})
    (cell,) = record.by_cell()
    assert isinstance(record.by_cell()[cell], ExerciseRecord)


def test_a_notebook_that_was_not_graded_has_an_empty_record() -> None:
    assert GradeRecord.read(nbformat.v4.new_notebook()) == GradeRecord()


def test_records_and_notebooks_are_read_without_the_gradebooks_database() -> None:
    """Workers read and write them, and have no use for SQLAlchemy."""
    code = "import sys, grader.results, grader.notebooks.overwrite_cells; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
