"""What every command shares: the application, its usual arguments, and how it speaks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from grader.cli.aliases import AliasGroup
from grader.course import DB_VARIABLE
from grader.sandbox import bubblewrap

app = typer.Typer(
    cls=AliasGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Grad School for instructors: build the release, grade a class, give feedback.",
)
console = Console(width=None if sys.stdout.isatty() else 140)

ChapterName = Annotated[str | None, typer.Argument(help="A chapter: its folder, number or part. All without it.")]
Student = Annotated[str | None, typer.Option("--student", help="Only this student.")]
Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help=f"The gradebook's address (default: ${DB_VARIABLE}, or SQLite)."),
]
Unsandboxed = Annotated[bool, typer.Option("--unsandboxed", help="Run students' code with all your rights.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def echo(text: str, quiet: bool = False) -> None:
    """One line for the person at the keyboard."""
    if not quiet:
        console.print(text, highlight=False)


def echo_files(verb: str, key: str, files: Iterable[Path], as_json: bool) -> None:
    """Name the files that a command has made, a line each; under ``key`` for a program."""
    names = [str(file) for file in files]
    if as_json:
        return print_json({key: names})
    for name in names:
        echo(f"{verb} {name}")
    return None


def disable_sandbox(unsandboxed: bool) -> None:
    """Leave the walls out, for this command and the workers that it starts, because the instructor said so."""
    if unsandboxed:
        os.environ[bubblewrap.UNSANDBOXED_VARIABLE] = "1"


def print_json(value: Any) -> None:
    """The same for a program."""
    print(json.dumps(value, indent=1))
