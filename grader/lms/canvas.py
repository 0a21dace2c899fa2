"""Marks as Canvas's gradebook import takes them.

``lib/gradebook_importer.rb`` of instructure/canvas-lms: the first columns are Student, ID, [SIS User ID, SIS Login ID,]
Section, in this order; then one for each assignment, ``title (id)`` where it exists; a row whose first cell holds
"Points Possible" gives the maxima; an empty cell is no grade. A student is found by ID, then by SIS ids, then by name.

What Canvas exported is the best form to fill in: with a roster, its rows and headings come back, with marks in them.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.lms.filenames import normalize_name
from grader.lms.ids import original_id
from grader.lms.manifest import Manifest, read_manifest
from grader.lms.roster import Roster
from grader.lms.roster_file import POINTS, RosterFile
from grader.lms.totals import (
    Totals,
    Ungraded,
    as_cell,
    chapter_totals,
    max_score,
    max_score_note,
    ungraded_note,
    write_csv,
)

COLUMNS = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Section")
OTHER_COLUMNS = ("Integration ID", "Root Account")
WITHOUT_EXPORT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
ASSIGNMENT_NUMBER = re.compile(r"\s\(\d+\)$")
MOST_NAMED = 5  # students in a note
Row = tuple[str, dict[str, str]]  # the student id, and the cells by column


def write_import_file(
    course: CourseDirectory, chapters: list[Chapter], to: Path, roster: Roster, ungraded: Ungraded = "blank"
) -> tuple[list[Path], list[str]]:
    """Write one CSV for Canvas's gradebook import; return its path, and notes for the instructor.

    ``to`` is the file, or a folder for ``canvas.csv``.
    """
    totals = chapter_totals(course, chapters)
    chapters = [c for c in chapters if any(chapter == c.assignment_id for _, chapter in totals)]
    export = next(iter(roster.of_kind("canvas")), None)
    headings = {c.assignment_id: _heading(c, export) for c in chapters}
    points = {c.assignment_id: max_score(c, totals) for c in chapters}
    columns = _student_columns(export)
    rows = _rows_of_export(export) if export else _rows_of_collected(totals, read_manifest(course))
    table = [{columns[0]: "    " + POINTS, **{headings[c]: f"{points[c]:g}" for c in headings}}]
    for student, row in rows:
        table.append({**row, **{headings[c]: as_cell(totals.get((student, c)), ungraded) for c in headings}})
    file = to / "canvas.csv" if not to.suffix else to
    write_csv(file, [*columns, *headings.values()], table)
    notes = _left_out_note({student for student, _ in rows}, totals)
    in_canvas = export.points if export else {}
    notes += [max_score_note("Canvas", c, points[c], in_canvas.get(headings[c], "")) for c in headings]
    return [file], [*ungraded_note(totals, ungraded), *filter(None, notes)]


def _student_columns(export: RosterFile | None) -> list[str]:
    """Return the columns about the student, as Canvas's import wants them: SIS ids both or none, the section last."""
    if export is None:
        return list(WITHOUT_EXPORT)
    return [c for c in export.columns[: export.columns.index("Section") + 1] if c in (*COLUMNS, *OTHER_COLUMNS)]


def _rows_of_export(export: RosterFile) -> list[Row]:
    keep = _student_columns(export)
    return [(entry.student, {c: entry.row.get(c, "") for c in keep}) for entry in export.entries]


def _rows_of_collected(totals: Totals, manifest: Manifest) -> list[Row]:
    """Without Canvas's own export: the ids that the collected files had, and the student id as the login."""
    rows = []
    for student in sorted({student for student, _ in totals}):
        collected = next(
            (e for e in manifest.get(student, {}).values() if e["lms"] == "canvas" and not e["shared"]), None
        )
        lms_id = collected["lms_id"] if collected else ""
        numbers = {
            "ID": lms_id if lms_id.isdigit() else "",
            "SIS Login ID": "" if student == lms_id else original_id(student),
        }
        rows.append((student, {"Student": (collected["who"] if collected else "") or student, **numbers}))
    return rows


def _heading(chapter: Chapter, export: RosterFile | None) -> str:
    """Return the assignment's heading in Canvas's export, found by the chapter's name in it; else the chapter's id."""
    names = [normalize_name(chapter.notebook), normalize_name(chapter.assignment_id)]
    for column in export.columns[len(_student_columns(export)) :] if export else []:
        title = normalize_name(ASSIGNMENT_NUMBER.sub("", column))
        if ASSIGNMENT_NUMBER.search(column) and any(name in title for name in names):
            return column
    return chapter.assignment_id


def _left_out_note(students: set[str], totals: Totals) -> list[str]:
    """Name those who have marks and no row."""
    left_out = sorted({student for student, _ in totals} - students)
    more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
    names = ", ".join(left_out[:MOST_NAMED]) + more
    return [f"Not in Canvas's gradebook export, so left out: {names}."] if left_out else []
