"""The roster: who is who, from CSV files that the LMS exports anyway, or one of your own.

Canvas's gradebook export (``lib/gradebook_exporter.rb``: Student, or LastName and FirstName; ID, SIS User ID, SIS Login
ID, Section, assignments, and a row "Points Possible"), Moodle's offline grading worksheet
(``mod/assign/gradingtable.php``: Identifier, Full name, Email address, ..., one for each assignment), or any CSV with a
column ``student_id`` and one of ``lms_id`` and ``name``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import parser

from grader.course import STUDENT_ID, CourseDirectory
from grader.errors import GraderError
from grader.lms.filenames import SubmissionName, names_of, normalize_name

MOST_BYTES = 20 * 2**20
POINTS = "Points Possible"
KINDS = {
    "plain": ("student_id",),
    "canvas": ("ID", "Section"),
    "moodle": ("Identifier", "Grade"),
}
STUDENT_COLUMNS = ("student_id", "ID number", "SIS Login ID", "Username", "Email address", "SIS User ID", "ID")
LMS_COLUMNS = ("lms_id", "canvas_id", "moodle_id", "ID", "Identifier")
NAME_COLUMNS = ("name", "Student", "Full name")
SUBMITTED = "Last modified (submission)"


@dataclass(frozen=True)
class RosterEntry:
    """One line of a roster, ``row`` as it stood there; ``submitted`` is the submission's time in UTC, if known.

    ``lms`` says whose number ``lms_id`` is; it is empty in a CSV of your own.
    """

    student: str
    lms: str
    lms_id: str
    name: str
    row: dict[str, str]
    submitted: datetime | None = None


@dataclass(frozen=True)
class RosterFile:
    """One CSV: ``kind`` is canvas, moodle or plain; ``points`` is Canvas's row of possible points, if there is one."""

    file: Path
    kind: str
    columns: list[str]
    entries: list[RosterEntry]
    points: dict[str, str] = field(default_factory=dict)


class Roster:
    """All the roster files of a class."""

    def __init__(self, files: Sequence[RosterFile] = ()) -> None:
        self.files = list(files)
        self._by_id: dict[tuple[str, str], RosterEntry] = {}
        self._by_name: dict[str, list[RosterEntry]] = {}
        for entry in self.entries:
            if entry.lms_id:
                _require_same_student(self._by_id.setdefault((entry.lms, entry.lms_id), entry), entry)
            for name in names_of(entry.name):
                self._by_name.setdefault(name, []).append(entry)

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def entries(self) -> Iterable[RosterEntry]:
        """Every line of every file."""
        return (entry for file in self.files for entry in file.entries)

    def of_kind(self, kind: str) -> list[RosterFile]:
        """Return the files that one LMS exported."""
        return [file for file in self.files if file.kind == kind]

    def find(self, name: SubmissionName) -> tuple[str, datetime | None]:
        """Return the student id behind a submission's name, and the time of submission if a file says it.

        The LMS's number decides. The name does only where no number contradicts it: in Moodle, where a student has
        another number in each assignment, and for a line without one.

        Raises
        ------
        GraderError
            If nobody is meant, or more than one.
        """
        entry = self._by_id.get((name.lms, name.lms_id)) or self._by_id.get(("", name.lms_id))
        if entry:
            return entry.student, entry.submitted
        if name.lms == "nbgrader":
            return name.lms_id, None
        namesakes = self._by_name.get(normalize_name(name.who), []) if name.who else []
        found = {e.student for e in namesakes if name.lms == "moodle" or not e.lms_id}
        who = f"{name.who or 'a student'} (number {name.lms_id})"
        if len(found) != 1:
            raise GraderError(
                f"{who} {'is more than one' if found else 'is nobody'} in the roster: add a line for the number."
            )
        return found.pop(), None


def _require_same_student(known: RosterEntry, entry: RosterEntry) -> None:
    if known.student != entry.student:
        raise GraderError(
            f"The roster gives the number {entry.lms_id} to {known.student!r} and to {entry.student!r}: mend one."
        )


def files(course: CourseDirectory) -> list[Path]:
    """Return a class's roster files: every CSV in ``roster/`` of the work folder."""
    return sorted((course.work / "roster").glob("*.csv"))


def read(paths: Iterable[Path], timezone: str = "UTC") -> Roster:
    """Read the roster in these files, whose times are in this time zone.

    Raises
    ------
    GraderError
        If there is no such time zone, or a file is no roster or contradicts itself or another.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise GraderError(f"There is no time zone {timezone!r}: say it as Europe/Berlin or UTC.") from error
    return Roster([_read_file(path, zone) for path in paths])


def _read_file(file: Path, zone: tzinfo) -> RosterFile:
    rows = _rows(file)
    columns = [c.strip() for c in rows[0]] if rows else []
    kind = next((k for k, needed in KINDS.items() if set(needed) <= set(columns)), None)
    if kind is None:
        raise GraderError(
            f"{file.name} is not a roster: give Canvas's gradebook export, Moodle's grading worksheet, or a CSV with a "
            "column student_id."
        )
    entries, points = [], {}
    for number, values in enumerate(rows[1:], start=2):
        row = dict(zip(columns, [*values, *[""] * len(columns)], strict=False))
        if kind == "canvas" and POINTS in values[0]:
            points = row
        elif any(v.strip() for v in values) and not (kind == "canvas" and not row["ID"].strip()):
            entries.append(_entry(row, kind, f"{file.name}, line {number}", zone))
    _require_unique(entries, file)
    return RosterFile(file, kind, columns, entries, points)


def _rows(file: Path) -> list[list[str]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise GraderError(f"{file.name} is larger than {MOST_BYTES // 2**20} MB: is it the roster?")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraderError(f"{file.name} is not in UTF-8: save it as CSV UTF-8 and try again.") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise GraderError(f"{file.name} is not a CSV ({error}).") from error


def _entry(row: dict[str, str], kind: str, where: str, zone: tzinfo) -> RosterEntry:
    lms_id = re.sub(r"^\D+(?=\d+$)", "", _first(row, LMS_COLUMNS))  # "Participant 123", in any language
    student = _first(row, STUDENT_COLUMNS) or lms_id
    if not STUDENT_ID.fullmatch(student):
        raise GraderError(f"{where}: {student!r} cannot be a student id (letters, digits and . @ + - _).")
    lms = kind.removeprefix("plain")
    name = _first(row, NAME_COLUMNS) or ", ".join(row[c] for c in ("LastName", "FirstName") if row.get(c))
    return RosterEntry(student, lms, lms_id, name, row, _time(row.get(SUBMITTED, ""), zone))


def _first(row: dict[str, str], columns: Sequence[str]) -> str:
    return next((row[c].strip() for c in columns if row.get(c, "").strip()), "")


def _time(text: str, zone: tzinfo) -> datetime | None:
    """Read a time as Moodle's user sees it ("Friday, 20 November 2026, 11:59 PM"), without a zone, in UTC."""
    if not any(c.isdigit() for c in text):
        return None
    try:
        found = parser.parse(text)
    except (ValueError, OverflowError):
        return None
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    utc: datetime = found - (found.utcoffset() or timedelta())
    return utc.replace(tzinfo=None)


def _require_unique(entries: list[RosterEntry], file: Path) -> None:
    seen = set()
    for entry in entries:
        if entry.student in seen:
            raise GraderError(f"{file.name} has two lines for the student {entry.student!r}: leave one.")
        seen.add(entry.student)
