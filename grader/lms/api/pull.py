"""Roster and submissions from an LMS: fetched into the work folder, then collected like any download.

A file that is there in the same version is not fetched again, so a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.lms import roster
from grader.lms.api.interface import Assignment, HandedInFile, Lms, LmsError, Student, Unavailable
from grader.lms.api.journal import Journal, folder_of
from grader.lms.api.naming import download_path, person_name
from grader.lms.api.people import by_chapter, class_ids, own_roster
from grader.lms.api.session import too_large
from grader.lms.collect import Collector
from grader.lms.hand_in_zip import MOST_UNPACKED
from grader.lms.ids import original_id
from grader.lms.manifest import remembered_zone
from grader.lms.placing import CollectResult
from grader.lms.totals import write_csv

MOST_FAILURES = 3  # one after the other, before the run ends
DOWNLOADS = "downloads"


@dataclass
class Pulled:
    """What a run did: how many files it fetched, and which were there; a line for each that it could not; notes."""

    students: int = 0
    fetched: int = 0
    present: int = 0
    failed: list[CollectResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    collected: list[CollectResult] = field(default_factory=list)
    would_fetch: list[str] = field(default_factory=list)


class Patience:
    """Ends a run in which the LMS fails again and again; one failure costs one student."""

    def __init__(self) -> None:
        self._failures = 0

    def failed(self, error: GraderError) -> None:
        """Count a failure; raise it when it is one too many, or one that every other request would meet, too."""
        self._failures += isinstance(error, Unavailable)
        if self._failures >= MOST_FAILURES or (isinstance(error, LmsError) and not isinstance(error, Unavailable)):
            raise error

    def worked(self) -> None:
        """Forget the failures."""
        self._failures = 0


def pull(
    lms: Lms,
    course: CourseDirectory,
    chapters: Sequence[Chapter],
    chosen: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
    most: int = MOST_UNPACKED,
) -> Pulled:
    """Fetch the roster and every student's latest submission, and collect them; ``most`` bytes of a file at most.

    Raises
    ------
    LmsError
        If the LMS does not let us, or fails again and again. What was fetched stays.
    """
    people = {s.number: s for s in lms.students()}
    ids, own = class_ids(course, lms, list(people.values())), own_roster(course, lms)
    assignments, notes = by_chapter(chapters, lms.assignments(), chosen or {})
    run = Pulled(len(people), notes=notes)
    fetching = _Fetching(lms, folder_of(course, lms.kind, lms.course), people, run, dry_run, most)
    if not dry_run:
        _write_roster(own, people, ids)
    for chapter, assignment in assignments.items():
        fetching.fetch(chapter, assignment)
    if not dry_run and fetching.downloads.is_dir():
        zone = remembered_zone(course)
        collector = Collector(course, roster.read([own], zone), timezone=zone, submitted=fetching.times)
        run.collected = collector.collect([fetching.downloads])
    return run


def _write_roster(file: Path, people: Mapping[str, Student], ids: Mapping[str, str]) -> None:
    rows = [
        {"student_id": original_id(ids[number]), "lms_id": number, "name": person_name(student.name)}
        for number, student in people.items()
    ]
    write_csv(file, ["student_id", "lms_id", "name"], rows)


@dataclass
class _Fetching:
    lms: Lms
    folder: Path
    people: Mapping[str, Student]
    run: Pulled
    dry_run: bool
    most: int
    times: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.downloads = self.folder / DOWNLOADS
        self.journal = Journal(self.folder)
        self.patience = Patience()

    def fetch(self, chapter: str, assignment: Assignment) -> None:
        """Fetch a chapter's files, and take away what is no longer anybody's latest submission."""
        if assignment.trouble:
            self.run.notes.append(f"{chapter}: {assignment.title[:80]!r} cannot be fetched, {assignment.trouble}.")
            return
        files, left_out = self.lms.handed_in(assignment)
        self.run.notes += [f"{chapter}: {sentence}." for sentence in left_out]
        kept = set()
        for path, file in self._placed(chapter, files):
            kept.add(path)
            if file.submitted:
                self.times[path] = file.submitted
            self._one(path, file, chapter)
        if not self.dry_run:
            self._remove_others(chapter, kept)

    def _placed(self, chapter: str, files: Sequence[HandedInFile]) -> Iterator[tuple[str, HandedInFile]]:
        """Yield each file with its path, no path twice."""
        taken: set[str] = set()
        for file in files:
            student = self.people.get(file.student)
            if student is None:
                note = f"student number {file.student} is not in the course's list of students: left out."
                self.run.failed.append(CollectResult(f"{chapter}/{file.student}", "failed", chapter=chapter, note=note))
                continue
            first = path = Path(chapter) / download_path(self.lms.kind, file, student)
            free = (first.with_name(f"{first.stem} ({i}){first.suffix}") for i in range(1, len(files) + 1))
            while path.as_posix().casefold() in taken:
                path = next(free)
            taken.add(path.as_posix().casefold())
            yield path.as_posix(), file

    def _one(self, path: str, file: HandedInFile, chapter: str) -> None:
        target = self.downloads / path
        if self.journal.fetched.get(path) == file.version and target.is_file():
            self.run.present += 1
        elif file.size > self.most:
            self.run.failed.append(CollectResult(path, "failed", chapter=chapter, note=too_large(self.most)))
        elif self.dry_run:
            self.run.would_fetch.append(path)
        else:
            try:
                _write(target, self.lms.read(file, self.most))
            except GraderError as error:
                self.run.failed.append(CollectResult(path, "failed", chapter=chapter, note=str(error)))
                self.patience.failed(error)
                return
            self.journal.add_file(path, file.version)
            self.run.fetched += 1
            self.patience.worked()

    def _remove_others(self, chapter: str, kept: set[str]) -> None:
        for file in sorted((self.downloads / chapter).rglob("*")):
            if file.is_file() and file.relative_to(self.downloads).as_posix() not in kept:
                file.unlink()


def _write(target: Path, content: bytes) -> None:
    """Write a file in one move."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name("partial")
    partial.write_bytes(content)
    os.replace(partial, target)
