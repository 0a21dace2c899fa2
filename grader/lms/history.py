"""What each collecting changed, so that it can be undone: a journal, and every notebook that gave way.

``collected-before/`` in the work folder holds the notebooks, named by their digests, and ``journal.json``: the runs,
the latest last. It is written before anything is changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.lms.manifest import Manifest, ManifestEntry
from grader.results import digest_of

FOLDER, JOURNAL = "collected-before", "journal.json"
MOST_RUNS = 100


@dataclass(frozen=True)
class Change:
    """What one student's chapter was before a run and is after it: the manifest's entries, the files' digests.

    ``time`` is what stood in ``timestamp.txt``.
    """

    student: str
    chapter: str
    before: ManifestEntry | None
    after: ManifestEntry | None
    digest_before: str
    digest_after: str
    time: str = ""


def note_run(course: CourseDirectory, changes: list[Change]) -> None:
    """Keep what is about to be changed."""
    runs = _read(course)
    _write(course, [*runs, [asdict(c) for c in changes]][-MOST_RUNS:])


def last_run(course: CourseDirectory) -> list[Change]:
    """Return what the latest run that was not undone changed; raise GraderError if there is none."""
    runs = _read(course)
    if not runs:
        raise GraderError("There is nothing to undo: no collecting has changed anything.")
    try:
        return [Change(**change) for change in runs[-1]]
    except TypeError as error:
        raise GraderError(f"{course.work / FOLDER / JOURNAL} is damaged: move it away.") from error


def forget_last(course: CourseDirectory, undone: list[Change]) -> None:
    """Take changes out of the latest run, and the run if none is left."""
    runs = _read(course)
    left = [c for c in runs[-1] if Change(**c) not in undone]
    _write(course, [*runs[:-1], *([left] if left else [])])


def keep(course: CourseDirectory, file: Path) -> str:
    """Keep a copy of a notebook that is about to give way; return its digest, "" if it is not there."""
    if not file.is_file():
        return ""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    kept = course.work / FOLDER / f"{digest}.ipynb"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_bytes(content)
        os.replace(partial, kept)
    return digest


def write_submission(file: Path, content: bytes, time: str) -> None:
    """Write a submission and its timestamp, the notebook in one move."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    when = file.with_name("timestamp.txt")
    if time:
        when.write_text(time + "\n", encoding="utf-8")
    else:
        when.unlink(missing_ok=True)  # that of an earlier submission is not this one's
    os.replace(partial, file)


def remove_submission(file: Path) -> None:
    """Take a submission away, with its timestamp and the folders that held nothing else."""
    file.unlink(missing_ok=True)
    file.with_name("timestamp.txt").unlink(missing_ok=True)
    for folder in (file.parent, file.parent.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def revert(course: CourseDirectory, manifest: Manifest, change: Change, chapter: Chapter) -> tuple[str, str]:
    """Bring one student's chapter back as it was before a run; return a status and a note."""
    file = course.notebook_path(course.submitted, change.student, chapter)
    there = digest_of(file) if file.is_file() else ""
    if there not in (change.digest_before, change.digest_after):
        return "failed", "it was changed since, by hand: left as it is."
    kept = course.work / FOLDER / f"{change.digest_before}.ipynb"
    if change.digest_before and there != change.digest_before and not kept.is_file():
        return "failed", f"{kept.name} is no longer in {FOLDER}/: left as it is."
    keep(course, file)
    if change.digest_before:
        write_submission(file, file.read_bytes() if there == change.digest_before else kept.read_bytes(), change.time)
    else:
        remove_submission(file)
    of_student = manifest.setdefault(change.student, {})
    if change.before:
        of_student[change.chapter] = change.before
    else:
        of_student.pop(change.chapter, None)
    if not of_student:
        del manifest[change.student]
    return (
        ("restored", "the earlier one is back.") if change.digest_before else ("removed", "nothing was there before.")
    )


def time_of(file: Path) -> str:
    """Return what the timestamp beside a submission says."""
    try:
        return file.with_name("timestamp.txt").read_text(encoding="utf-8", errors="replace").strip()[:100]
    except OSError:
        return ""


def _read(course: CourseDirectory) -> list[list[dict[str, Any]]]:
    try:
        found = json.loads((course.work / FOLDER / JOURNAL).read_text(encoding="utf-8"))["runs"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise GraderError(f"{course.work / FOLDER / JOURNAL} is damaged: move it away.") from error
    return list(found)


def _write(course: CourseDirectory, runs: list[list[dict[str, Any]]]) -> None:
    journal = course.work / FOLDER / JOURNAL
    journal.parent.mkdir(parents=True, exist_ok=True)
    partial = journal.with_suffix(".partial")
    partial.write_text(json.dumps({"runs": runs}, indent=1), encoding="utf-8")
    os.replace(partial, journal)
