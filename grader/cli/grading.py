"""Commands that grade a class or a single file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
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
    course_directory,
    echo,
    execution_config,
    print_json,
)
from grader.course import Chapter, CourseDirectory, select_chapters
from grader.errors import GraderError
from grader.execution.config import MANY, ExecutionConfig
from grader.executors import process_context
from grader.settings import NO_FORK_VARIABLE
from gradschool.core.exercise import grade_id

if TYPE_CHECKING:  # they take seconds to import, which not every command needs
    from grader.autograde import Progress, Result
    from grader.executors.base import Executor

MOST_FLAGS = 10


@app.command()
def autograde(
    name: ChapterName = None,
    student: Student = None,
    force: Annotated[bool, typer.Option("--force", help="Also grade unchanged submissions again.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Number of notebooks graded in parallel (default: cores + 1)."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Grade on a Dask cluster: its scheduler's address, tcp://HOST:PORT.")
    ] = None,
    no_fork: Annotated[
        bool, typer.Option("--no-fork", help="Start each kernel separately instead of forking it.")
    ] = False,
    unsandboxed: Unsandboxed = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Grade the submissions in submitted/ and enter the marks into the gradebook."""
    wanted, course = select_chapters(name), course_directory(db)
    optimizers = any(c.steps_optimizers for c in wanted) or (student is None and _is_large(course, wanted))
    config = replace(execution_config(unsandboxed, no_fork), optimizers=optimizers)
    executor = _executor(jobs, cluster, no_fork, config, lambda text: echo(text, quiet=as_json))
    from grader.autograde import grade_class

    results = grade_class(
        course,
        wanted,
        student=student,
        force=force,
        executor=executor,
        config=config,
        progress=progress_bar(as_json),
    )
    if as_json:
        print_json([asdict(r) for r in results])
    else:
        show_results(results)
    if any(r.grader_fault for r in results):
        raise typer.Exit(1)


def _is_large(course: CourseDirectory, wanted: Iterable[Chapter]) -> bool:
    """Return whether so many have handed in that some of them step torch's optimizers, whatever the lesson asks for."""
    return sum(1 for part in wanted for _ in course.submitted.glob(f"*/{part.assignment_id}")) >= MANY


def _executor(
    jobs: int | None, cluster: str | None, no_fork: bool, config: ExecutionConfig, warn: Callable[[str], None]
) -> Executor:
    """Return who runs the notebooks: processes of this machine, or a cluster's workers."""
    if cluster is None:
        process_context.start_preload(config.fork, config.optimizers)
        from grader.executors.local import LocalExecutor  # takes a second to import

        return LocalExecutor(jobs)
    if jobs is not None:
        raise GraderError(
            "--jobs is for this machine alone: on a cluster each worker's --nthreads says how many at once."
        )
    if no_fork:
        raise GraderError(
            f"--no-fork is for this machine alone: set {NO_FORK_VARIABLE}=1 where the workers are started."
        )
    from grader.executors.dask import DaskExecutor

    return DaskExecutor(cluster, warn=warn)


class Rate(ProgressColumn):
    """A column with the notebooks graded in a minute, of late."""

    def render(self, task: Task) -> Text:
        """Return the rate, or a dash while there is none."""
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.0f}/min" if speed else "–/min")


def progress_bar(quiet: bool = False) -> Progress:
    """Return a function that passes results on and shows a bar, and in the end how fast it went; nothing if quiet."""

    def show(steps: Iterator[Result], total: int) -> Iterator[Result]:
        started, graded = time.monotonic(), 0
        for step in _with_bar(steps, total, quiet):
            graded += step.status == "graded"
            yield step
        if graded:
            seconds = time.monotonic() - started
            echo(f"{graded} notebooks in {seconds:.0f} s, {60 * graded / seconds:.0f} a minute.", quiet)

    return show


def _with_bar(steps: Iterator[Result], total: int, quiet: bool) -> Iterator[Result]:
    """Yield the steps with a bar: done of all there is to do, notebooks a minute, time gone and time left."""
    columns = ("Grading", BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task("Grading", total=total)
        for step in steps:
            if step.status == "unchanged":  # it took no time, and would make the rate and the time left too good
                total -= 1
                bar.update(task, total=total)
            else:
                bar.advance(task)
            yield step


def show_results(results: list[Result]) -> None:
    """Print a table of students and marks, what a person should look at, and how many ended in which way."""
    table = Table("Student", "Chapter", "Marks", "What the judge named", title="Marks")
    for r in results:
        marks = "–" if r.score is None else f"{r.score:g} of {r.max_score:g}"
        named = r.reason or _named(r) or "; ".join(r.notes[:2])
        table.add_row(r.student, r.chapter, marks, named)  # names of files are the students' own
    console.print(table)
    count = {s: sum(r.status == s for r in results) for s in ("graded", "unchanged", "failed")}
    flagged = [r for r in results if r.notes]
    for r in flagged[:MOST_FLAGS]:
        echo(f"Look at {r.student}, {r.chapter}: {' '.join(r.notes[:3])}")
    if len(flagged) > MOST_FLAGS:
        echo(f"... and {len(flagged) - MOST_FLAGS} more; `--json` has them all.")
    echo(
        f"{count['graded']} graded, {count['unchanged']} unchanged, {count['failed']} could not be graded, "
        f"{len(flagged)} flagged."
    )
    if ours := [r.student for r in results if r.grader_fault]:
        names = ", ".join(ours[:MOST_FLAGS]) + (" and others" if len(ours) > MOST_FLAGS else "")
        echo(
            f"Not the students' fault: {names}. The table has the reason. No mark of theirs has changed, and "
            "none is exported; fix it, and run the same command again."
        )


def _named(r: Result) -> str:
    """Name the first mistakes; of an answer whose cell failed, its own error."""
    named = {i: r.errors.get(grade_id(i) + "-solution", m) for i, m in r.mistakes.items()}
    some = [f"{i.partition('.')[2]}: {what}" for i, what in list(named.items())[:3]]
    return ", ".join(some) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


@app.command("grade-file")
def grade_one_file(
    notebook: Annotated[Path, typer.Argument(help="A notebook with any name; its cells determine the chapter.")],
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Grade a single file without a gradebook, and print its report."""
    from grader.execution import grade_file

    found = grade_file.grade_file(notebook, execution_config(unsandboxed))
    if as_json:
        return print_json(found)
    echo(grade_file.as_text(found))
    return None
