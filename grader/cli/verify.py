"""Commands that verify the grader itself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from grader.cli.common import ChapterName, Json, app, console, echo, execution_config, print_json
from grader.course import select_chapters
from grader.errors import GraderError


@app.command()
def audit(name: ChapterName = None, as_json: Json = False) -> None:
    """Try every known mistake and every alternative solution on the grader itself."""
    from grader.audit.known_mistakes import audit as run

    try:
        result = run([c.key for c in select_chapters(name)])
    except NotImplementedError as unwritten:  # a new exercise that is not filled in
        raise GraderError(f"The bank is not complete ({unwritten}): fill it in and run again.") from unwritten
    if as_json:
        print_json(result.as_dict())
    else:
        figures = ("exercises", "mutants", "killed", "named", "alternatives", "accepted")
        table = Table(*figures)
        table.add_row(*(str(getattr(result, name)) for name in figures))
        console.print(table)
        for what in ("survivors", "misnamed", "rejected"):
            for line in getattr(result, what):
                echo(f"{what}: {line}")
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
    from grader.redteam import stock_nbgrader as on_stock

    result = on_stock.run(only, jobs) if stock else running.run(only, jobs, execution_config())
    if as_json:
        print_json(result)
    else:
        for line in result["breaks"]:
            echo(f"break: {line}")
        echo(f"{result['attacks']} attacks, {len(result['breaks'])} of them with success")
    if result["breaks"] and not stock:
        raise typer.Exit(1)
