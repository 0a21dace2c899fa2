"""What leaves the grader: feedback for students, marks for the office, solutions, and the release to hand out."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException

from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from grader.lms.gradesheets import escape_formula
from grader.nbgrader_bridge.formulas import markdown2html
from grader.nbgrader_bridge.setup import captured_log, converter, first_error
from grader.notebooks.source import source_notebook
from grader.results import ExerciseRecord, GradeRecord
from gradschool.core.exercise import grade_id

RELEASED = ("README.md", "environment.yml", "pyproject.toml", "constraints.txt")


def feedback(course: CourseDirectory, chapter: Chapter, student: str | None = None) -> list[Path]:
    """Write the feedback of everyone who has been graded (or of one student); the HTML files."""
    graded = sorted(course.autograded.glob(f"{student or '*'}/{chapter.assignment_id}/{chapter.notebook}.ipynb"))
    if not graded:
        who = f"{student!r}" if student else "anybody"
        raise GraderError(
            f"Nothing of {who} has been graded for {chapter.assignment_id}: run `python -m grader autograde` first."
        )
    with open_gradebook(course):
        pass  # what keeps it from opening is said here; nbgrader would say it once for each page
    make = converter(GenerateFeedback, course, chapter.assignment_id, student or "*")
    make.force = True
    with captured_log() as words:
        try:
            make.start()
        except NbGraderException as error:
            raise GraderError(
                f"Some feedback for {chapter.assignment_id} could not be written: {first_error(words)}"
            ) from error
    return [course.feedback / f.relative_to(course.autograded).with_suffix(".html") for f in graded]


COLUMNS = ("student", "chapter", "exercise", "score", "max_score", "needs_manual_grade", "mistake")


def marks(course: CourseDirectory, chapters: list[Chapter]) -> Iterator[dict[str, Any]]:
    """One row for every student and exercise in the gradebook; ``mistake`` is what the judge called it."""
    with open_gradebook(course) as gradebook:
        for chapter in chapters:
            for submission in sorted(
                gradebook.assignment_submissions(chapter.assignment_id), key=lambda s: s.student_id
            ):
                found = _exercises(course, submission.student_id, chapter)
                for grade in _in_order([g for n in submission.notebooks for g in n.grades], chapter):
                    yield {
                        "student": submission.student_id,
                        "chapter": chapter.assignment_id,
                        "exercise": grade.name,
                        "score": grade.score,
                        "max_score": grade.max_score,
                        "needs_manual_grade": grade.needs_manual_grade,
                        "mistake": found[grade.name].mistake if grade.name in found else "",
                    }


def _in_order(grades: list[Any], chapter: Chapter) -> list[Any]:
    """The lesson's order, then what is marked by hand: a database promises none."""
    lesson = {grade_id(name): place for place, name in enumerate(entries(chapter.key))}
    return sorted(grades, key=lambda grade: (lesson.get(grade.name, len(lesson)), grade.name))


def _exercises(course: CourseDirectory, student: str, chapter: Chapter) -> dict[str, ExerciseRecord]:
    try:
        graded = nbformat.read(course.notebook_path(course.autograded, student, chapter), as_version=4)
    except FileNotFoundError:
        return {}
    return GradeRecord.read(graded).by_cell()


def export(course: CourseDirectory, chapters: list[Chapter], to: Path) -> int:
    """Write all marks as CSV; the number of rows. Text that a spreadsheet would run as a formula is disarmed."""
    rows = list(marks(course, chapters))
    if not rows:
        raise GraderError("There are no marks yet: run `python -m grader autograde` first.")
    to.parent.mkdir(parents=True, exist_ok=True)
    with open(to, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({k: escape_formula(v) for k, v in row.items()} for row in rows)
    return len(rows)


def solutions(course: CourseDirectory, chapter: Chapter) -> tuple[Path, Path]:
    """Execute the instructor's notebook for real and render it; Trouble if any cell raises. (.ipynb, .html)"""
    notebook = source_notebook(chapter)
    folder = course.work / "solutions" / chapter.assignment_id
    folder.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # it would warn that its local sockets are not encrypted
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise GraderError(
            f"The solution of {chapter.assignment_id} does not run: {error.ename}: {error.evalue}"
        ) from error
    _require_silence(notebook, chapter)
    nbformat.write(notebook, folder / f"{chapter.notebook}.ipynb")
    body, _ = HTMLExporter(template_name="lab", filters={"markdown2html": markdown2html}).from_notebook_node(notebook)
    (folder / f"{chapter.notebook}.html").write_text(body, encoding="utf-8")
    return folder / f"{chapter.notebook}.ipynb", folder / f"{chapter.notebook}.html"


def all_solutions(course: CourseDirectory, chapters: list[Chapter]) -> Iterator[tuple[Path, Path]]:
    """The solutions of several chapters, as many at once as there are cores, in the chapters' order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda chapter: solutions(course, chapter), chapters)


def _require_silence(notebook: nbformat.NotebookNode, chapter: Chapter) -> None:
    """A lesson that writes to stderr looks broken to a student."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise GraderError(
                    f"A cell of {chapter.assignment_id} writes to stderr: {output.text.strip().splitlines()[-1][:200]}"
                )


def release(course: CourseDirectory, chapters: list[Chapter], to: Path) -> list[str]:
    """Zip what a student needs and nothing else; the names inside. The same bytes for the same content."""
    files = [ROOT / name for name in RELEASED]
    files += sorted(f for f in (ROOT / "src").rglob("*.py"))
    files += [course.release / c.assignment_id / f"{c.notebook}.ipynb" for c in chapters]
    missing = [str(f) for f in files if not f.is_file()]
    if missing:
        raise GraderError(f"{missing[0]} is missing: run `python -m grader build` first.")
    to.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        names = [_inside(f, course) for f in files]
        for file, name in zip(files, names, strict=True):
            archive.writestr(zipfile.ZipInfo(f"gradschool/{name}"), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return names


def _inside(file: Path, course: CourseDirectory) -> str:
    if file.is_relative_to(course.release):
        return str(Path("course") / file.relative_to(course.release))
    return str(file.relative_to(ROOT))
