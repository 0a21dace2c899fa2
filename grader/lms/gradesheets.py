"""Marks as an LMS takes them: Canvas's gradebook import and Moodle's offline grading worksheet. And feedback as zips.

**Canvas** (``lib/gradebook_importer.rb``): the first columns are Student, ID, [SIS User ID, SIS Login ID,] Section, in
this order; then one for each assignment, ``title (id)`` where it exists; a row whose first cell holds "Points Possible"
gives the maxima; an empty cell is no grade. A student is found by ID, then by SIS ids, then by name. Feedback
(``app/models/abstract_assignment.rb``, ``infer_comment_context_from_filename``) comes back under the names that the
download had: of ``name_<user id>_<file id>_...`` the two numbers are read, and any file may follow.

**Moodle** (``mod/assign/feedback/offline/importgradeslib.php``): Identifier ("Participant 123"), Grade and "Last
modified (grade)" must be there, in the user's language; "Feedback comments" may. An empty grade and one above the
assignment's maximum are skipped. Feedback zips (``feedback/file/importziplib.php``): a folder for each student under
the name that the download had.

What an LMS exported is the best form to fill in: with a roster, its rows and headings come back, with marks in them.
"""

from __future__ import annotations

import csv
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from grader.lms.collect import Manifest, manifest
from grader.lms.filenames import normalize_name
from grader.lms.roster import POINTS, Roster, RosterFile

CANVAS_COLUMNS = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = ("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FEEDBACK = "Feedback comments"


@dataclass(frozen=True)
class ChapterTotal:
    """One student's mark for one chapter; ``waiting`` when a person has still to mark a part of it."""

    student: str
    chapter: str
    score: float
    max_score: float
    needs_manual_grade: bool


def totals(course: CourseDirectory, chapters: Iterable[Chapter]) -> dict[tuple[str, str], ChapterTotal]:
    """Every student's mark for every chapter that was graded, by student and chapter, late penalties taken off.

    A submission that could not be graded has no mark here: it is in the gradebook, without a notebook that was scored.
    """
    found = {}
    with open_gradebook(course) as gradebook:
        for chapter in chapters:
            for submission in gradebook.assignment_submissions(chapter.assignment_id):
                graded = any(g.auto_score is not None or g.manual_score is not None for g in _grades(submission))
                if graded:
                    score = max(0.0, submission.score - (submission.late_submission_penalty or 0.0))
                    found[submission.student_id, chapter.assignment_id] = ChapterTotal(
                        submission.student_id,
                        chapter.assignment_id,
                        float(score),
                        float(submission.max_score),
                        any(g.needs_manual_grade for g in _grades(submission)),
                    )
    if not found:
        raise GraderError("There are no marks yet: run `python -m grader autograde` first.")
    return found


def _grades(submission: Any) -> Iterator[Any]:
    return (g for n in submission.notebooks for g in n.grades)


def escape_formula(value: Any) -> Any:
    """The same, but text that a spreadsheet would run as a formula starts with an apostrophe. A lone dash stays."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) and value != "-" else value


def shown(total: ChapterTotal | None, waiting: str) -> str:
    """A mark as a cell: empty where there is none, and, if ``waiting`` is blank, where a person has still to mark."""
    return "" if total is None or (total.needs_manual_grade and waiting == "blank") else f"{round(total.score, 2):g}"


def canvas(
    course: CourseDirectory, chapters: list[Chapter], to: Path, roster: Roster, waiting: str = "blank"
) -> tuple[list[Path], list[str]]:
    """Write one CSV for Canvas's gradebook import; its path, and what the instructor should know about it."""
    marks, collected = totals(course, chapters), manifest(course)
    chapters = [c for c in chapters if any(chapter == c.assignment_id for _, chapter in marks)]
    sheet = next(iter(roster.of_kind("canvas")), None)
    columns, points = (
        {c.assignment_id: _heading(c, sheet) for c in chapters},
        {c.assignment_id: _points(c, marks) for c in chapters},
    )
    head = _canvas_columns(sheet)
    rows = _canvas_rows(sheet) if sheet else _canvas_rows_of(marks, collected)
    table: list[dict[str, Any]] = [{head[0]: "    " + POINTS, **{columns[c]: f"{points[c]:g}" for c in columns}}]
    for student, row in rows:
        table.append({**row, **{columns[c]: shown(marks.get((student, c)), waiting) for c in columns}})
    file = to / "canvas.csv" if not to.suffix else to
    _write(file, [*head, *columns.values()], table)
    said = _missing({s for s, _ in rows}, marks, "Canvas's gradebook export")
    said += [
        _other_points("Canvas", c, points[c], (sheet.points if sheet else {}).get(columns[c], "")) for c in columns
    ]
    return [file], [*_waiting(marks, waiting), *filter(None, said)]


def _canvas_columns(sheet: RosterFile | None) -> list[str]:
    """The columns about the student, as Canvas's import wants them: SIS ids both or none, the section last."""
    if sheet is None:
        return ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    known = ("Integration ID", "Root Account")
    return [c for c in sheet.columns[: sheet.columns.index("Section") + 1] if c in (*CANVAS_COLUMNS, *known)]


def _canvas_rows(sheet: RosterFile) -> list[tuple[str, dict[str, str]]]:
    keep = _canvas_columns(sheet)
    return [(p.student, {c: p.row.get(c, "") for c in keep}) for p in sheet.people]


def _canvas_rows_of(
    marks: dict[tuple[str, str], ChapterTotal], collected: Manifest
) -> list[tuple[str, dict[str, str]]]:
    """Without Canvas's own export: the ids that the collected files had, and the student id as the login."""
    rows = []
    for student in sorted({s for s, _ in marks}):
        taken = next((e for e in collected.get(student, {}).values() if e["lms"] == "canvas"), {})
        lms_id = taken.get("lms_id", "")
        numbers = {"ID": lms_id if lms_id.isdigit() else "", "SIS Login ID": "" if student == lms_id else student}
        rows.append((student, {"Student": taken.get("who") or student, **numbers}))
    return rows


def _heading(chapter: Chapter, sheet: RosterFile | None) -> str:
    """The assignment's heading in Canvas's export, found by the chapter's name in it; else the chapter's name."""
    for column in sheet.columns[len(_canvas_columns(sheet)) :] if sheet else []:
        title = normalize_name(re.sub(r"\s\(\d+\)$", "", column))
        if re.search(r"\s\(\d+\)$", column) and (
            normalize_name(chapter.notebook) in title or normalize_name(chapter.assignment_id) in title
        ):
            return column
    return chapter.assignment_id


def _points(chapter: Chapter, marks: dict[tuple[str, str], ChapterTotal]) -> float:
    return max(t.max_score for t in marks.values() if t.chapter == chapter.assignment_id)


def _other_points(lms: str, chapter: str, ours: float, theirs: str) -> str:
    try:
        same = not theirs.strip() or float(theirs.replace(",", ".")) == ours
    except ValueError:
        return ""
    return (
        ""
        if same
        else f"{lms} has {chapter} out of {theirs.strip()} points, the chapter has {ours:g}: set it so there."
    )


def _waiting(marks: dict[tuple[str, str], ChapterTotal], waiting: str) -> list[str]:
    count = sum(t.needs_manual_grade for t in marks.values())
    how = "left blank (--waiting points takes what is there)" if waiting == "blank" else "in with what they have so far"
    return [f"{count} marks wait for a person: {how}."] if count else []


def _missing(students: set[str], marks: dict[tuple[str, str], ChapterTotal], where: str) -> list[str]:
    lost = sorted({s for s, _ in marks} - students)
    some = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    return [f"Not in {where}, so left out: {some}."] if lost else []


def moodle(
    course: CourseDirectory, chapters: list[Chapter], to: Path, roster: Roster, waiting: str = "blank"
) -> tuple[list[Path], list[str]]:
    """Write a worksheet for each chapter that was graded; the paths, and what the instructor should know about them."""
    marks, collected = totals(course, chapters), manifest(course)
    files, said = [], _waiting(marks, waiting)
    for chapter in chapters:
        of_chapter = {s: t for (s, name), t in marks.items() if name == chapter.assignment_id}
        if not of_chapter:
            continue
        sheet = _worksheet(chapter, roster, collected)
        rows, unknown = (
            ([(p.student, p.row) for p in sheet.people], [])
            if sheet
            else _moodle_rows_of(of_chapter, chapter, collected)
        )
        columns = list(sheet.columns) if sheet else list(MOODLE_COLUMNS)
        table = [_moodle_row(row, of_chapter.get(student), waiting) for student, row in rows]
        file = (
            to / f"moodle-{chapter.assignment_id}.csv"
            if not to.suffix
            else to.with_name(f"{to.stem}-{chapter.assignment_id}.csv")
        )
        _write(file, [*columns, *([FEEDBACK] if FEEDBACK not in columns else [])], table)
        files.append(file)
        if sheet:
            unknown = sorted(set(of_chapter) - {s for s, _ in rows})
            said.append(_other_points("Moodle", chapter.assignment_id, _points(chapter, marks), _maximum(rows)))
        if unknown:
            said.append(f"Without a Moodle number for {chapter.assignment_id}, so left out: {', '.join(unknown)}.")
    return files, [s for s in said if s]


def _maximum(rows: list[tuple[str, dict[str, str]]]) -> str:
    return next((row["Maximum Grade"] for _, row in rows if row.get("Maximum Grade")), "")


def _worksheet(chapter: Chapter, roster: Roster, collected: Manifest) -> RosterFile | None:
    """The chapter's own worksheet: the one with the numbers under which it was collected, else the one named so."""
    ids = {
        e[chapter.assignment_id]["lms_id"]
        for e in collected.values()
        if e.get(chapter.assignment_id, {}).get("lms") == "moodle"
    }
    sheets = roster.of_kind("moodle")
    best = max(sheets, key=lambda s: sum(p.lms_id in ids for p in s.people), default=None)
    if best and any(p.lms_id in ids for p in best.people):
        return best
    return next((s for s in sheets if normalize_name(chapter.notebook) in normalize_name(s.file.stem)), None)


def _moodle_rows_of(
    of_chapter: dict[str, ChapterTotal], chapter: Chapter, collected: Manifest
) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Without a worksheet: the numbers that the collected files had; and who has none."""
    rows, unknown = [], []
    for student in sorted(of_chapter):
        taken = collected.get(student, {}).get(chapter.assignment_id, {})
        if taken.get("lms") != "moodle":
            unknown.append(student)
            continue
        row = {"Identifier": f"Participant {taken['lms_id']}", "Full name": taken["who"], "Last modified (grade)": "-"}
        rows.append((student, {**row, "Maximum Grade": f"{of_chapter[student].max_score:g}"}))
    return rows, unknown


def _moodle_row(row: dict[str, str], total: ChapterTotal | None, waiting: str) -> dict[str, str]:
    if total is None:
        return row
    told = "A person has still to mark a part of this." if total.needs_manual_grade else row.get(FEEDBACK, "")
    return {**row, "Grade": shown(total, waiting), FEEDBACK: told}


def _write(file: Path, columns: list[str], table: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as opened_file:
        writer = csv.DictWriter(opened_file, columns, extrasaction="ignore", restval="")
        writer.writerow({c: escape_formula(c) for c in columns})
        writer.writerows({k: escape_formula(v) for k, v in row.items()} for row in table)
    os.replace(partial, file)


def feedback_zips(course: CourseDirectory, chapters: list[Chapter], to: Path) -> tuple[list[Path], list[str]]:
    """Pack feedback for bulk upload, a zip for each chapter and LMS; the zips, and whose feedback is in none."""
    found: dict[Path, list[tuple[str, Path]]] = {}
    left = []
    collected = manifest(course)
    for chapter in chapters:
        for page in sorted(course.feedback.glob(f"*/{chapter.assignment_id}/{chapter.notebook}.html")):
            taken = collected.get(page.parts[-3], {}).get(chapter.assignment_id, {})
            if taken.get("lms") not in ("canvas", "moodle"):
                left.append(page.parts[-3])
                continue
            name = taken["stem"] + ("/" if taken["lms"] == "moodle" else "") + f"{chapter.notebook}.html"
            found.setdefault(to / f"feedback-{taken['lms']}-{chapter.assignment_id}.zip", []).append((name, page))
    for file, pages in found.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in pages:
                archive.writestr(zipfile.ZipInfo(name), page.read_bytes(), zipfile.ZIP_DEFLATED)
    said = [f"Not collected from an LMS, so in no zip: {', '.join(sorted(set(left)))}."] if left else []
    return list(found), said
