"""Commands that grade: a class, or one file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from grader.cli.common import (
    ChapterName,
    Db,
    Json,
    Student,
    Unsandboxed,
    app,
    console,
    disable_sandbox,
    echo,
    print_json,
)
from grader.course import CourseDirectory, course_directory, select_chapters
from grader.errors import GraderError, Interrupted
from grader.executors import process_context
from grader.sandbox import bubblewrap

MOST_FLAGS = 10


@app.command()
def autograde(
    name: ChapterName = None,
    student: Student = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks at once (default: cores + 1).")
    ] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="A Dask scheduler, tcp://HOST:PORT.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Start each kernel anew rather than fork it.")] = False,
    unsandboxed: Unsandboxed = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Grade what is in submitted/ into the gradebook."""
    disable_sandbox(unsandboxed)
    crew = _crew(jobs, cluster, cold, lambda text: echo(text, quiet=as_json))
    results = grade_class(
        course_directory(db), select_chapters(name), student=student, force=force, crew=crew, quiet=as_json
    )
    if as_json:
        return print_json([asdict(r) for r in results])
    show_results(results)
    return None


def _crew(jobs: int | None, cluster: str | None, cold: bool, warn: Callable[[str], None]) -> Any:
    """Who runs the notebooks: processes of this machine, or a cluster's workers."""
    if cluster is None:
        if cold:
            os.environ[bubblewrap.COLD_VARIABLE] = "1"
        process_context.start_preload()
        from grader.executors.local import LocalExecutor  # takes a second to import

        return LocalExecutor(jobs)
    if jobs is not None:
        raise GraderError(
            "--jobs is for this machine alone: on a cluster each worker's --nthreads says how many at once."
        )
    if cold:
        raise GraderError(
            f"--cold is for this machine alone: set {bubblewrap.COLD_VARIABLE}=1 where the workers are started."
        )
    from grader.executors.dask import DaskExecutor

    return DaskExecutor(cluster, warn=warn)


def grade_class(
    where: CourseDirectory,
    chapters: list[Any],
    *,
    student: str | None = None,
    force: bool = False,
    crew: Any = None,
    quiet: bool = False,
    limits: Any = None,
) -> list[Any]:
    """Grade with a progress bar; the results in the order of chapter and student."""
    from grader import autograde as grading

    with grading.only_run(where):
        found = grading.submissions(where, chapters, student)
        steps = grading.autograde(where, found, crew=crew, force=force, limits=limits)
        started = time.monotonic()
        try:
            results = list(_progress(steps, len(found), "Grading", quiet))
        except KeyboardInterrupt:  # typer would end without a word
            raise Interrupted("stopped. What was entered stays; run the same command again to go on.") from None
    if graded := sum(r.status == "graded" for r in results):
        seconds = time.monotonic() - started
        echo(f"{graded} notebooks in {seconds:.0f} s, {60 * graded / seconds:.0f} a minute.", quiet)
    return sorted(results, key=lambda r: (r.chapter, r.student))


class Rate(ProgressColumn):
    """Notebooks a minute, of late."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.0f}/min" if speed else "–/min")


def _progress(steps: Iterable[Any], total: int, what: str, quiet: bool) -> Iterable[Any]:
    """The steps again, with a bar: done of all there is to do, notebooks a minute, time gone and time left."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        for step in steps:
            if step.status == "unchanged":  # it took no time, and would make the rate and the time left too good
                total -= 1
                bar.update(task, total=total)
            else:
                bar.advance(task)
            yield step


def show_results(results: list[Any]) -> None:
    """A table of students and marks, what a person should look at, and how many ended in which way."""
    table = Table("Student", "Chapter", "Marks", "What the judge named", title="Marks")
    for r in results:
        marks = "–" if r.score is None else f"{r.score:g} of {r.max_score:g}"
        named = r.trouble or _named(r.mistakes) or "; ".join(r.notes[:2])
        table.add_row(escape(r.student), r.chapter, marks, escape(named))  # names of files are the students' own
    console.print(table)
    count = {s: sum(r.status == s for r in results) for s in ("graded", "unchanged", "trouble")}
    flagged = [r for r in results if r.notes]
    for r in flagged[:MOST_FLAGS]:
        echo(f"Look at {escape(r.student)}, {r.chapter}: {escape(' '.join(r.notes[:3]))}")
    if len(flagged) > MOST_FLAGS:
        echo(f"... and {len(flagged) - MOST_FLAGS} more; `--json` has them all.")
    echo(
        f"{count['graded']} graded, {count['unchanged']} unchanged, {count['trouble']} could not be graded, "
        f"{len(flagged)} flagged."
    )


def _named(mistakes: dict[str, str]) -> str:
    some = [f"{i.partition('.')[2]}: {m}" for i, m in list(mistakes.items())[:3]]
    return ", ".join(some) + (f" and {len(mistakes) - 3} more" if len(mistakes) > 3 else "")


@app.command("check")
def check_notebook(
    notebook: Annotated[Path, typer.Argument(help="A notebook of any name; its cells say which chapter it is.")],
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Grade one file without a gradebook, and print its report."""
    disable_sandbox(unsandboxed)
    from grader.execution import grade_file

    found = grade_file.grade_file(notebook)
    if as_json:
        return print_json(found)
    echo(grade_file.as_text(found))
    return None
