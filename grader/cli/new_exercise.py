"""The command that creates a new exercise."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.cli.common import Json, app, echo, print_json
from grader.course import ROOT, chapter


@app.command()
def new_exercise(
    exercise_id: Annotated[
        str, typer.Argument(metavar="PART.NAME", help="The new exercise's id, such as chain.decay_gradient.")
    ],
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="ID", help="Insert it before this exercise (default: at the end)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a new exercise: its row, public and private file, and cells; print what to fill in."""
    from grader.bank.scaffold import parse_new_id, scaffold

    part, _ = parse_new_id(exercise_id)
    places = scaffold(ROOT, chapter(part).source, exercise_id, before)
    for place in places:
        place.file.write_text(place.text, encoding="utf-8")
    if as_json:
        return print_json({"files": [str(place.file) for place in places]})
    for place in places:
        numbers = ", ".join(str(number) for number, _ in place.todos())
        echo(
            f"{'Wrote' if place.is_new else 'Changed'} {place.file.relative_to(ROOT)}: fill in TODO in lines {numbers}"
        )
    return echo(f"Then run `python -m grader build {part}` and `python -m grader audit {part}`.")
