"""Commands that talk to an LMS's web service: roster and submissions in, marks and feedback out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from grader.cli.common import ChapterName, Db, Json, Student, app, console, course_directory, echo, print_json
from grader.cli.gradebook import Ungraded
from grader.cli.lms import show_results
from grader.course import chapter, select_chapters
from grader.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from grader.lms.api.pull import Pulled
    from grader.lms.api.push import Sent


class Kind(StrEnum):
    """The LMS."""

    canvas = "canvas"
    moodle = "moodle"


lms_app = typer.Typer(
    no_args_is_help=True,
    help="Canvas or Moodle over their web services. The token comes from $GRADSCHOOL_CANVAS_TOKEN, "
    "$GRADSCHOOL_MOODLE_TOKEN or the keyring, never from the command line.",
)
app.add_typer(lms_app, name="lms")

Lms = Annotated[Kind, typer.Option("--lms", help="The LMS.")]
Url = Annotated[str, typer.Option("--url", help="Its address, such as https://canvas.example.edu.")]
Course = Annotated[str, typer.Option("--course", help="The course's number, as its address in the browser has it.")]
Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--assignment",
        metavar="CHAPTER=NUMBER",
        help="The assignment of a chapter; may be repeated (default: the one with the chapter's name in its title).",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing, here or in the LMS; print what would be done.")
]


@lms_app.command()
def pull(
    lms: Lms,
    url: Url,
    course: Course,
    name: ChapterName = None,
    assignment: Chosen = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fetch the roster and the latest submissions, and collect them; a run that stopped goes on."""
    from grader.lms.api.connect import connect
    from grader.lms.api.pull import pull as fetch

    with _stoppable():
        run = fetch(
            connect(lms, url, course), course_directory(), select_chapters(name), _chosen(assignment), dry_run=dry_run
        )
    if as_json:
        print_json(asdict(run))
    else:
        _show_pulled(run, dry_run)
    if run.failed:
        raise typer.Exit(1)


@lms_app.command()
def push(
    lms: Lms,
    url: Url,
    course: Course,
    name: ChapterName = None,
    assignment: Chosen = None,
    student: Student = None,
    ungraded: Annotated[
        Ungraded,
        typer.Option("--ungraded", help="Leave out marks that wait for manual grading, or send the points so far."),
    ] = Ungraded.blank,
    feedback: Annotated[
        bool, typer.Option("--feedback/--no-feedback", help="Send the pages that `feedback` wrote, too.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace marks that were changed in the LMS, too.")
    ] = False,
    dry_run: DryRun = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Send marks and feedback pages; what is there already is not sent again."""
    from grader.lms.api.connect import connect
    from grader.lms.api.push import PushOptions
    from grader.lms.api.push import push as send
    from grader.lms.totals import chapter_totals
    from grader.results import left_out

    folders, chapters, chosen = course_directory(db), select_chapters(name), _chosen(assignment)
    options = PushOptions(ungraded.value, overwrite, feedback, dry_run, student)
    with _stoppable():
        opened = connect(lms, url, course)
        totals = chapter_totals(folders, chapters)
        lines, notes = send(opened, folders, chapters, totals, options, time.sleep, chosen)
    notes = [*left_out(folders, chapters), *notes]
    if as_json:
        print_json({"marks": [asdict(line) for line in lines], "notes": notes})
    else:
        _show_sent(lines, notes)
    if any(line.status == "failed" for line in lines):
        raise typer.Exit(1)


def _chosen(words: list[str] | None) -> dict[str, str]:
    """Return chapter -> the number of its assignment, of ``1=456`` and the like."""
    found = {}
    for word in words or []:
        part, equals, number = word.partition("=")
        if not equals or not number.isdigit():
            raise UsageError(f"--assignment {word[:60]!r}: say it as CHAPTER=NUMBER, such as 1=456.")
        found[chapter(part).assignment_id] = number
    return found


@contextmanager
def _stoppable() -> Iterator[None]:
    """Say of Ctrl-C that the run can go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("stopped. Nothing is lost; run the same command again to go on.") from None


def _show_pulled(run: Pulled, dry_run: bool) -> None:
    for path in run.would_fetch:
        echo(f"Would fetch {path}")
    if run.failed or run.collected:
        show_results([*run.failed, *run.collected])
    for note in run.notes:
        echo(note)
    count = Counter(r.status for r in run.collected)
    done = f"{len(run.would_fetch)} would be fetched" if dry_run else f"{run.fetched} fetched"
    took = "" if dry_run else f"; {count['new']} new, {count['replaced']} replaced"
    echo(f"{run.students} students; {done}, {run.present} were here, {len(run.failed)} could not be fetched{took}.")


def _show_sent(lines: list[Sent], notes: list[str]) -> None:
    table = Table("Student", "Chapter", "Mark", "", "", title="Marks")
    for line in lines:
        table.add_row(line.student, line.chapter, f"{line.mark:g}", line.status, line.note)
    console.print(table)
    for note in notes:
        echo(note)
    count = Counter(line.status for line in lines)
    statuses = [f"{count[s]} {s}" for s in ("sent", "would be sent", "unchanged", "kept", "failed") if count[s]]
    echo(", ".join(statuses) + "." if statuses else "There was nothing to send.")
