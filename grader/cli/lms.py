"""Commands at both ends of a class: collecting what was submitted, and reporting where the class stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from grader.cli.common import ChapterName, Db, Json, app, console, course_directory, echo, print_json
from grader.course import select_chapters
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.lms.placing import CollectResult

Rosters = Annotated[
    list[Path] | None,
    typer.Option(
        "--roster", help="Who is who, a CSV; may be said more than once (default: roster/*.csv of the class)."
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="The time zone of the times in Moodle's worksheet (default: as the last time)."),
]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what the latest collecting changed.")]
Sources = Annotated[
    list[Path] | None, typer.Argument(help="Downloads of Canvas or Moodle, or nbgrader's inbound folder.")
]


@app.command()
def collect(
    sources: Sources = None,
    roster: Rosters = None,
    timezone: Timezone = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, say what would be done.")] = False,
    undo: Undo = False,
    student: Annotated[str, typer.Option("--student", help="With --undo: only this student's.")] = "",
    as_json: Json = False,
) -> None:
    """Take in what an LMS or nbgrader's exchange hands over: folders and zips."""
    from grader.lms import collect as collecting
    from grader.lms.manifest import remembered_zone
    from grader.lms.roster import files, read

    course = course_directory()
    if undo:
        if sources or dry_run:
            raise UsageError("--undo takes back the latest collecting: say neither a download nor --dry-run with it.")
        return _report(collecting.undo(course, student), as_json, ("restored", "removed"))
    if not sources:
        raise UsageError("Say what to collect: the LMS's download, a folder or a zip.")
    zone = timezone or remembered_zone(course)
    known = read(roster or files(course), zone)
    results = collecting.Collector(course, known, dry_run, zone).collect(sources)
    if any(r.lms == "moodle" for r in results) and not known and not as_json:
        echo(collecting.MOODLES_NUMBERS)
    usual = ("new", "replaced", "unchanged", "older")
    found = (*usual, "updated") if any(r.status == "updated" for r in results) else usual
    return _report(results, as_json, found, "Would be: " if dry_run else "")


def _report(results: list[CollectResult], as_json: bool, statuses: tuple[str, ...], before: str = "") -> None:
    """Print what became of each file, and how often each came to be."""
    if as_json:
        return print_json([asdict(r) for r in results])
    _show(results)
    count = Counter(r.status for r in results)
    summary = ", ".join(f"{count[s]} {s}" for s in statuses)
    return echo(f"{before}{summary}, {count['failed']} could not be taken.")


def _show(results: list[CollectResult]) -> None:
    """Print a line for each file; names in it are the students' own."""
    table = Table("File", "Student", "Chapter", "", "", title="Collected")
    for r in results:
        note = "; ".join(part for part in ("late" if r.late else "", r.note) if part)
        table.add_row(r.path, r.student, r.chapter, r.status, note)
    console.print(table)


@app.command("class-report")
def class_report(
    name: ChapterName = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The HTML file (default: class-report.html in the work folder).")
    ] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Write the class report: marks, exercises, misconceptions, who waits, what to teach tomorrow."""
    from grader.publish.class_report.page import write_report

    file = write_report(course_directory(db), select_chapters(name), to)
    return print_json({"file": str(file)}) if as_json else echo(f"Wrote {file}")
