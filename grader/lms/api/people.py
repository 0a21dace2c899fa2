"""Which student id stands for which student of the LMS, and which assignment is which chapter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.errors import UsageError
from grader.lms import roster
from grader.lms.api.interface import Assignment, Lms, LmsError, Student
from grader.lms.api.journal import folder_of
from grader.lms.filenames import names_of, normalize_name
from grader.lms.ids import is_safe, safe_id, spelling_key
from grader.lms.manifest import read_manifest
from grader.lms.roster_file import RosterEntry


def class_ids(course: CourseDirectory, lms: Lms, students: Sequence[Student]) -> dict[str, str]:
    """Return number -> student id: as the class's rosters have it, otherwise by the student's logins."""
    others = roster.read(path for path in roster.files(course) if path != own_roster(course, lms))
    by_number = {s.number: s for s in students}
    known = {e.lms_id: e.student for e in others.entries if _is_meant(e, by_number.get(e.lms_id), lms.kind)}
    return student_ids(students, known, {entry.student for entry in others.entries})


def own_roster(course: CourseDirectory, lms: Lms) -> Path:
    """Return the roster that `pull` writes.

    Canvas's numbers are those of its downloads, so `collect` may read it. Moodle's are not, so it lies elsewhere.
    """
    if lms.kind == "canvas":
        return course.work / "roster" / f"canvas-{lms.course}.csv"
    return folder_of(course, lms.kind, lms.course) / "roster.csv"


def _is_meant(entry: RosterEntry, student: Student | None, kind: str) -> bool:
    """Return whether a roster's line with a student's number is this student's.

    Canvas's own export is sure. Elsewhere the name must agree: the number may be one that Moodle gives a student in one
    assignment, which is another student's number in the course.
    """
    if student is None or entry.lms not in ("", kind) or entry.lms == "moodle":
        return False
    return entry.lms == "canvas" or bool(names_of(entry.name) & names_of(student.name))


def student_ids(students: Iterable[Student], known: Mapping[str, str], used: Collection[str] = ()) -> dict[str, str]:
    """Return number -> student id: a known one, else the first login that is fit for a folder and not taken.

    A login that a roster uses as a student id comes before the others. The order is that of the numbers, so that the
    same class gives the same ids in every run.
    """
    some = sorted(students, key=lambda s: (len(s.number), s.number))
    found = {s.number: known[s.number] for s in some if s.number in known}
    taken = {spelling_key(student) for student in found.values()}
    for student in (s for s in some if s.number not in found):
        wanted = sorted(map(safe_id, (*student.logins, student.number)), key=lambda login: login not in used)
        chosen = next((w for w in wanted if is_safe(w) and spelling_key(w) not in taken), f"lms-{student.number}")
        taken.add(spelling_key(chosen))
        found[student.number] = chosen
    return found


def numbers_by_student(course: CourseDirectory, kind: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Return student id -> number, also for whom a Canvas download was collected without a roster.

    Such a student's id is Canvas's number, as the manifest says. Moodle's downloads have numbers of another kind.
    """
    found = {student: number for number, student in ids.items()}
    for student, entries in read_manifest(course).items() if kind == "canvas" else ():
        numbers = {e["lms_id"] for e in entries.values() if e["lms"] == kind and not e["shared"]} & set(ids)
        if len(numbers) == 1:
            found.setdefault(student, numbers.pop())
    return found


def by_chapter(
    chapters: Sequence[Chapter], assignments: Sequence[Assignment], chosen: Mapping[str, str]
) -> tuple[dict[str, Assignment], list[str]]:
    """Return chapter -> its assignment, by number where one is chosen, otherwise by the name in the title; and notes.

    Raises
    ------
    LmsError
        If no chapter has an assignment.
    UsageError
        If a chosen number is none of the course's.
    """
    by_number = {a.number: a for a in assignments}
    found, notes = {}, []
    for chapter in chapters:
        number = chosen.get(chapter.assignment_id)
        if number is not None and number not in by_number:
            raise UsageError(f"The course has no assignment {number}: it has {_listed(assignments)}.")
        some = [by_number[number]] if number is not None else _named(chapter, assignments)
        if len(some) == 1:
            found[chapter.assignment_id] = some[0]
        elif some:
            notes.append(
                f"{chapter.assignment_id}: several assignments have its name ({_listed(some)}): "
                f"say --assignment {chapter.assignment_id}=NUMBER."
            )
        else:
            notes.append(f"{chapter.assignment_id}: no assignment has its name.")
    if not found:
        raise LmsError(" ".join([*notes[:3], f"The course has {_listed(assignments)}."]))
    return found, notes


def _named(chapter: Chapter, assignments: Iterable[Assignment]) -> list[Assignment]:
    names = [normalize_name(chapter.notebook), normalize_name(chapter.assignment_id)]
    return [a for a in assignments if any(name in normalize_name(a.title) for name in names)]


def _listed(assignments: Sequence[Assignment]) -> str:
    named = [f"{a.number} ({a.title[:60]})" for a in assignments[:8]]
    return ", ".join(named) + (" and more" if len(assignments) > len(named) else "") or "no assignments"
