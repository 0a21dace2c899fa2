"""Commands that hand out what grading gave: feedback and marks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.common import (
    ChapterName,
    Json,
    Student,
    app,
    print_json,
    say,
)
from grader.house import chosen, house


@app.command()
def feedback(name: ChapterName = None, student: Student = None, as_json: Json = False) -> None:
    """Write the feedback HTML of everyone who has been graded."""
    from grader import publish

    files = [f for c in chosen(name) for f in publish.feedback(house(), c, student)]
    if as_json:
        return print_json({"files": [str(f) for f in files]})
    for file in files:
        say(f"Wrote {file}")
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
        return print_json(list(publish.marks(house(), chosen(name))))
    file = to or house().work / "marks.csv"
    say(f"Wrote {publish.export(house(), chosen(name), file)} rows to {file}")
    return None
