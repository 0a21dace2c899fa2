"""The instructor's commands: each shows progress, and ends in one sentence where something is amiss."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from grader import sandbox
from grader.house import House, Trouble, chosen, house

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Grad School for instructors: build the release, grade a class, give feedback.",
)
console = Console(width=None if sys.stdout.isatty() else 140)

ChapterName = Annotated[str | None, typer.Argument(help="A chapter: its folder, number or part. All without it.")]
Student = Annotated[str | None, typer.Option("--student", help="Only this student.")]
Unsandboxed = Annotated[bool, typer.Option("--unsandboxed", help="Run students' code with all your rights.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


class Stopped(Trouble):
    """Somebody pressed Ctrl-C."""


def main() -> None:
    """Run a command; a Trouble becomes one sentence on stderr and exit status 1."""
    warnings.filterwarnings("ignore", module="nbgrader")  # its own, of SQLAlchemy's newer ways
    try:
        logging.getLogger("tornado.application").addHandler(logging.NullHandler())  # nbgrader's gradebook writes there
        app()
    except Trouble as trouble:
        print(f"grader: {trouble}", file=sys.stderr)
        sys.exit(130 if isinstance(trouble, Stopped) else 1)
    except OSError as error:
        print(f"grader: {error.strerror or error}: {error.filename or ''}. Mend it and run again.", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not type(error).__module__.startswith(("sqlalchemy", "nbgrader", "sqlite3")):
            raise
        why = next((w for w in ("database is locked", "disk is full", "disk I/O error") if w in str(error)), "")
        why = why or str(error).strip().splitlines()[0][:200]
        print(f"grader: The gradebook does not answer ({why}). Mend it and run again.", file=sys.stderr)
        sys.exit(1)


def _say(text: str, quiet: bool = False) -> None:
    if not quiet:
        console.print(text, highlight=False)


def _go_without(unsandboxed: bool) -> None:
    """Leave the walls out, for this command and the workers that it starts, because the instructor said so."""
    if unsandboxed:
        os.environ[sandbox.UNSANDBOXED_VARIABLE] = "1"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


@app.command()
def build(
    name: ChapterName = None,
    check: Annotated[bool, typer.Option("--check", help="Build nothing; fail if the release is stale.")] = False,
    as_json: Json = False,
) -> None:
    """Build the release: source, notebook, gradebook, course/."""
    from grader import build as building

    wanted = chosen(name)
    if check:
        stale = building.stale(wanted, house())
        if as_json:
            _print_json({"stale": stale})
        if stale:
            raise Trouble(
                f"The release of {', '.join(stale)} is stale: run `python -m grader build` and commit course/."
            )
        return _say("The release is what the sources build.", as_json)
    built = [str(building.build(c, house())) for c in wanted]
    if as_json:
        return _print_json({"built": built})
    for path in built:
        _say(f"Built {path}")
    return None


@app.command()
def solutions(name: ChapterName = None, as_json: Json = False) -> None:
    """Execute every solution notebook and render it to .ipynb and HTML; fail on any error."""
    from grader import publish

    wanted = chosen(name)
    _say(f"Running the solutions of {', '.join(c.name for c in wanted)} ...", as_json)
    made = [str(path) for pair in publish.all_solutions(house(), wanted) for path in pair]
    if as_json:
        return _print_json({"files": made})
    for path in made:
        _say(f"Wrote {path}")
    return None


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
    _go_without(unsandboxed)
    results = grade_class(house(), chosen(name), student=student, force=force, jobs=jobs, quiet=as_json)
    if as_json:
        return _print_json([asdict(r) for r in results])
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

    with grading.only_run(where):
        found = grading.submissions(where, chapters, student)
        steps = grading.autograde(where, found, jobs=jobs, force=force, limits=limits)
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
    _say(f"{count['graded']} graded, {count['unchanged']} unchanged, {count['trouble']} could not be graded.")


def _named(mistakes: dict[str, str]) -> str:
    some = [f"{i.partition('.')[2]}: {m}" for i, m in list(mistakes.items())[:3]]
    return ", ".join(some) + (f" and {len(mistakes) - 3} more" if len(mistakes) > 3 else "")


@app.command()
def feedback(name: ChapterName = None, student: Student = None, as_json: Json = False) -> None:
    """Write the feedback HTML of everyone who has been graded."""
    from grader import publish

    files = [f for c in chosen(name) for f in publish.feedback(house(), c, student)]
    if as_json:
        return _print_json({"files": [str(f) for f in files]})
    for file in files:
        _say(f"Wrote {file}")
    return None


@app.command()
def export(
    name: ChapterName = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The CSV file (default: marks.csv in the work folder).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write all marks, one row for each student and exercise, as CSV."""
    from grader import publish

    if as_json:
        return _print_json(list(publish.marks(house(), chosen(name))))
    file = to or house().work / "marks.csv"
    _say(f"Wrote {publish.export(house(), chosen(name), file)} rows to {file}")
    return None


@app.command("check")
def check_notebook(
    notebook: Annotated[Path, typer.Argument(help="A notebook of any name; its cells say which chapter it is.")],
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Grade one file without a gradebook, and print its report."""
    _go_without(unsandboxed)
    from grader import report

    found = report.grade_file(notebook)
    if as_json:
        return _print_json(found)
    _say(report.as_text(found))
    return None


@app.command()
def release(
    to: Annotated[
        Path | None, typer.Option("--to", help="The zip file (default: gradschool.zip in the work folder).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Zip what a student needs, and nothing else."""
    from grader import publish

    file = to or house().work / "gradschool.zip"
    names = publish.release(house(), chosen(None), file)
    if as_json:
        return _print_json({"file": str(file), "names": names})
    return _say(f"Wrote {len(names)} files into {file}")


@app.command()
def audit(name: ChapterName = None, as_json: Json = False) -> None:
    """Try every known mistake and every other right way on the grader itself."""
    from grader.audit import audit as run

    result = run([c.part for c in chosen(name)])
    if as_json:
        _print_json(result.as_dict())
    else:
        figures = ("exercises", "mutants", "killed", "named", "alternatives", "accepted")
        table = Table(*figures)
        table.add_row(*(str(getattr(result, name)) for name in figures))
        console.print(table)
        for what in ("survivors", "misnamed", "rejected"):
            for line in getattr(result, what):
                _say(f"{what}: {line}")
    if not result.healthy:
        raise typer.Exit(1)


@app.command()
def redteam(
    only: Annotated[str, typer.Option("--only", help="Only attacks whose name holds this.")] = "",
    stock: Annotated[bool, typer.Option("--stock", help="Attack stock nbgrader with asserts in the notebook.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Attacks at once.")] = 2,
    as_json: Json = False,
) -> None:
    """Attack the grader with the public suite of hostile notebooks, and say what had success."""
    from grader.redteam import run as running
    from grader.redteam import stock as on_stock

    result = on_stock.run(only, jobs) if stock else running.run(only, jobs)
    if as_json:
        _print_json(result)
    else:
        for line in result["breaks"]:
            _say(f"break: {line}")
        _say(f"{result['attacks']} attacks, {len(result['breaks'])} of them with success")
    if result["breaks"] and not stock:
        raise typer.Exit(1)


@app.command()
def demo() -> None:
    """Do the whole job on a made-up class: build, solve, grade, feedback."""
    from grader import demo as showing

    showing.run(console)
