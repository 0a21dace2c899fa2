"""Commands at both ends of a class: taking in what was handed in, and telling the instructor where the class stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from grader.cli.common import ChapterName, Db, Json, app, console, echo, print_json
from grader.course import course_directory, select_chapters

Rosters = Annotated[
    list[Path] | None,
    typer.Option(
        "--roster", help="Who is who, a CSV; may be said more than once (default: roster/*.csv of the class)."
    ),
]
Zone = Annotated[str, typer.Option("--zone", help="The time zone of the times in Moodle's worksheet.")]


@app.command()
def collect(
    sources: Annotated[list[Path], typer.Argument(help="Downloads of Canvas or Moodle, or nbgrader's inbound folder.")],
    roster: Rosters = None,
    zone: Zone = "UTC",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Take in what an LMS or nbgrader's exchange hands over: folders and zips."""
    from grader.lms import collect as collecting
    from grader.lms import roster as rosters

    where = course_directory()
    known = rosters.read(roster or rosters.files(where), zone)
    taken = collecting.Collector(where, known, dry_run).collect(sources)
    if as_json:
        return print_json([asdict(t) for t in taken])
    _show(taken)
    if any(t.lms == "moodle" for t in taken) and not known:
        echo(collecting.MOODLES_NUMBERS)
    count = Counter(t.status for t in taken)
    told = ", ".join(f"{count[s]} {s}" for s in ("new", "replaced", "unchanged", "older"))
    return echo(f"{'Would be: ' if dry_run else ''}{told}, {count['trouble']} could not be taken.")


def _show(taken: list) -> None:
    """A line for each file; names in it are the students' and are shown as they are, without effect."""
    table = Table("File", "Student", "Chapter", "", "", title="Collected")
    for t in taken:
        late = "late" if t.late else ""
        words = "; ".join(w for w in (late, t.note) if w)
        table.add_row(
            *(escape(str(c)) for c in (plain_text(t.path), t.student, t.chapter, t.status, plain_text(words)))
        )
    console.print(table)


def plain_text(text: str) -> str:
    """Text for a terminal: what is not printable, an escape or a turn of direction, is shown as a question mark."""
    return "".join(c if c.isprintable() else "?" for c in text)


@app.command()
def report(
    name: ChapterName = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The HTML file (default: class-report.html in the work folder).")
    ] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Write the class report: marks, exercises, misconceptions, who waits, what to teach tomorrow."""
    from grader.publish.class_report import page

    file = page.report(course_directory(db), select_chapters(name), to)
    return print_json({"file": str(file)}) if as_json else echo(f"Wrote {file}")
