"""Commands that verify the grader itself."""

from __future__ import annotations

import itertools
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from grader.cli.common import ChapterName, Json, Unsandboxed, app, console, echo, execution_config, print_json
from grader.course import select_chapters
from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.audit.deep import Options


@app.command()
def audit(
    name: ChapterName = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Run thousands of mutants of every solution through judge and `check` (an hour)."),
    ] = False,
    exercises: Annotated[str, typer.Option("--exercises", help="Only exercises whose id contains this text.")] = "",
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="With --deep: number of fresh seeds for each known mistake.")
    ] = 100,
    most: Annotated[
        int | None,
        typer.Option("--most", min=1, help="With --deep: maximum number of mutants per exercise (default: all)."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            min=1,
            help="With --deep: total number of mutants, always the same ones, of every exercise and operator.",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", dir_okay=False, help="With --deep: file to append findings to, and to resume from."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="With --deep: number of processes (default: cores).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Test the grader on every known mistake and alternative solution; with --deep, on mutants of all solutions."""
    chapters = [c.key for c in select_chapters(name)]
    if deep:
        from grader.audit.deep import Options

        depth = Options(known_luck=seeds, most=most, sample=sample)
        return _deep(chapters, exercises, depth, jobs or os.cpu_count() or 1, log, as_json)
    from grader.audit.known_mistakes import audit as run

    try:
        result = run(chapters, wanted=exercises)
    except NotImplementedError as unwritten:  # a new exercise that is not filled in
        raise GraderError(f"The bank is not complete ({unwritten}): fill it in and run again.") from unwritten
    if not result.exercises:
        raise GraderError(f"No exercise of {', '.join(chapters)} has {exercises!r} in its id.")
    if as_json:
        print_json(result.as_dict())
    else:
        figures = ("exercises", "mutants", "killed", "named", "alternatives", "accepted")
        _print_figures(figures, result, ("survivors", "misnamed", "rejected"))
    if not result.healthy:
        raise typer.Exit(1)
    return None


def _deep(chapters: list[str], wanted: str, options: Options, jobs: int, log: Path | None, as_json: bool) -> None:
    from grader.audit.deep import deep_audit
    from grader.bank.registry import entries

    ids = [i for chapter in chapters for i in entries(chapter) if wanted in i]
    if not ids:
        raise GraderError(f"No exercise of these chapters has an id with {wanted!r} in it.")
    with Status("Mutants ...", console=Console(stderr=True)) as status:
        count = itertools.count(1)
        result = deep_audit(
            ids,
            options,
            jobs,
            lambda exercise: status.update(f"{next(count)} mutants, {exercise}"),
            log,
        )
    if as_json:
        print_json(asdict(result))
    else:
        _print_figures(
            ("mutants", "equivalent", "vague"), result, ("survivors", "false_sentences", "unlucky", "disagree")
        )
    if not result.healthy:
        raise typer.Exit(1)


def _print_figures(figures: tuple[str, ...], result: object, lists: tuple[str, ...]) -> None:
    """Print the figures of an audit as a table, and a line for each entry of its lists."""
    table = Table(*figures)
    table.add_row(*(str(getattr(result, name)) for name in figures))
    console.print(table)
    for what in lists:
        for found in getattr(result, what):
            echo(f"{what}: {_line(found)}")


def _line(found: str | dict[str, str]) -> str:
    if isinstance(found, str):
        return found
    where = f' on "{found["input"]}"' if found["input"] else ""
    return f"{found['exercise']}, {found['mutant']}: {found['why']} ({found['what']}{where})"


@app.command()
def doctor(name: ChapterName = None, unsandboxed: Unsandboxed = False, as_json: Json = False) -> None:
    """Check students' kernels: the canary run of `autograde`, with kernels forked and started separately."""
    from grader.execution.canary import examine_kernels

    found = list(examine_kernels(select_chapters(name), execution_config(unsandboxed)))
    if as_json:
        print_json([asdict(item) for item in found])
    else:
        for item in found:
            sign = "x" if item.good else "!"
            echo(f"[{sign}] {item.sentence}")
    if not all(item.good for item in found):
        raise typer.Exit(1)


@app.command()
def redteam(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only attacks whose name contains this text; repeatable.")
    ] = None,
    stock: Annotated[bool, typer.Option("--stock", help="Attack stock nbgrader with asserts in the notebook.")] = False,
    as_other_user: Annotated[
        bool, typer.Option("--other-user", help="Run kernels as another OS user in place of bubblewrap (root only).")
    ] = False,
    in_container: Annotated[
        bool, typer.Option("--container", help="The same in a container without namespaces, as on Gradescope.")
    ] = False,
    landlock: Annotated[
        bool, typer.Option(help="In that container: let Linux offer Landlock, or seem to have none.")
    ] = True,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Number of attacks in parallel.")] = 3,
    as_json: Json = False,
) -> None:
    """Attack the grader with the public suite of hostile notebooks, and report which attacks succeed."""
    from grader.redteam import container
    from grader.redteam import run as running
    from grader.redteam import stock_nbgrader as on_stock

    names = only or []
    if in_container:
        result = container.attack(names, jobs, landlock)
    elif stock:
        result = on_stock.run(names, jobs)
    else:
        result = running.run(names, jobs, replace(execution_config(), other_user=as_other_user))
    if as_json:
        print_json(result)
    else:
        for kind, lines in (("break", result["breaks"]), ("weaker", result.get("weaker", []))):
            for line in lines:
                echo(f"{kind}: {line}")
        for line in running.table(result):
            echo(line)
    if result["breaks"] and not stock:
        raise typer.Exit(1)
