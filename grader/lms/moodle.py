"""Marks as Moodle's offline grading worksheet takes them.

``mod/assign/feedback/offline/importgradeslib.php`` of moodle/moodle: Identifier ("Participant 123"), Grade and "Last
modified (grade)" must be there, in the user's language; "Feedback comments" may. An empty grade and one above the
assignment's maximum are skipped.

What Moodle exported is the best form to fill in: with a roster, its rows and headings come back, with marks in them.
"""

from __future__ import annotations

from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.lms.filenames import normalize_name
from grader.lms.manifest import Manifest, entry_of, read_manifest
from grader.lms.roster import Roster
from grader.lms.roster_file import RosterFile
from grader.lms.totals import (
    ChapterTotal,
    Ungraded,
    as_cell,
    chapter_totals,
    max_score,
    max_score_note,
    ungraded_note,
    write_csv,
)

COLUMNS = ("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments")
FEEDBACK = "Feedback comments"
Row = tuple[str, dict[str, str]]  # the student id, and the cells by column


def write_worksheets(
    course: CourseDirectory, chapters: list[Chapter], to: Path, roster: Roster, ungraded: Ungraded = "blank"
) -> tuple[list[Path], list[str]]:
    """Write a worksheet for each chapter that was graded; return the paths, and notes for the instructor.

    ``to`` is a folder, or a file whose name the chapters' names are added to.
    """
    totals, manifest = chapter_totals(course, chapters), read_manifest(course)
    files, notes = [], ungraded_note(totals, ungraded)
    for chapter in chapters:
        of_chapter = {s: t for (s, name), t in totals.items() if name == chapter.assignment_id}
        if not of_chapter:
            continue
        worksheet = _find_worksheet(chapter, roster, manifest)
        if worksheet:
            rows = [(entry.student, entry.row) for entry in worksheet.entries]
            left_out = sorted(set(of_chapter) - {student for student, _ in rows})
        else:
            rows, left_out = _rows_of_collected(of_chapter, chapter, manifest)
        columns = worksheet.columns if worksheet else list(COLUMNS)
        file = _file(to, chapter)
        table = [_filled_in(row, of_chapter.get(student), ungraded) for student, row in rows]
        write_csv(file, [*columns, *([FEEDBACK] if FEEDBACK not in columns else [])], table)
        files.append(file)
        if worksheet:
            notes.append(max_score_note("Moodle", chapter.assignment_id, max_score(chapter, totals), _maximum(rows)))
        if left_out:
            notes.append(f"Without a Moodle number for {chapter.assignment_id}, so left out: {', '.join(left_out)}.")
    return files, [note for note in notes if note]


def _file(to: Path, chapter: Chapter) -> Path:
    if to.suffix:
        return to.with_name(f"{to.stem}-{chapter.assignment_id}.csv")
    return to / f"moodle-{chapter.assignment_id}.csv"


def _maximum(rows: list[Row]) -> str:
    return next((row["Maximum Grade"] for _, row in rows if row.get("Maximum Grade")), "")


def _find_worksheet(chapter: Chapter, roster: Roster, manifest: Manifest) -> RosterFile | None:
    """Find the chapter's own worksheet: the one with the numbers that were collected, else the one named so."""
    collected = [entry_of(manifest, student, chapter.assignment_id, "moodle") for student in manifest]
    ids = {entry["lms_id"] for entry in collected if entry}
    worksheets = roster.of_kind("moodle")
    best = max(worksheets, key=lambda w: sum(e.lms_id in ids for e in w.entries), default=None)
    if best and any(e.lms_id in ids for e in best.entries):
        return best
    return next((w for w in worksheets if normalize_name(chapter.notebook) in normalize_name(w.file.stem)), None)


def _rows_of_collected(
    of_chapter: dict[str, ChapterTotal], chapter: Chapter, manifest: Manifest
) -> tuple[list[Row], list[str]]:
    """Without a worksheet: rows under the numbers that the collected files had; and the students who have none."""
    rows, without_number = [], []
    for student in sorted(of_chapter):
        entry = entry_of(manifest, student, chapter.assignment_id, "moodle")
        if entry is None:
            without_number.append(student)
            continue
        row = {"Identifier": f"Participant {entry['lms_id']}", "Full name": entry["who"], "Last modified (grade)": "-"}
        rows.append((student, {**row, "Maximum Grade": f"{of_chapter[student].max_score:g}"}))
    return rows, without_number


def _filled_in(row: dict[str, str], total: ChapterTotal | None, ungraded: Ungraded) -> dict[str, str]:
    """Return a row with the mark in it, where there is one."""
    if total is None:
        return row
    comment = "A person has still to mark a part of this." if total.needs_manual_grade else row.get(FEEDBACK, "")
    return {**row, "Grade": as_cell(total, ungraded), FEEDBACK: comment}
