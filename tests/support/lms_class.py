"""What the tests of feeds share: a class of four, its downloads taken, its marks entered and read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.gradebook.connection import open_gradebook
from grader.lms import roster
from grader.lms.collect import Collector, CollectResult
from grader.lms.roster import Roster
from tests.support import sample_downloads as sample

NAMES = ("Marie Curie", "李 明", "Zoë O'Neill-Smith", "Ana de la Cruz")


def by(blank: bytes, words: str) -> bytes:
    """The notebook with these words at its end."""
    notebook = json.loads(blank)
    notebook["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": words})
    return json.dumps(notebook).encode()


def take(
    course: CourseDirectory, *sources: Path, known: Roster | None = None, dry_run: bool = False
) -> list[CollectResult]:
    """Collect these downloads."""
    return Collector(course, known or Roster(), dry_run).collect(sources)


def status(taken: list[CollectResult]) -> dict[str, str]:
    return {t.student: t.status for t in taken if t.student}


def handed_in(course: CourseDirectory) -> dict[str, bytes]:
    """Everything below submitted/, by path."""
    return {
        f.relative_to(course.submitted).as_posix(): f.read_bytes()
        for f in sorted(course.submitted.rglob("*"))
        if not f.is_dir()
    }


def canvas_roster(course: CourseDirectory, work: dict[str, bytes], chapters: list[Chapter]) -> Roster:
    file = sample.canvas_export(course.work / "canvas.csv", work, chapters, {c.assignment_id: 60 for c in chapters})
    return roster.read([file])


def mark(course: CourseDirectory, chain: Chapter, scores: dict[str, float], waiting: tuple[str, ...] = ()) -> None:
    """Enter marks as grading would: ``scores`` for the first exercise, zero for the others."""
    with open_gradebook(course) as gradebook:
        for student, score in scores.items():
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(chain.assignment_id, student)
            for i, grade in enumerate(
                gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, student).grades
            ):
                written = grade.name == "chain-reflection"
                grade.auto_score = None if written and student in waiting else (score if i == 0 else 0.0)
                grade.needs_manual_grade = written and student in waiting
        gradebook.db.commit()


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.open(encoding="utf-8", newline="")))
