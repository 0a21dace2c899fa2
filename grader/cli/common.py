"""Code shared by all commands: the application, common arguments, settings, and printing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from grader.cli.aliases import AliasGroup
from grader.course import CourseDirectory
from grader.execution.config import ExecutionConfig
from grader.settings import DB_VARIABLE, Settings

app = typer.Typer(
    cls=AliasGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Grad School for instructors: build the release, grade a class, give feedback.",
)
MOST_TEXT = 2000  # characters of one line of text on the terminal


class PlainConsole(Console):
    """A terminal on which every text is text: no markup, no emoji codes, no escapes, and no endless line.

    Much of what is printed quotes a student: a hint, a note, the name of a file. All strings of lines and of tables
    come through here, so nothing needs to be escaped where it is printed.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        """Make a line or a table's cell from a string, as it stands."""
        return super().render_str(printable(text), **{**how, "markup": False, "emoji": False})


def printable(text: str) -> str:
    """Return text for a terminal: a question mark stands for each escape, turn of direction and the like.

    >>> printable("a" + chr(27) + "[2J b")
    'a?[2J b'
    """
    lines = text.expandtabs(4).split("\n")
    cut = (line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]} ..." for line in lines)
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in cut)


console = PlainConsole(width=None if sys.stdout.isatty() else 140, highlight=False)

ChapterName = Annotated[str | None, typer.Argument(help="A chapter: its folder, number or key (default: all).")]
Student = Annotated[str | None, typer.Option("--student", help="Only this student.")]
Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help=f"The gradebook's address (default: ${DB_VARIABLE}, or SQLite)."),
]
Unsandboxed = Annotated[
    bool, typer.Option("--unsandboxed", help="Run students' code without a sandbox, with all your rights.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def echo(text: str, quiet: bool = False) -> None:
    """Print a line for the person at the keyboard, unless *quiet*."""
    if not quiet:
        console.print(text)


def echo_files(verb: str, key: str, files: Iterable[Path], as_json: bool) -> None:
    """Print the files that a command has made, a line each, or as JSON under ``key``."""
    names = [str(file) for file in files]
    if as_json:
        return print_json({key: names})
    for name in names:
        echo(f"{verb} {name}")
    return None


def course_directory(db: str | None = None) -> CourseDirectory:
    """Return the class's folders that the environment names; ``db`` is another gradebook than the environment's."""
    return Settings.from_env().course_directory(db)


def execution_config(unsandboxed: bool = False, no_fork: bool = False) -> ExecutionConfig:
    """Return how notebooks run in this command: as the environment says, and these options."""
    found = Settings.from_env()
    return ExecutionConfig.from_settings(
        replace(found, sandbox=found.sandbox and not unsandboxed, fork=found.fork and not no_fork)
    )


def print_json(value: Any) -> None:
    """Print *value* as JSON."""
    print(json.dumps(value, indent=1))
