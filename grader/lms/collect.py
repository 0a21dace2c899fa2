"""Collecting a class: what an LMS or nbgrader's exchange handed over goes to ``submitted/STUDENT/CHAPTER/``.

Of several submissions of one student the latest counts; a newer one is never overwritten by an older one, however
often and in whatever order downloads are collected. The manifest (:mod:`grader.lms.manifest`) says what was collected
from where.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.course import STUDENT_ID, Chapter, CourseDirectory, chapters
from grader.errors import GraderError
from grader.lms import archives
from grader.lms.archives import ArchiveMember, UnpackLimits
from grader.lms.filenames import SubmissionName, normalize_name, parse_name, without_version
from grader.lms.manifest import Manifest, ManifestEntry, is_newer, new_entry, read_manifest, write_manifest
from grader.lms.roster import Roster
from grader.lms.timestamps import parse_utc, stamp
from grader.notebooks.reader import parse_submission
from grader.notebooks.recognize import chapter_of
from grader.results import digest_of

MOST_LETTERS = 100  # of a student id, which is a folder's name
UNKNOWN = "its name says neither Canvas, Moodle nor nbgrader: rename it as the LMS did, or put it into submitted/."
MOODLES_NUMBERS = (
    "Moodle numbers a student anew in every assignment: without a roster each chapter's student is another one."
)


@dataclass(frozen=True)
class CollectResult:
    """What became of one file: "new", "replaced", "unchanged", "older" (a later one counts) or "failed"."""

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
    manifest: Manifest = field(init=False, default_factory=dict)
    _notebooks: dict[str, set[str]] = field(init=False, default_factory=dict)  # paths by student, also of none
    _placed: dict[Path, str] = field(init=False, default_factory=dict)  # digests of what this run wrote

    def collect(self, sources: Iterable[Path]) -> list[CollectResult]:
        """Collect from these folders and zips; one result for each file, in the order of their paths."""
        self.manifest, self._notebooks, self._placed = read_manifest(self.course), {}, {}
        with ExitStack() as stack:
            limits = UnpackLimits()
            found = [p for source in sources for p in stack.enter_context(archives.open_archive(source, limits))]
            named = [(member, parse_name(member.path)) for member in found]
            named.sort(key=lambda pair: _rank(*pair), reverse=True)  # the latest first: it need not give way later
            results = [r for member, name in named for r in self._collect_member(member, name)]
        if not self.dry_run:
            write_manifest(self.course, self.manifest)
        return sorted([*results, *self._without_notebook()], key=lambda r: (r.path, r.status))

    def _collect_member(self, member: ArchiveMember, name: SubmissionName | None) -> Iterator[CollectResult]:
        """Collect one file; whatever is wrong with it ends here, in a result that says so."""
        try:
            if member.trouble:
                raise GraderError(member.trouble)
            if name is None:
                raise GraderError(UNKNOWN)
            if name.lms == "nbgrader" and not name.file.endswith(".ipynb"):
                return  # timestamp.txt, and whatever the student's folder held besides
            yield self._collect_notebook(member, name)
        except GraderError as error:
            yield CollectResult(member.path, "failed", note=str(error))

    def _collect_notebook(self, member: ArchiveMember, name: SubmissionName) -> CollectResult:
        student, submitted = self._find_student(name)
        self._notebooks.setdefault(student, set())
        _require_notebook(name)
        content = member.read()
        chapter, chapter_note = _chapter(content, name)
        self._notebooks[student].add(member.path)
        entry = new_entry(member, name, submitted or name.time, content)
        status, note = self._place(student, chapter, content, entry)
        return CollectResult(
            member.path, status, student, chapter.assignment_id, name.late, note or chapter_note, name.lms
        )

    def _find_student(self, name: SubmissionName) -> tuple[str, datetime | None]:
        """Return the student id, which is fit for a folder's name, and the submission's time if the roster has it."""
        student, submitted = self.roster.find(name) if self.roster else (name.lms_id, None)
        if not STUDENT_ID.fullmatch(student) or len(student) > MOST_LETTERS:
            raise GraderError(
                f"{student!r} cannot be a student id (letters, digits and . @ + - _): add it to a roster."
            )
        return student, submitted

    def _place(self, student: str, chapter: Chapter, content: bytes, entry: ManifestEntry) -> tuple[str, str]:
        """Write a submission if it is the latest; return its status and, where one is due, a note on why."""
        file = self.course.notebook_path(self.course.submitted, student, chapter)
        _require_inside(file, self.course)
        known = self.manifest.get(student, {}).get(chapter.assignment_id)
        existing = self._placed.get(file) or (digest_of(file) if file.is_file() else "")
        newer = known is None or is_newer(entry, known) or bool(entry["time"] and not known["time"])
        if existing == entry["digest"]:
            status = "unchanged"
        elif not existing:
            status, newer = "new", True
        elif known and known["digest"] == existing:
            status = "replaced" if newer else "older"
        else:
            newer = _is_later(entry, file)
            status = "replaced" if newer else "older"
        if newer:
            self._placed[file] = entry["digest"]
            self.manifest.setdefault(student, {})[chapter.assignment_id] = entry
            if not self.dry_run:
                _write(file, content, entry["time"])
        return status, _why_older(known, existing) if status == "older" else ""

    def _without_notebook(self) -> Iterator[CollectResult]:
        """One result for each student who handed something in, and no notebook of the course."""
        for student, paths in sorted(self._notebooks.items()):
            if not paths:
                note = f"{student} handed in no notebook of this course: ask for it."
                yield CollectResult("", "failed", student, note=note)


def _rank(member: ArchiveMember, name: SubmissionName | None) -> tuple[tuple[int, int], str, str, bool]:
    """Return a sort key by which later is greater: the LMS's order, then the time, then the name the lesson has."""
    if name is None:
        return ((0, 0), "", "", False)
    is_named_so = without_version(name.file) in {c.notebook for c in chapters()}
    return (name.order, name.time.isoformat() if name.time else "", member.mtime, is_named_so)


def _require_notebook(name: SubmissionName) -> None:
    if name.typed:
        raise GraderError("text that was typed into the LMS, not a file: ask for the notebook.")
    if not name.file.lower().endswith(".ipynb"):
        kind = PurePosixPath(name.file).suffix or "no ending"
        raise GraderError(f"not a notebook ({kind}): ask for the .ipynb.")


def _chapter(content: bytes, name: SubmissionName) -> tuple[Chapter, str]:
    """Find the chapter by the notebook's cells, else by nbgrader's assignment, else by the file's name; with a note."""
    try:
        return chapter_of(parse_submission(content, name.file), name.file), ""
    except GraderError as error:
        why = str(error)
    for chapter in chapters():
        if chapter.assignment_id == name.assignment or normalize_name(chapter.notebook) == normalize_name(
            without_version(name.file)
        ):
            return chapter, why
    raise GraderError(why)


def _why_older(known: ManifestEntry | None, existing: str) -> str:
    """Say which submission counts instead."""
    if known and known["digest"] == existing:
        return f"{PurePosixPath(known['path']).name} counts."
    return "another submission lies there that did not come this way: it stays (move it away to take this one)."


def _is_later(entry: ManifestEntry, file: Path) -> bool:
    """Return whether a submission is later than one that lies there with a timestamp of its own."""
    try:
        existing = parse_utc((file.parent / "timestamp.txt").read_text(errors="replace").strip()[:100])
    except (OSError, ValueError, OverflowError):
        return False
    return bool(entry["time"]) and entry["time"] > stamp(existing)


def _require_inside(file: Path, course: CourseDirectory) -> None:
    """Refuse to write through a link that somebody put into ``submitted/``."""
    places = [file, file.parent, file.parent.parent]
    if any(p.is_symlink() for p in places) or file.is_dir():
        raise GraderError(f"{file.relative_to(course.work)} is a link or a folder: clear it away and collect again.")


def _write(file: Path, content: bytes, time: str) -> None:
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
