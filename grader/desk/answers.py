"""Students' answers to one question, from the graded notebooks of this course directory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.course import Chapter, CourseDirectory
from grader.desk.questions import Question
from grader.results import KEY, ExerciseRecord, GradeRecord

MOST_BYTES = 60 * 2**20  # of one graded notebook
MOST_TEXT, MOST_CARD = 500_000, 6_000  # characters of an answer, of a card


@dataclass(frozen=True)
class Answer:
    """What one student answered, and where the judge marks it, its sentence, the card as text, the mistake's name."""

    text: str
    said: str = ""
    card: str = ""
    mistake: str = ""


@dataclass(frozen=True)
class GradedNotebook:
    """What the desk needs of a graded notebook: text and card of each named cell, and the record."""

    texts: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    record: GradeRecord = field(default_factory=GradeRecord)


def read_answer(course: CourseDirectory, question: Question, student: str) -> Answer | None:
    """Return a student's answer, or None if there is no graded notebook here or it lacks the cell."""
    found = graded_notebook(course, question.chapter, student)
    if found is None or question.answer_cell not in found.texts:
        return None
    judged = found.record.by_cell().get(question.cell)
    error = found.record.errors.get(question.answer_cell, "")
    return Answer(
        found.texts[question.answer_cell],
        _said(judged, error),
        found.cards.get(question.cell, "")[:MOST_CARD],
        judged.mistake if judged else "",
    )


def _said(judged: ExerciseRecord | None, error: str) -> str:
    if error:
        return f"This cell {error}."
    if judged is None:
        return ""
    return judged.hint or ("All criteria are met." if judged.criteria and all(judged.criteria.values()) else "")


def graded_notebook(course: CourseDirectory, chapter: Chapter, student: str) -> GradedNotebook | None:
    """Return a student's graded notebook, read again only when the file has changed; None if there is none."""
    file = course.notebook_path(course.autograded, student, chapter)
    try:
        stat = file.stat()
    except OSError:
        return None
    return _read(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2048)
def _read(file: Path, _changed: int, size: int) -> GradedNotebook | None:
    if size > MOST_BYTES:
        return None
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        named = [(_name(cell), cell) for cell in notebook["cells"]]
        texts = {name: "".join(cell["source"])[:MOST_TEXT] for name, cell in named if name}
        cards = {name: _card(cell) for name, cell in named if name}
        return GradedNotebook(texts, cards, GradeRecord.from_json(notebook["metadata"].get(KEY, {})))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _name(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _card(cell: dict[str, Any]) -> str:
    """Return a check cell's card as text; it is the only output that grading leaves there."""
    for output in cell.get("outputs", []):
        text = output.get("data", {}).get("text/plain", "")
        if text:
            return "".join(text)
    return ""
