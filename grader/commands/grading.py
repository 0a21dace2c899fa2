"""Commands that grade: a class, or one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from grader.commands.common import (
    ChapterName,
    Json,
    Stopped,
    Student,
    Unsandboxed,
    app,
    console,
    go_without,
    print_json,
    say,
)
from grader.house import House, chosen, house


@app.command()
def autograde(
    name: ChapterName = None,
    student: Student = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks at once (default: cores).")] = None,
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Grade what is in submitted/ into the gradebook."""
    go_without(unsandboxed)
    results = grade_class(house(), chosen(name), student=student, force=force, jobs=jobs, quiet=as_json)
    if as_json:
        return print_json([asdict(r) for r in results])
    show_results(results)
    return None


def grade_class(
    where: House,
    chapters: list[Any],
    *,
    student: str | None = None,
    force: bool = False,
    jobs: int | None = None,
    quiet: bool = False,
    limits: Any = None,
) -> list[Any]:
    """Grade with a progress bar; the results in the order of student and chapter."""
    from grader import autograde as grading
    from grader.crew import LocalCrew

    with grading.only_run(where):
        found = grading.submissions(where, chapters, student)
        steps = grading.autograde(where, found, crew=LocalCrew(jobs), force=force, limits=limits)
        try:
            results = list(_progress(steps, len(found), "Grading", quiet))
        except KeyboardInterrupt:  # typer would end without a word
            raise Stopped("stopped. What was entered stays; run the same command again to go on.") from None
    return sorted(results, key=lambda r: (r.chapter, r.student))


def _progress(steps: Iterable[Any], total: int, what: str, quiet: bool) -> Iterable[Any]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        for step in steps:
            bar.advance(task)
            yield step


def show_results(results: list[Any]) -> None:
    """A table of students and marks, then how many were graded, unchanged and in trouble."""
    table = Table("Student", "Chapter", "Marks", "What the judge named", title="Marks")
    for r in results:
        marks = "–" if r.score is None else f"{r.score:g} of {r.max_score:g}"
        table.add_row(r.student, r.chapter, marks, r.trouble or _named(r.mistakes) or "; ".join(r.notes[:2]))
    console.print(table)
    count = {s: sum(r.status == s for r in results) for s in ("graded", "unchanged", "trouble")}
    say(f"{count['graded']} graded, {count['unchanged']} unchanged, {count['trouble']} could not be graded.")


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
    go_without(unsandboxed)
    from grader import report

    found = report.grade_file(notebook)
    if as_json:
        return print_json(found)
    say(report.as_text(found))
    return None
