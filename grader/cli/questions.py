"""Commands on questions about students' own code: making them, and marking what came back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from grader.cli.common import (
    ChapterName,
    Json,
    Unsandboxed,
    app,
    console,
    course_directory,
    echo,
    execution_config,
    print_json,
)
from grader.course import select_chapters
from grader.errors import GraderError

FOLDER = "questions"


@app.command()
def questions(
    name: ChapterName = None,
    students: Annotated[str, typer.Option("--students", help="Only these, separated by commas.")] = "",
    formats: Annotated[
        str, typer.Option("--format", help="html, notebook or json; several with commas, or all.")
    ] = "all",
    out: Annotated[Path | None, typer.Option("--out", help="Write here (default: questions/ of the course).")] = None,
    graded: Annotated[
        Path | None, typer.Option("--from", help="A folder of graded notebooks (default: the course's).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives other questions.")] = 0,
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Make three short questions for each student on the code that they handed in.

    The graded notebooks' code runs again in sandboxed kernels: every key is what the student's own function returns.
    For each chapter there are a page to print (oral.html), the keys, and a notebook for each student.
    """
    wanted = _formats(formats)
    course = course_directory()
    from grader.questions import sheets

    found = sheets.graded_notebooks(graded or course.autograded, select_chapters(name), _names(students))
    made = []
    for sheet in sheets.make_sheets(found, execution_config(unsandboxed), seed):
        made.append(sheet)
        echo(f"{sheet.student}, {sheet.assignment}: {len(sheet.questions)} questions. {sheet.why}", quiet=as_json)
    files = sheets.write_sheets(made, out or course.work / FOLDER, wanted)
    if as_json:
        return print_json([s.to_json() for s in made])
    total = sum(len(s.questions) for s in made)
    echo(f"{total} questions for {len(made)} notebooks, {len(files)} files in {files[0].parent.parent}.")
    echo("The keys are in keys.html and questions-with-keys.json: keep these two to yourself.")
    return None


@app.command("mark-questions")
def mark_questions(
    folder: Annotated[Path, typer.Argument(help="A folder with the answered notebooks, at any depth.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Where `questions` wrote (default: questions/ of the course).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Mark answered notebooks of `questions`: a point for each right choice. Their cells are read and never run."""
    from grader.questions.answers import mark_folder
    from grader.questions.sheets import read_keys

    marked, unknown = mark_folder(folder, read_keys(keys or course_directory().work / FOLDER))
    if as_json:
        print_json({"marked": [m.to_json() for m in marked], "unknown": unknown})
    else:
        table = Table("Student", "Chapter", "Right", "Given")
        for m in marked:
            table.add_row(m.student, m.assignment, f"{sum(m.right)} of {len(m.right)}", ", ".join(m.given))
        console.print(table)
        for line in unknown:
            echo(line)
    if unknown:
        raise typer.Exit(1)


def _names(students: str) -> list[str]:
    return [name.strip() for name in students.split(",") if name.strip()]


def _formats(given: str) -> list[str]:
    from grader.questions.sheets import FORMATS

    wanted = list(FORMATS) if given == "all" else _names(given)
    strange = [name for name in wanted if name not in FORMATS]
    if strange or not wanted:
        what = f"There is no format {strange[0]!r}" if strange else "No format is named"
        raise GraderError(f"{what}: say {', '.join(FORMATS)} or all.")
    return wanted
