"""Collecting a class: what an LMS or nbgrader's exchange handed over goes to ``submitted/STUDENT/CHAPTER/``.

Of several submissions of one student the latest counts; a newer one is never overwritten by an older one, however
often and in whatever order downloads are collected. What was taken from where stands in ``collected.json`` of the work
folder: the exports and the feedback zips find the LMS's numbers and names there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Any

from grader.course import STUDENT_ID, Chapter, CourseDirectory, chapters
from grader.errors import GraderError
from grader.lms import archives
from grader.lms.archives import ArchiveMember, UnpackLimits
from grader.lms.filenames import SubmissionName, normalize_name, parse_name, without_version
from grader.lms.roster import Roster
from grader.lms.timestamps import parse_utc, stamp
from grader.notebooks.reader import chapter_of, read_submission
from grader.results import digest_of

Manifest = dict[str, dict[str, dict[str, Any]]]  # student, chapter, what was collected
NAME = "collected.json"
MOST_LETTERS = 100  # of a student id, which is a folder's name
UNKNOWN = "its name says neither Canvas, Moodle nor nbgrader: rename it as the LMS did, or put it into submitted/."
MOODLES_NUMBERS = (
    "Moodle numbers a student anew in every assignment: without a roster each chapter's student is another one."
)


@dataclass(frozen=True)
class CollectResult:
    """What became of one file: "new", "replaced", "unchanged", "older" (a later one counts) or "trouble"."""

    path: str
    status: str
    student: str = ""
    chapter: str = ""
    late: bool = False
    note: str = ""
    lms: str = ""


@dataclass
class Collector:
    """One run over downloads. Nothing is written where ``dry_run`` is set."""

    course: CourseDirectory
    roster: Roster = field(default_factory=Roster)
    dry_run: bool = False

    def collect(self, sources: Iterable[Path]) -> list[CollectResult]:
        """Take what is in these folders and zips; one line for each file, in the order of their paths."""
        self.ledger = manifest(self.course)
        self.plain_args: dict[str, set[str]] = {}
        self.placed: dict[Path, str] = {}
        with ExitStack() as stack:
            budget = UnpackLimits()
            found = [p for source in sources for p in stack.enter_context(archives.open_archive(source, budget))]
            labelled = [(p, parse_name(p.path)) for p in found]
            labelled.sort(key=lambda pair: _rank(*pair), reverse=True)  # the latest first: it need not give way later
            taken = [t for p, label in labelled for t in self._take(p, label)]
        if not self.dry_run:
            _write_manifest(self.course, self.ledger)
        return sorted([*taken, *self._without_notebook(labelled)], key=lambda t: (t.path, t.status))

    def _take(self, member: ArchiveMember, label: SubmissionName | None) -> Iterator[CollectResult]:
        """What becomes of one file; whatever is wrong with it ends here, in a line."""
        try:
            if member.trouble:
                raise GraderError(member.trouble)
            if label is None:
                raise GraderError(UNKNOWN)
            if label.lms == "nbgrader" and not label.file.endswith(".ipynb"):
                return  # timestamp.txt, and whatever the student's folder held besides
            student, submitted = self._who(label)
            self.plain_args.setdefault(student, set())
            _require_notebook(label)
            content = member.read()
            chapter, note = _chapter(content, label)
            self.plain_args[student].add(member.path)
            entry = _entry(member, label, submitted or label.time, content)
            status, said = self._place(student, chapter, content, entry)
            yield CollectResult(
                member.path, status, student, chapter.assignment_id, label.late, said or note, label.lms
            )
        except GraderError as trouble:
            yield CollectResult(member.path, "trouble", note=str(trouble))

    def _who(self, label: SubmissionName) -> tuple[str, Any]:
        student, submitted = self.roster.find(label) if self.roster else (label.lms_id, None)
        if not STUDENT_ID.fullmatch(student) or len(student) > MOST_LETTERS:
            raise GraderError(
                f"{student!r} cannot be a student id (letters, digits and . @ + - _): add it to a roster."
            )
        return student, submitted

    def _place(self, student: str, chapter: Chapter, content: bytes, entry: dict[str, Any]) -> tuple[str, str]:
        """Write a submission if it is the latest; its status and, where one is due, a word on why."""
        file = self.course.notebook_path(self.course.submitted, student, chapter)
        _require_inside(file, self.course)
        known = self.ledger.get(student, {}).get(chapter.assignment_id)
        there = self.placed.get(file) or (digest_of(file) if file.is_file() else "")
        newer = known is None or _is_newer(entry, known) or bool(entry["time"] and not known["time"])
        if there == entry["digest"]:
            status = "unchanged"
        elif not there:
            status, newer = "new", True
        elif known and known["digest"] == there:
            status = "replaced" if newer else "older"
        else:
            newer = _is_later(entry, file)
            status = "replaced" if newer else "older"
        if newer:
            self.placed[file] = entry["digest"]
            self.ledger.setdefault(student, {})[chapter.assignment_id] = entry
            if not self.dry_run:
                _write(file, content, entry["time"])
        return status, _why(entry, known, there) if status == "older" else ""

    def _without_notebook(
        self, labelled: Iterable[tuple[ArchiveMember, SubmissionName | None]]
    ) -> Iterator[CollectResult]:
        """A line for each student who handed something in, and no notebook of the course."""
        for student, notebooks in sorted(self.plain_args.items()):
            if not notebooks:
                yield CollectResult(
                    "", "trouble", student, note=f"{student} handed in no notebook of this course: ask for it."
                )


def _rank(member: ArchiveMember, label: SubmissionName | None) -> tuple[Any, ...]:
    """Later is greater: the LMS's own order, then the time, then the name that the lesson has."""
    if label is None:
        return ((0, 0), "", "", False)
    named = without_version(label.file) in {c.notebook for c in chapters()}
    return (label.order, label.time.isoformat() if label.time else "", member.mtime, named)


def _require_notebook(label: SubmissionName) -> None:
    if label.typed:
        raise GraderError("text that was typed into the LMS, not a file: ask for the notebook.")
    if not label.file.lower().endswith(".ipynb"):
        kind = PurePosixPath(label.file).suffix or "no ending"
        raise GraderError(f"not a notebook ({kind}): ask for the .ipynb.")


def _chapter(content: bytes, label: SubmissionName) -> tuple[Chapter, str]:
    """The chapter by the notebook's cells, else by nbgrader's assignment, else by the file's name; and a word on it."""
    with NamedTemporaryFile(suffix=".ipynb") as file:
        file.write(content)
        file.flush()
        try:
            return chapter_of(read_submission(Path(file.name)), Path(label.file)), ""
        except GraderError as trouble:
            why = str(trouble).replace(Path(file.name).name, label.file)
        except RecursionError:
            why = f"{label.file} is nested too deeply to be a notebook."
    for chapter in chapters():
        if chapter.assignment_id == label.assignment or normalize_name(chapter.notebook) == normalize_name(
            without_version(label.file)
        ):
            return chapter, why
    raise GraderError(why)


def _entry(member: ArchiveMember, label: SubmissionName, time: Any, content: bytes) -> dict[str, Any]:
    return {
        "lms": label.lms,
        "lms_id": label.lms_id,
        "who": label.who,
        "stem": label.stem,
        "path": member.path,
        "late": label.late,
        "order": list(label.order),
        "time": stamp(time) if time else "",
        "seen": member.mtime,
        "digest": hashlib.sha256(content).hexdigest(),
    }


def _is_newer(entry: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether this submission is later than the one that is there: by what both of them know."""
    same = entry["lms"] == known["lms"]
    if same and any(entry["order"]):
        return entry["order"] > known["order"]
    if entry["time"] and known["time"] and entry["time"] != known["time"]:
        return entry["time"] > known["time"]
    return same and entry["seen"] > known["seen"]


def _why(entry: dict[str, Any], known: dict[str, Any] | None, there: str) -> str:
    if known and known["digest"] == there:
        return f"{PurePosixPath(known['path']).name} counts."
    return "another submission lies there that did not come this way: it stays (move it away to take this one)."


def _is_later(entry: dict[str, Any], file: Path) -> bool:
    """Whether a submission is later than one that lies there with a timestamp of its own."""
    try:
        there = parse_utc((file.parent / "timestamp.txt").read_text(errors="replace").strip()[:100])
    except (OSError, ValueError, OverflowError):
        return False
    return bool(entry["time"]) and entry["time"] > stamp(there)


def _require_inside(file: Path, course: CourseDirectory) -> None:
    """Nothing is written through a link that somebody laid into submitted/."""
    places = [file, file.parent, file.parent.parent]
    if any(p.is_symlink() for p in places) or file.is_dir():
        raise GraderError(f"{file.relative_to(course.work)} is a link or a folder: clear it away and collect again.")


def _write(file: Path, content: bytes, time: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    when = file.with_name("timestamp.txt")
    if time:
        when.write_text(time + "\n", encoding="utf-8")
    else:
        when.unlink(missing_ok=True)  # that of an earlier submission is not this one's
    os.replace(partial, file)


def manifest(course: CourseDirectory) -> Manifest:
    """What was collected so far; Trouble if somebody broke the file."""
    try:
        found = json.loads((course.work / NAME).read_text(encoding="utf-8"))
        return {s: dict(found["students"][s]) for s in found["students"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise GraderError(f"{course.work / NAME} is damaged: move it away and collect again.") from error


def _write_manifest(course: CourseDirectory, found: Manifest) -> None:
    course.work.mkdir(parents=True, exist_ok=True)
    partial = course.work / (NAME + ".partial")
    partial.write_text(json.dumps({"version": 1, "students": found}, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(partial, course.work / NAME)
