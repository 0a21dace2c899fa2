"""Commands for questions about students' own code: make them, and mark the answers."""

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
    students: Annotated[str, typer.Option("--students", help="Only these students, separated by commas.")] = "",
    formats: Annotated[
        str, typer.Option("--format", help="html, notebook, json (separated by commas), or all.")
    ] = "all",
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder (default: questions/ of the course).")
    ] = None,
    graded: Annotated[
        Path | None, typer.Option("--from", help="A folder with graded notebooks (default: the course's).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the questions.")] = 0,
    unsandboxed: Unsandboxed = False,
    as_json: Json = False,
) -> None:
    """Write three short questions for each student about the code that this student submitted.

    The code of the graded notebooks runs again in sandboxed kernels: every key is the result of the student's own
    function. Each chapter gets a page to print (oral.html), the keys, and a notebook for each student.
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
        Path | None,
        typer.Option("--keys", help="The output folder of `questions` (default: questions/ of the course)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Mark answered notebooks of `questions`: one point for each right choice. Cells are read, never run."""
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
