"""Commands that publish the results of grading: feedback, marks, and the gradebook itself."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.common import (
    ChapterName,
    Db,
    Json,
    Student,
    app,
    course_directory,
    echo,
    print_json,
)
from grader.cli.lms import Rosters, Timezone
from grader.course import select_chapters
from grader.errors import GraderError
from grader.settings import DB_VARIABLE


class Format(StrEnum):
    """The program that reads the marks."""

    csv = "csv"
    canvas = "canvas"
    moodle = "moodle"


class Ungraded(StrEnum):
    """The value of a mark that waits for manual grading: blank, or the points so far."""

    blank = "blank"
    points = "points"


@app.command()
def feedback(
    name: ChapterName = None,
    student: Student = None,
    pack: Annotated[
        bool, typer.Option("--zip", help="Also make a zip for the bulk upload of Canvas or Moodle.")
    ] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Write a feedback page (HTML) for every graded student."""
    from grader.lms.feedback_zip import write_zips
    from grader.publish.feedback import write_feedback

    if pack and student:
        raise GraderError("A zip for an LMS holds everybody's feedback: leave out --student.")
    course, chapters = course_directory(db), select_chapters(name)
    if name is None:  # a class on its way has not handed in every chapter
        chapters = [c for c in chapters if any(course.autograded.glob(f"*/{c.assignment_id}/*.ipynb"))] or chapters
    files = [f for c in chapters for f in write_feedback(course, c, student)]
    zips, notes = write_zips(course, chapters, course.work) if pack else ([], [])
    if as_json:
        return print_json({"files": [str(f) for f in files], "zips": [str(f) for f in zips], "notes": notes})
    for file in [*files, *zips]:
        echo(f"Wrote {file}")
    for note in notes:
        echo(note)
    return None


@app.command()
def export(
    name: ChapterName = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="The CSV file; for an LMS also a folder (default: the work folder)."),
    ] = None,
    kind: Annotated[
        Format,
        typer.Option("--format", help="csv: every exercise; canvas, moodle: chapter totals for the LMS's import."),
    ] = Format.csv,
    ungraded: Annotated[
        Ungraded,
        typer.Option(
            "--ungraded", help="For an LMS: leave marks that wait for manual grading blank, or use the points so far."
        ),
    ] = Ungraded.blank,
    roster: Rosters = None,
    timezone: Timezone = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Export all marks: one row for each student and exercise, or a file for Canvas or Moodle."""
    from grader.lms import canvas, moodle
    from grader.lms import roster as rosters
    from grader.lms.manifest import remembered_zone
    from grader.publish.marks import export_csv, mark_rows
    from grader.results import left_out

    course, chapters = course_directory(db), select_chapters(name)
    if kind is Format.csv:
        missing = left_out(course, chapters)
        if as_json:
            print("\n".join(missing), end="\n" if missing else "", file=sys.stderr)
            return print_json(list(mark_rows(course, chapters)))
        file = to or course.work / "marks.csv"
        lines = [f"Wrote {export_csv(course, chapters, file)} rows to {file}", *missing]
        return echo("\n".join(lines))
    write = canvas.write_import_file if kind is Format.canvas else moodle.write_worksheets
    known = rosters.read(roster or rosters.files(course), timezone or remembered_zone(course))
    files, notes = write(course, chapters, to or course.work, known, ungraded.value)
    notes = [*left_out(course, chapters), *notes]
    if as_json:
        return print_json({"files": [str(f) for f in files], "notes": notes})
    for line in [*(f"Wrote {f}" for f in files), *notes]:
        echo(line)
    return None


@app.command("migrate-gradebook")
def migrate_gradebook(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The address of an empty gradebook.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help=f"The gradebook to copy (default: ${DB_VARIABLE}, or SQLite)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy the whole gradebook into another database (SQLite or PostgreSQL), and compare every row afterward."""
    from grader.gradebook.migrate import migrate

    summary = migrate(course_directory(source).db_url, to)
    if as_json:
        return print_json(asdict(summary))
    echo(
        f"{sum(summary.rows.values())} rows arrived as they were: {summary.students} students, {summary.submissions} "
        f"submissions, {summary.grades} marks, {summary.points:g} points."
    )
    return echo(f"Set {DB_VARIABLE} to the new address to work with it. The old gradebook is as it was.")
