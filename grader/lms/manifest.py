"""The manifest of a class: which file of which download stands in ``submitted/``, under which number and name.

It is ``collected.json`` in the work folder. Exports and feedback zips find the LMS's numbers and names there.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any, TypedDict, cast

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.lms.filenames import SubmissionName
from grader.lms.hand_in_zip import ArchiveMember
from grader.lms.timestamps import stamp

NAME = "collected.json"


class ManifestEntry(TypedDict):
    """One collected file: what its LMS called it, when it was submitted or packed (``seen``), and its digest.

    ``untouched`` is a notebook as handed out, ``rides`` one that came with the hand-in for another chapter, ``shared``
    one that was handed in by another of the student's group.
    """

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
    untouched: bool
    rides: bool
    shared: bool


Manifest = dict[str, dict[str, ManifestEntry]]  # by student, then by chapter


def new_entry(
    member: ArchiveMember,
    name: SubmissionName,
    time: datetime | None,
    digest: str,
    *,
    untouched: bool,
    rides: bool,
    shared: bool,
) -> ManifestEntry:
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
        "digest": digest,
        "untouched": untouched,
        "rides": rides,
        "shared": shared,
    }


def worth(entry: ManifestEntry) -> tuple[bool, bool, bool]:
    """Return what counts before any time: work, the chapter's own hand-in, the student's own."""
    return (not entry["untouched"], not entry["rides"], not entry["shared"])


def is_newer(entry: ManifestEntry, known: ManifestEntry) -> bool:
    """Return whether a submission counts rather than the known one: it is worth more, or as much and later."""
    if worth(entry) != worth(known):
        return worth(entry) > worth(known)
    same = entry["lms"] == known["lms"]
    if same and any(entry["order"]):
        return entry["order"] > known["order"]
    if entry["time"] and known["time"] and entry["time"] != known["time"]:
        return entry["time"] > known["time"]
    return same and entry["seen"] > known["seen"]


def is_same_submission(entry: ManifestEntry, known: ManifestEntry) -> bool:
    """Return whether these are one submission, which was only downloaded twice."""
    return (entry["lms"], entry["lms_id"], list(entry["order"]), entry["digest"]) == (
        known["lms"], known["lms_id"], list(known["order"]), known["digest"],
    )  # fmt: skip


def what_is_new(entry: ManifestEntry, known: ManifestEntry) -> str:
    """Say what a later download knows of the same submission, "" if nothing more than before."""
    told = []
    if entry["time"] and entry["time"] != known["time"]:
        told.append(f"submitted {entry['time'][:19]} UTC" + (f", not {known['time'][:19]}" if known["time"] else ""))
    if entry["late"] != known["late"]:
        told.append("now late" if entry["late"] else "no longer late")
    return ", ".join(told)


def entry_of(manifest: Manifest, student: str, chapter: str, lms: str) -> ManifestEntry | None:
    """Return what was collected of a student for a chapter, if it came from this LMS."""
    found = manifest.get(student, {}).get(chapter)
    return found if found and found["lms"] == lms and not found["shared"] else None


def read_manifest(course: CourseDirectory) -> Manifest:
    """Read what was collected so far.

    Raises
    ------
    GraderError
        If somebody broke the file.
    """
    try:
        found = json.loads((course.work / NAME).read_text(encoding="utf-8"))
        return {s: {c: _complete(entry) for c, entry in of.items()} for s, of in found["students"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GraderError(f"{course.work / NAME} is damaged: move it away and collect again.") from error


def _complete(entry: dict[str, Any]) -> ManifestEntry:
    """Return an entry with what an earlier version did not write."""
    complete: Any = {"untouched": False, "rides": False, "shared": False, **entry}
    return cast(ManifestEntry, complete)


def remembered_zone(course: CourseDirectory) -> str:
    """Return the time zone in which the class's times were read last, UTC at first."""
    try:
        return str(json.loads((course.work / NAME).read_text(encoding="utf-8"))["timezone"])
    except (OSError, ValueError, KeyError, TypeError):
        return "UTC"


def write_manifest(course: CourseDirectory, manifest: Manifest, timezone: str = "") -> None:
    """Write what was collected, in one move."""
    course.work.mkdir(parents=True, exist_ok=True)
    partial = course.work / (NAME + ".partial")
    found = {"version": 2, "timezone": timezone or remembered_zone(course), "students": manifest}
    partial.write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(partial, course.work / NAME)
