"""Files that are not quite notebooks: plain nbgrader ends as our own command does, and the class is graded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.nbgrader_bridge.preprocessors import SubmissionExporter
from grader.nbgrader_bridge.setup import configure
from grader.notebooks.reader import MOST_BYTES
from grader.results import GradeRecord
from tests.support import warm_programs

SECRET = "the instructor's own"
# Both ways in, with a kernel that answers at once: what is tried here lies before it.
QUICK = """
import sys
sys.path.insert(0, {root!r})
from grader.execution import notebook_run
from gradschool.core.report import Report

def run(self):
    for e in self.bank.values():
        found = Report(e.exercise.id, e.exercise.title, 0.5, (), "values", "hint", points=e.points)
        self.reports[e.exercise.id] = found
    return self.reports

notebook_run.NotebookRun.run = run
if __name__ == "__main__":
    if sys.argv[1] == "nbgrader":
        from nbgrader.apps.nbgraderapp import main
        sys.argv = sys.argv[1:]
    else:
        from grader.cli.main import main
    main()
"""


def released(course: CourseDirectory, chain: Chapter) -> Any:
    return nbformat.read(course.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)


def hand_in(course: CourseDirectory, chain: Chapter, student: str, text: str | bytes) -> Path:
    file = course.notebook_path(course.submitted, student, chain)
    file.parent.mkdir(parents=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return file


def changed(notebook: Any, change: Callable[[Any], None]) -> str:
    """The lesson as plain data, changed, as JSON that Python would read."""
    plain = json.loads(nbformat.writes(notebook))
    change(plain)
    return json.dumps(plain)


def odd_types(plain: Any) -> None:
    """Metadata and cells of types that no notebook has."""
    plain["metadata"] = [1, 2]
    plain["cells"] += ["not a cell", 7, None, {"cell_type": ["code"]}, {"cell_type": "code", "source": 5}]
    plain["cells"][3]["metadata"] = "odd"


def odd_marks(plain: Any) -> None:
    """nbgrader's own metadata of types that it never has: such a cell has lost its name."""
    for cell, mark in zip(plain["cells"], ([], 7, {"grade_id": 9, "schema_version": "new"}, None), strict=False):
        cell["metadata"]["nbgrader"] = mark


def newer_steps(plain: Any) -> None:
    """Cells as a later nbgrader may mark them: stock nbgrader then stops for everybody."""
    for cell in plain["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


def surrogates(plain: Any) -> None:
    """Halves of characters, which JSON can say and no file can hold."""
    plain["cells"][0]["source"] = "half \ud83d"
    plain["metadata"]["authors"] = [{"name": "\udc00"}]
    plain["cells"][0]["metadata"]["\udc01"] = "\udc02"


def fill(course: CourseDirectory, chain: Chapter) -> None:
    """A class of three honest students and many odd files, in an order in which every odd one comes before the last."""
    lesson = released(course, chain)
    for student in ("ada", "m-honest", "zoe"):
        hand_in(course, chain, student, nbformat.writes(lesson))
    texts: dict[str, str | bytes] = {
        "b-newer": changed(lesson, lambda plain: plain.update(nbformat=6, nbformat_minor=0)),
        "b-steps": changed(lesson, newer_steps),
        "c-no-json": "<html>Please log in</html>",
        "c-empty": b"",
        "c-binary": bytes(range(256)) * 20,
        "d-list": "[1, 2]",
        "d-deep": "[" * 100_000,
        "d-no-cells": changed(lesson, lambda plain: plain.pop("cells")),
        "e-cells-dict": changed(lesson, lambda plain: plain.update(cells={"a": 1})),
        "e-odd": changed(lesson, odd_types),
        "e-odd-marks": changed(lesson, odd_marks),
        "f-surrogates": changed(lesson, surrogates),
        "g-mark": b"\xef\xbb\xbf" + nbformat.writes(lesson).encode(),
    }
    for student, text in texts.items():
        hand_in(course, chain, student, text)
    with hand_in(course, chain, "h-huge", "{").open("ab") as huge:
        huge.truncate(MOST_BYTES + 1)
    (course.work / "secret.txt").write_text(SECRET)
    link = hand_in(course, chain, "i-link", "")
    link.unlink()
    link.symlink_to(course.notebook_path(course.submitted, "ada", chain))
    shutil.copytree(link.parent.parent.with_name("ada"), course.work / "elsewhere")
    (course.submitted / "j-folder").symlink_to(course.work / "elsewhere")
    pipe = hand_in(course, chain, "k-pipe", "")
    pipe.unlink()
    os.mkfifo(pipe)
    beside = hand_in(course, chain, "l-beside", nbformat.writes(lesson)).parent
    (beside / "notes.txt").symlink_to(course.work / "secret.txt")


def grade(course: CourseDirectory, *words: str) -> str:
    """Run one of the two ways in; all that it said."""
    (course.work.parent / "quick.py").write_text(QUICK.format(root=str(ROOT)))
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}
    done = warm_programs.run(course.work.parent / "quick.py", *words, env=env, cwd=ROOT / "grader")
    return done.stdout + done.stderr


def marks(course: CourseDirectory, chain: Chapter) -> dict[str, list[tuple[str, float | None]]]:
    with Gradebook(course.db_url) as gradebook:
        found = gradebook.assignment_submissions(chain.assignment_id)
        return {s.student_id: [(g.name, g.auto_score) for n in s.notebooks for g in n.grades] for s in found}


def notes(course: CourseDirectory, chain: Chapter) -> dict[str, list[str]]:
    """What the instructor is told of each graded notebook."""
    files = course.autograded.glob(f"*/{chain.assignment_id}/{chain.notebook}.ipynb")
    return {f.parts[-3]: list(GradeRecord.read(nbformat.read(f, as_version=4)).notes) for f in files}


@pytest.mark.slow
def test_both_ways_in_end_alike_whatever_was_handed_in(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    fill(course, chain)
    other = CourseDirectory(tmp_path / "other" / "work", course.release)
    shutil.copytree(course.work, other.work, symlinks=True, copy_function=copy_of)
    ours = json.loads(grade(course, "autograde", "chain", "--json", "--jobs", "1"))
    plain = grade(other, "nbgrader", "autograde", chain.assignment_id)
    troubles = {r["student"]: r["reason"] for r in ours if r["status"] == "failed"}
    assert set(notes(course, chain)) == {r["student"] for r in ours} - set(troubles)
    odd = {"b-newer", "b-steps", "e-odd", "e-odd-marks", "f-surrogates", "g-mark", "l-beside"}
    graded = {"ada", "m-honest", "zoe"} | odd
    assert set(notes(course, chain)) == graded
    assert notes(other, chain) == notes(course, chain)
    assert marks(other, chain) == marks(course, chain)
    assert sum(score or 0 for _, score in marks(other, chain)["zoe"]) > 0
    for student, sentence in troubles.items():
        assert f"processing assignment '{chain.assignment_id}' for student '{student}'" in plain, plain[-2000:]
        assert sentence in plain or student == "k-pipe", sentence
    assert not [f for f in other.autograded.rglob("*") if f.is_file() and SECRET in f.read_text(errors="replace")]


def copy_of(source: str, target: str) -> None:
    """Copy a file, and make a pipe anew rather than wait for it."""
    if Path(source).is_fifo():
        os.mkfifo(target)
    else:
        shutil.copy2(source, target)


@pytest.mark.parametrize("name", ["link", "pipe", "folder"])
def test_what_is_not_a_file_of_its_own_is_one_sentence(name: str, course: CourseDirectory, chain: Chapter) -> None:
    """The reader that nbgrader is given, alone: it waits for no pipe and follows no link."""
    file = hand_in(course, chain, "eve", "")
    file.unlink()
    make = {"link": lambda: file.symlink_to(course.release), "pipe": lambda: os.mkfifo(file), "folder": file.mkdir}
    make[name]()
    reader = SubmissionExporter(config=configure(Config(), course))
    resources = {"nbgrader": {"student": "eve", "assignment": chain.assignment_id}}
    with pytest.raises(GraderError) as told:
        reader.from_filename(str(file), resources)
    assert len(str(told.value).splitlines()) == 1


def test_the_reader_stands_where_nbgrader_looks_for_one(course: CourseDirectory) -> None:
    """A later nbgrader that no longer asks for an exporter would go back to its own reader: then this fails."""
    from nbgrader.converters import Autograde

    made = Autograde(config=configure(Config(), course))
    assert made.exporter_class is SubmissionExporter
    assert entries("chain")
