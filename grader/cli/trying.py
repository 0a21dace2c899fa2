"""The command that tries one or many answers on the judge and on `check`."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.cli.common import Json, app, console, echo
from grader.errors import GraderError

if TYPE_CHECKING:  # it imports torch and the bank
    from grader.audit.trying import Trial


@app.command("try")
def try_command(
    first: Annotated[
        str | None,
        typer.Argument(metavar="[EXERCISE | LINES]", help="An exercise's id, or a file of JSON lines (- for stdin)."),
    ] = None,
    file: Annotated[str | None, typer.Argument(help="The answer: a .py file, a notebook, or - for stdin.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of the judge's fresh inputs (default: random).")
    ] = None,
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=0.1, help="Limit on CPU seconds, for each answer and each of judge and check."),
    ] = 10.0,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Number of answers in parallel (default: cores).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try an answer on the judge and on `check`, and print verdict, marks, mistake, message and experiment of both.

    To try many answers, pass JSON lines, {"exercise": "...", "code": "..."}; "id" and other keys are returned with the
    result. An answer may use what the lesson has imported and defined before its exercise. It runs in a separate
    process with limits on time, memory and output, but outside the sandbox, so it has all your rights.
    """
    trials = _read(first, file)
    from grader.audit.many import try_all
    from grader.children import Limits

    failed = False
    drawn = secrets.randbits(64) if seed is None else seed
    for result in try_all(trials, drawn, Limits(seconds), jobs or os.cpu_count() or 1):
        failed |= "error" in (result["grader"]["verdict"], result["check"]["verdict"])
        if as_json:
            print(json.dumps(result), flush=True)
        else:
            _show(result)
    if failed:
        raise typer.Exit(1)


def _read(first: str | None, file: str | None) -> list[Trial]:
    from grader.audit.answers import read_answer, read_lines

    if file is not None:
        return [read_answer(str(first), file, _text(file))]
    if first is None and sys.stdin.isatty():
        raise GraderError("Try what? Say EXERCISE FILE, or give JSON lines as a file or on stdin (--help says more).")
    if first not in (None, "-") and not Path(str(first)).exists():
        raise GraderError(f"There is no file {first}. To try one answer, say: try EXERCISE FILE.")
    return read_lines(_text(first or "-").splitlines())


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise GraderError(f"{file} is not UTF-8 text.") from None


def _show(result: dict[str, Any]) -> None:
    echo(f"{result['exercise']} ({result['id']})")
    for side in ("grader", "check"):
        found = result[side]
        name = f"  {found['mistake']}" if found["mistake"] else ""
        marks = "" if found["earned"] is None else f"  {found['earned']:g} of {found['points']:g}"
        echo(f"  {side:7} {found['verdict']}{marks}{name}  [{found['seconds']:.2f} s]")
        for line in (found["sentence"], found["experiment"]):
            if line:
                console.print(f"          {line}")
    if not result["agree"]:
        echo("  They do not agree.")
