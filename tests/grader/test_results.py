"""The record of a graded notebook: typed in Python, the same JSON in the notebook as ever."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
import pytest

from grader.course import ROOT, Chapter, chapters
from grader.results import ExerciseRecord, GradeRecord, grader_version
from gradschool.core.report import Criterion, Report

SIDES = ("grader/bank", "src/gradschool/exercises")
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


def version_of(chapter: Chapter) -> str:
    """The version, worked out anew."""
    grader_version.cache_clear()
    return grader_version(chapter)


def version_with(chapter: Chapter, changed: Iterable[Path]) -> str:
    """The version for a chapter while each of these files has one more line."""
    texts = {file: file.read_bytes() for file in changed}
    for file, text in texts.items():
        file.write_bytes(text + b"# changed\n")
    found = version_of(chapter)
    for file, text in texts.items():
        file.write_bytes(text)
    return found


def test_the_version_changes_with_every_file_that_decides_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file of a chapter's exercises, on both sides and at any depth; not all of the other chapters' together."""
    for name in ("grader", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    monkeypatch.setattr("grader.results.ROOT", tmp_path)
    for side in SIDES:  # named like another chapter
        (tmp_path / side / "chain" / "dqn_by_name.py").touch()
    files = [f for side in SIDES for f in (tmp_path / side).rglob("*.py") if f.parent != tmp_path / side]
    shared = ["grader/bank/entry.py", "grader/judging/examine.py", "src/gradschool/core/numerics.py"]
    assert len(files) > 90
    for chapter in chapters():
        before = version_of(chapter)
        own = [f for f in files if f.parent.name == chapter.key]
        assert version_with(chapter, set(files) - set(own)) == before
        assert all(version_with(chapter, [f]) != before for f in (*own, *(tmp_path / name for name in shared)))
    grader_version.cache_clear()
