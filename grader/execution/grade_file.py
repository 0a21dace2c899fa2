"""Grading one file by itself: which chapter it is, what it earned, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from grader.execution import canary, grade_notebook
from grader.execution.config import ExecutionConfig
from grader.notebooks.reader import read_submission
from grader.notebooks.recognize import chapter_of
from grader.results import ExerciseJson, GradeRecord


class FileReport(TypedDict):
    """What :func:`grade_file` says of one notebook, as JSON."""

    notebook: str
    chapter: str
    earned: float
    points: float
    exercises: list[ExerciseJson]
    notes: list[str]


def grade_file(file: Path, config: ExecutionConfig) -> FileReport:
    """Grade a notebook wherever it lies, and return its record with the chapter and the sums."""
    chapter = chapter_of(read_submission(file), file.name)
    canary.require([chapter], config)
    found = GradeRecord.read(grade_notebook.grade_notebook(file, chapter, config))
    earned, points = summed(found)
    return {
        "notebook": str(file),
        "chapter": chapter.assignment_id,
        "earned": earned,
        "points": points,
        "exercises": [e.to_json() for e in found.exercises],
        "notes": list(found.notes),
    }


def summed(found: GradeRecord) -> tuple[float, float]:
    """Return the points earned and those to be earned, without the warm-ups'."""
    counted = [e for e in found.exercises if not e.warm_up]
    return round(sum(e.earned for e in counted), 2), sum(e.points for e in counted)


def as_text(found: FileReport) -> str:
    """Return the report of :func:`grade_file` as text for a terminal."""
    lines = [f"{found['notebook']}: {found['chapter']}, {found['earned']:g} of {found['points']:g} points"]
    for e in found["exercises"]:
        name = e["exercise"] + (" (warm-up, not counted)" if e.get("warm_up") else "")
        lines.append(
            f"  {name}: {e['earned']:g} of {e['points']:g}" + (f"  {e['mistake']}: {e['hint']}" if e["mistake"] else "")
        )
    return "\n".join([*lines, *(f"  note: {n}" for n in found["notes"])])
