"""Who gave which mark at the desk: a line of JSON for each change, in the course directory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from grader.course import CourseDirectory
from grader.desk.marks import Outcome
from grader.desk.questions import Question

FOLDER, FILE = "desk", "marks.jsonl"
MOST_READ = 4 * 2**20  # bytes of the file's end that are looked through for a name


def note(course: CourseDirectory, question: Question, grader: str, outcomes: Iterable[Outcome]) -> None:
    """Add what was saved to the file; it is the instructor's to read, and nothing depends on it."""
    lines = [
        json.dumps(
            {
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "grader": grader,
                "chapter": question.chapter.assignment_id,
                "cell": question.cell,
                "student": outcome.student,
                "before": asdict(outcome.before),
                "after": asdict(outcome.mark),
            }
        )
        for outcome in outcomes
        if outcome.saved
    ]
    if not lines:
        return
    folder = course.work / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(opened, "a", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def last_grader(course: CourseDirectory, question: Question, student: str) -> str:
    """Return who last marked this answer at a desk of this course directory, or ""."""
    try:
        with open(course.work / FOLDER / FILE, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_READ))
            lines = file.read().splitlines()
    except OSError:
        return ""
    wanted = (question.chapter.assignment_id, question.cell, student)
    for line in reversed(lines):
        try:
            found = json.loads(line)
            if (found["chapter"], found["cell"], found["student"]) == wanted:
                return str(found["grader"])
        except (ValueError, KeyError, TypeError):
            continue
    return ""
