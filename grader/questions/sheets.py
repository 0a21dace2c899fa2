"""Everybody's sheets: from graded notebooks to files for the students, for an oral, and for the instructor."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import nbformat

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError, SubmissionError
from grader.execution.config import ExecutionConfig
from grader.notebooks.reader import read_submission
from grader.questions.answers import as_notebook, sheet_name
from grader.questions.asking import collect_replies
from grader.questions.making import draw_inputs, inputs_to_ask, make_sheet, rng_for
from grader.questions.page import keys_page, sheets_page
from grader.questions.question import Sheet
from grader.results import KEY as RECORD

FORMATS = ("html", "notebook", "json")
KEY_FILE = "questions-with-keys.json"
Graded = tuple[str, Chapter, Path]  # student, chapter, file


def graded_notebooks(folder: Path, chapters: Sequence[Chapter], students: Sequence[str] = ()) -> list[Graded]:
    """Return the graded notebooks of a folder, in the order of chapter and student.

    Raises
    ------
    GraderError
        If there is no such folder, no graded notebook in it, or none of a student who was named.
    """
    if not folder.is_dir():
        raise GraderError(f"There is no folder {folder}: grade the class first, with `python -m grader autograde`.")
    everybody = sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    for student in students:
        if student not in everybody:
            near = get_close_matches(student, everybody, 1)
            meant = f"; did you mean {near[0]!r}?" if near else "."
            raise GraderError(f"There is no graded work of a student {student!r} in {folder}{meant}")
    course = CourseDirectory(folder.parent, folder.parent)
    files = [(s, c, course.notebook_path(folder, s, c)) for c in chapters for s in students or everybody]
    found = [one for one in files if one[2].is_file()]
    if not found:
        names = ", ".join(c.assignment_id for c in chapters)
        raise GraderError(
            f"There is no graded notebook in {folder} for {names}: run `python -m grader autograde` first."
        )
    return found


def make_sheets(found: Sequence[Graded], config: ExecutionConfig, seed: int = 0) -> Iterator[Sheet]:
    """Yield the sheet of each graded notebook, in their order; the code runs in a sandboxed kernel of its own."""
    for student, chapter, file in found:
        notebook = read_submission(file)
        if RECORD not in notebook.metadata:
            raise SubmissionError(f"{file} is not a graded notebook: run `python -m grader autograde` first.")
        rng = rng_for(seed, student, chapter.assignment_id)
        draws = draw_inputs(chapter.key, rng)
        replies = collect_replies(notebook, chapter, inputs_to_ask(draws), config)
        yield make_sheet(student, chapter.assignment_id, draws, replies, rng)


def write_sheets(sheets: Sequence[Sheet], to: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write the sheets into a folder, and return the files: pages and JSON of each chapter, notebooks of students.

    The file with the keys is always written: answered notebooks are marked with it.
    """
    files = []
    for assignment in dict.fromkeys(s.assignment for s in sheets):
        some = [s for s in sheets if s.assignment == assignment]
        folder = to / assignment
        folder.mkdir(parents=True, exist_ok=True)
        files.append(_write(folder / KEY_FILE, json.dumps([s.to_json() for s in some], indent=1)))
        if "json" in formats:
            without = json.dumps([s.to_json(with_key=False) for s in some], indent=1)
            files.append(_write(folder / "questions.json", without))
        if "html" in formats:
            files.append(_write(folder / "oral.html", sheets_page(some)))
            files.append(_write(folder / "keys.html", keys_page(some)))
        if "notebook" in formats:
            files += [_write_notebook(folder / "notebooks" / s.student, s) for s in some if s.questions]
    return files


def _write(file: Path, text: str) -> Path:
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, file)
    return file


def _write_notebook(folder: Path, sheet: Sheet) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder / "questions.ipynb", nbformat.writes(as_notebook(sheet)))


def read_keys(folder: Path) -> dict[str, list[str]]:
    """Return the keys of every sheet that was written into a folder, by the sheet's name."""
    files = sorted(folder.rglob(KEY_FILE))
    if not files:
        raise GraderError(
            f"There is no {KEY_FILE} in {folder}: make the questions first, with `python -m grader questions`."
        )
    return {name: keys for file in files for name, keys in _keys_of(file)}


def _keys_of(file: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        sheets: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        for found in sheets:
            yield _name_of(found), [str(q["key"]) for q in found["questions"]]
    except (ValueError, KeyError, TypeError) as error:
        raise GraderError(f"{file} is damaged ({error}): make the questions again.") from error


def _name_of(found: dict[str, Any]) -> str:
    questions = [{k: v for k, v in q.items() if k != "key"} for q in found["questions"]]
    return sheet_name({**found, "questions": questions})
