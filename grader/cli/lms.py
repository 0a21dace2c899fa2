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

if TYPE_CHECKING:
    from grader.lms.collect import CollectResult

Rosters = Annotated[
    list[Path] | None,
    typer.Option(
        "--roster", help="Who is who, a CSV; may be said more than once (default: roster/*.csv of the class)."
    ),
]
Timezone = Annotated[str, typer.Option("--timezone", help="The time zone of the times in Moodle's worksheet.")]


@app.command()
def collect(
    sources: Annotated[list[Path], typer.Argument(help="Downloads of Canvas or Moodle, or nbgrader's inbound folder.")],
    roster: Rosters = None,
    timezone: Timezone = "UTC",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Take in what an LMS or nbgrader's exchange hands over: folders and zips."""
    from grader.lms.collect import MOODLES_NUMBERS, Collector
    from grader.lms.roster import files, read

    course = course_directory()
    known = read(roster or files(course), timezone)
    results = Collector(course, known, dry_run).collect(sources)
    if as_json:
        return print_json([asdict(r) for r in results])
    _show(results)
    if any(r.lms == "moodle" for r in results) and not known:
        echo(MOODLES_NUMBERS)
    count = Counter(r.status for r in results)
    summary = ", ".join(f"{count[s]} {s}" for s in ("new", "replaced", "unchanged", "older"))
    return echo(f"{'Would be: ' if dry_run else ''}{summary}, {count['failed']} could not be taken.")


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
