"""The roster: who is who, from all the files of :mod:`grader.lms.roster_file` that a class has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.lms.filenames import SubmissionName, names_of, normalize_name
from grader.lms.ids import spelling_key
from grader.lms.roster_file import RosterEntry, RosterFile, read_file


@dataclass(frozen=True)
class Owner:
    """Whose a file is: the student, when it was submitted if a file says so, and those it was handed in for as well."""

    student: str
    submitted: datetime | None = None
    group: str = ""
    members: tuple[str, ...] = ()


class Roster:
    """All the roster files of a class; ``faults`` has a sentence for each row that was left out."""

    def __init__(self, files: Sequence[RosterFile] = ()) -> None:
        self.faults = [fault for file in files for fault in file.faults]
        self._spelling: dict[str, RosterEntry] = {}
        self._by_id: dict[tuple[str, str], list[RosterEntry]] = {}
        self._by_name: dict[str, list[RosterEntry]] = {}
        self._members: dict[str, set[str]] = {}
        last = sorted(files, key=lambda file: file.kind == "groups")  # whose ids are those of other files
        self.files = [replace(file, entries=list(self._taken(file))) for file in last]

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def entries(self) -> Iterable[RosterEntry]:
        """Every line of every file."""
        return (entry for file in self.files for entry in file.entries)

    def of_kind(self, kind: str) -> list[RosterFile]:
        """Return the files that one LMS exported."""
        return [file for file in self.files if file.kind == kind]

    def _taken(self, file: RosterFile) -> Iterator[RosterEntry]:
        """Yield a file's entries that contradict no earlier one; the others are faults, a line each."""
        for found in file.entries:
            spelled = self._spelling.setdefault(spelling_key(found.student), found)
            entry = replace(found, student=spelled.student) if _same_person(spelled, found) else found
            known = self._by_id.get((entry.lms, entry.lms_id), []) if entry.lms_id else []
            if file.kind == "groups" and known:
                entry = replace(entry, student=known[0].student)
                spelled = entry
            if entry.student != spelled.student:
                self.faults.append(
                    f"{entry.where}: {entry.student!r} and {spelled.student!r} differ only in case, and some systems "
                    "cannot keep their folders apart: give one of them another id."
                )
            elif known and known[0].student != entry.student:
                self.faults.append(
                    f"{entry.where}: the number {entry.lms_id} is given to {known[0].student!r} and to "
                    f"{entry.student!r}: mend one."
                )
                known.append(entry)  # whose files it names is for a person to say
            else:
                self._enter(entry)
                yield entry

    def _enter(self, entry: RosterEntry) -> None:
        if entry.lms_id:
            self._by_id.setdefault((entry.lms, entry.lms_id), []).append(entry)
        for name in names_of(entry.name):
            self._by_name.setdefault(name, []).append(entry)
        if entry.group:
            self._members.setdefault(normalize_name(entry.group), set()).add(entry.student)

    def find(self, name: SubmissionName) -> Owner:
        """Return whose file this is.

        The LMS's number decides, and the name must agree with it. The name alone does only where no number contradicts
        it: in Moodle, where a student has another number in each assignment, and for a line without one.

        Raises
        ------
        GraderError
            If nobody is meant, or more than one, or number and name are two people's.
        """
        readings = [(name.lms_id, name.who), *name.others]
        known = [(found, who) for lms_id, who in readings if (found := self._of_number(name.lms, lms_id))]
        students = sorted({e.student for entries, _ in known for e in entries})
        if len(students) > 1 and len(known) == 1:
            raise GraderError(f"the roster gives its number to {' and '.join(students)}: mend that first.")
        if len(students) > 1:
            raise GraderError(f"its name holds the numbers of {' and '.join(students)}: whose is it?")
        if known:
            return self._owner(*known[0], name)
        if name.lms == "nbgrader":
            return self._with_group(RosterEntry(name.lms_id, "", "", "", {}), name.who, None)
        namesakes = self._by_name.get(normalize_name(name.who), []) if name.who else []
        named = {e.student for e in namesakes if name.lms == "moodle" or not e.lms_id}
        if len(named) != 1:
            how = "is more than one" if named else "is not"
            who = f"{name.who or 'a student'} (number {name.lms_id})"
            raise GraderError(f"{who} {how} in the roster: add a line for the number.")
        return self._with_group(next(e for e in namesakes if e.student in named), name.who, None)

    def _of_number(self, lms: str, lms_id: str) -> list[RosterEntry]:
        found, own = self._by_id.get((lms, lms_id), []), self._by_id.get(("", lms_id), [])
        return [*found, *(e for e in own if not found or e.student in (f.student for f in found))]

    def _owner(self, entries: list[RosterEntry], who: str, name: SubmissionName) -> Owner:
        named = [e for e in entries if e.name or e.group]
        if who and named and not any(_agrees(who, e, name.lms) for e in named):
            raise GraderError(
                f"its name says {who!r}, and the number {name.lms_id} is {named[0].name or named[0].group}'s in the "
                "roster: whose is it? (If the number is right, add a roster with it and this name.)"
            )
        submitted = next((e.submitted for e in entries if e.submitted), None)
        return self._with_group(next((e for e in entries if e.group), entries[0]), who, submitted)

    def _with_group(self, entry: RosterEntry, who: str, submitted: datetime | None) -> Owner:
        """Return an owner with the others of the group, where the file is the group's.

        That is so by a roster of one's own, and in Canvas if the file has the group's name.
        """
        group = entry.group or next((e.group for e in self.entries if e.student == entry.student and e.group), "")
        hands_in = bool(group) and (not entry.lms or normalize_name(who) == normalize_name(group))
        if not hands_in:
            return Owner(entry.student, submitted)
        others = sorted(self._members[normalize_name(group)] - {entry.student})
        return Owner(entry.student, submitted, group, tuple(others))


def _same_person(one: RosterEntry, other: RosterEntry) -> bool:
    """Return whether two lines whose ids may differ in case are one student's, as far as they say."""
    return one.student == other.student or bool(names_of(one.name) & names_of(other.name))


def _agrees(who: str, entry: RosterEntry, lms: str) -> bool:
    """Return whether a file's name is that of a line: the student's, or the group's; Moodle puts a group before it."""
    said = normalize_name(who)
    if said == normalize_name(entry.group) or said in names_of(entry.name):
        return True
    if any(sorted(said) == sorted(form) for form in names_of(entry.name)):
        return True
    return lms == "moodle" and "-" in who and any(said.endswith(form) for form in names_of(entry.name))


def files(course: CourseDirectory) -> list[Path]:
    """Return a class's roster files: every CSV in ``roster/`` of the work folder."""
    return sorted((course.work / "roster").glob("*.csv"))


def read(paths: Iterable[Path], timezone: str = "UTC") -> Roster:
    """Read the roster in these files, whose times are in this time zone.

    Raises
    ------
    GraderError
        If there is no such time zone, or a file is no roster.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise GraderError(f"There is no time zone {timezone!r}: say it as Europe/Berlin or UTC.") from error
    return Roster([read_file(path, zone) for path in paths])
