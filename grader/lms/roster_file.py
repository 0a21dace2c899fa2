"""One file of a roster: a CSV that the LMS exports anyway, or one of your own.

Canvas's gradebook export (``lib/gradebook_exporter.rb``: Student, or LastName and FirstName; ID, SIS User ID, SIS Login
ID, Section, assignments, and a row "Points Possible"), Canvas's export of groups (``name``, ``canvas_user_id``,
``login_id``, ``group_name``), Moodle's offline grading worksheet (``mod/assign/gradingtable.php``: Identifier, Full
name, Email address, ..., one for each assignment), or any CSV with a column ``student_id``, one of ``lms_id`` and
``name``, and perhaps ``group``.

What is wrong with one row costs that row alone, and is said.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from dateutil import parser

from grader.errors import GraderError
from grader.lms.ids import is_safe, safe_id, spelling_key

MOST_BYTES = 20 * 2**20
POINTS = "Points Possible"
KINDS = {
    "plain": ("student_id",),
    "canvas": ("ID", "Section"),
    "groups": ("canvas_user_id", "group_name"),
    "moodle": ("Identifier", "Grade"),
}
STUDENT_COLUMNS = (
    "student_id", "ID number", "SIS Login ID", "login_id", "Username", "Email address", "SIS User ID", "user_id", "ID",
    "canvas_user_id",
)  # fmt: skip
LMS_COLUMNS = ("lms_id", "canvas_id", "moodle_id", "ID", "canvas_user_id", "Identifier")
NAME_COLUMNS = ("name", "Student", "Full name")
GROUP_COLUMNS = ("group", "group_name")
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
    group: str = ""
    where: str = ""


@dataclass(frozen=True)
class RosterFile:
    """One CSV: ``kind`` is canvas, groups, moodle or plain; ``points`` is Canvas's row of possible points, if any."""

    file: Path
    kind: str
    columns: list[str]
    entries: list[RosterEntry]
    points: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read_file(file: Path, zone: tzinfo) -> RosterFile:
    """Read one file, whose times are in this zone; raise GraderError if it is no roster."""
    rows = _rows(file)
    columns = [c.strip() for c in rows[0]] if rows else []
    kind = next((k for k, needed in KINDS.items() if set(needed) <= set(columns)), None)
    if kind is None:
        raise GraderError(
            f"{file.name} is not a roster: give Canvas's gradebook export, Moodle's grading worksheet, or a CSV with a "
            "column student_id."
        )
    found = RosterFile(file, kind, columns, [])
    taken: dict[str, RosterEntry] = {}
    for number, values in enumerate(rows[1:], start=2):
        row = dict(zip(columns, [*values, *[""] * len(columns)], strict=False))
        if kind == "canvas" and POINTS in values[0]:
            found.points.update(row)
        elif any(v.strip() for v in values) and not (kind == "canvas" and not row["ID"].strip()):
            _take(row, f"{file.name}, line {number}", zone, found, taken)
    return found


def _take(row: dict[str, str], where: str, zone: tzinfo, file: RosterFile, taken: dict[str, RosterEntry]) -> None:
    """Add one row's entry to a file; what is wrong with it, or taken from another column, is a fault."""
    lms_id = re.sub(r"^\D+(?=\d+$)", "", _first(row, LMS_COLUMNS))  # "Participant 123", in any language
    said = [row[c].strip() for c in STUDENT_COLUMNS if row.get(c, "").strip()] or [lms_id]
    name = _first(row, NAME_COLUMNS) or ", ".join(row[c] for c in ("LastName", "FirstName") if row.get(c))
    group = _first(row, GROUP_COLUMNS)
    lms = {"plain": "", "groups": "canvas"}.get(file.kind, file.kind)
    before = taken.get(spelling_key(safe_id(said[0])))
    if file.kind == "plain" and before and before.student == safe_id(said[0]):
        student = before.student  # who may have several numbers
    else:
        student = next((s for s in map(safe_id, said) if is_safe(s) and spelling_key(s) not in taken), "")
    if not student:
        why = "is another line's" if is_safe(safe_id(said[0])) else "cannot be a student id"
        file.faults.append(f"{where}: {said[0][:100]!r} {why}: this line is left out.")
        return
    if student != safe_id(said[0]):
        file.faults.append(f"{where}: {said[0][:100]!r} is no id of this line's own, so {student!r} is the student's.")
    time = row.get(SUBMITTED, "")
    submitted = _time(time, zone)
    if submitted is None and any(c.isdigit() for c in time):
        file.faults.append(f"{where}: the time {time[:60]!r} cannot be read: download the worksheet in English.")
    entry = RosterEntry(student, lms, lms_id, name, row, submitted, group, where)
    taken[spelling_key(student)] = entry
    file.entries.append(entry)


def _rows(file: Path) -> list[list[str]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise GraderError(f"{file.name} is larger than {MOST_BYTES // 2**20} MB: is it the roster?")
        content = file.read_bytes()
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except OSError as error:
        raise GraderError(f"{file} cannot be opened ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise GraderError(f"{file.name} is not in UTF-8: save it as CSV UTF-8 and try again.") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise GraderError(f"{file.name} is not a CSV ({error}).") from error


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
