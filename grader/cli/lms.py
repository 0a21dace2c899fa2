"""Commands at the start and the end of grading: collect submissions, and write the class report."""

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
    typer.Option("--roster", help="A roster, as CSV; may be repeated (default: the class's roster/*.csv)."),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="The time zone of Moodle's worksheet (default: the zone used last)."),
]
Undo = Annotated[bool, typer.Option("--undo", help="Undo the latest run of collect.")]
Sources = Annotated[
    list[Path] | None, typer.Argument(help="Downloads from Canvas or Moodle, or nbgrader's inbound folder.")
]


@app.command()
def collect(
    sources: Sources = None,
    roster: Rosters = None,
    timezone: Timezone = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; print what would be done.")] = False,
    undo: Undo = False,
    student: Annotated[str, typer.Option("--student", help="With --undo: only this student.")] = "",
    as_json: Json = False,
) -> None:
    """Collect submissions from an LMS's downloads or from nbgrader's exchange: folders and zips."""
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
    show_results(results)
    count = Counter(r.status for r in results)
    summary = ", ".join(f"{count[s]} {s}" for s in statuses)
    return echo(f"{before}{summary}, {count['failed']} could not be taken.")


def show_results(results: list[CollectResult]) -> None:
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
    """Write the class report: marks, exercises, misconceptions, ungraded work, what to teach tomorrow."""
    from grader.publish.class_report.page import write_report

    file = write_report(course_directory(db), select_chapters(name), to)
    return print_json({"file": str(file)}) if as_json else echo(f"Wrote {file}")
