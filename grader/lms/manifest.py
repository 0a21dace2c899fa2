"""The manifest of a class: which file of which download stands in ``submitted/``, under which number and name.

It is ``collected.json`` in the work folder. Exports and feedback zips find the LMS's numbers and names there.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime
from typing import TypedDict

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.lms.archives import ArchiveMember
from grader.lms.filenames import SubmissionName
from grader.lms.timestamps import stamp

NAME = "collected.json"


class ManifestEntry(TypedDict):
    """One collected file: what its LMS called it, when it was submitted or packed (``seen``), and its digest."""

    lms: str
    lms_id: str
    who: str
    stem: str
    path: str
    late: bool
    order: list[int]
    time: str
    seen: str
    digest: str


Manifest = dict[str, dict[str, ManifestEntry]]  # by student, then by chapter


def new_entry(member: ArchiveMember, name: SubmissionName, time: datetime | None, content: bytes) -> ManifestEntry:
    """Describe a file that is being collected."""
    return {
        "lms": name.lms,
        "lms_id": name.lms_id,
        "who": name.who,
        "stem": name.stem,
        "path": member.path,
        "late": name.late,
        "order": list(name.order),
        "time": stamp(time) if time else "",
        "seen": member.mtime,
        "digest": hashlib.sha256(content).hexdigest(),
    }


def is_newer(entry: ManifestEntry, known: ManifestEntry) -> bool:
    """Return whether a submission is later than the known one, by what both of them say."""
    same = entry["lms"] == known["lms"]
    if same and any(entry["order"]):
        return entry["order"] > known["order"]
    if entry["time"] and known["time"] and entry["time"] != known["time"]:
        return entry["time"] > known["time"]
    return same and entry["seen"] > known["seen"]


def entry_of(manifest: Manifest, student: str, chapter: str, lms: str) -> ManifestEntry | None:
    """Return what was collected of a student for a chapter, if it came from this LMS."""
    found = manifest.get(student, {}).get(chapter)
    return found if found and found["lms"] == lms else None


def read_manifest(course: CourseDirectory) -> Manifest:
    """Read what was collected so far.

    Raises
    ------
    GraderError
        If somebody broke the file.
    """
    try:
        found = json.loads((course.work / NAME).read_text(encoding="utf-8"))
        return {s: dict(found["students"][s]) for s in found["students"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise GraderError(f"{course.work / NAME} is damaged: move it away and collect again.") from error


def write_manifest(course: CourseDirectory, manifest: Manifest) -> None:
    """Write what was collected, in one move."""
    course.work.mkdir(parents=True, exist_ok=True)
    partial = course.work / (NAME + ".partial")
    partial.write_text(json.dumps({"version": 1, "students": manifest}, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(partial, course.work / NAME)
