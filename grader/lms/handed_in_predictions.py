"""Predictions that students handed in with a notebook: ``predictions/STUDENT/DIGEST.json`` in the work folder.

They are named by the notebook's digest. So they belong to the submission that counts, whatever is collected later or
taken back. A student who hands the same notebook in again without them takes them away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.course import Chapter, CourseDirectory
from grader.lms.manifest import read_manifest
from gradschool.lessons.predictions.record import Prediction, from_plain

FOLDER = "predictions"


def write(course: CourseDirectory, student: str, digest: str, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what came with a notebook, or take away what came with it before."""
    file = _file(course, student, digest)
    if not found:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1), encoding="utf-8")
    os.replace(partial, file)


def read(course: CourseDirectory, chapter: Chapter) -> dict[str, dict[str, Prediction]]:
    """Return by student what came with the notebooks that count for a chapter; a group's for the one who handed in."""
    found = {}
    for student, collected in read_manifest(course).items():
        entry = collected.get(chapter.assignment_id)
        if entry and not entry["shared"]:
            found[student] = _read(_file(course, student, entry["digest"]))
    return {student: guesses for student, guesses in found.items() if guesses}


def _file(course: CourseDirectory, student: str, digest: str) -> Path:
    return course.work / FOLDER / student / f"{digest}.json"


def _read(file: Path) -> dict[str, Prediction]:
    try:
        return from_plain(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}
