"""Commands for other places: graders such as Gradescope and Classroom 50, and badges that open a lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.common import Json, app, course_directory, echo, print_json
from grader.course import chapter, select_lessons

OneChapter = Annotated[str, typer.Argument(help="A chapter: its folder, number or key.")]


@app.command()
def gradescope(
    name: OneChapter,
    to: Annotated[Path, typer.Option("-o", "--to", help="The zip file to write.")],
    visibility: Annotated[
        str, typer.Option("--visibility", help="visible, after_due_date, after_published or hidden.")
    ] = "visible",
    index: Annotated[
        str, typer.Option("--index", help="Another package index for pip, such as PyTorch's builds without CUDA.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make the zip that Gradescope takes as the autograder of one chapter."""
    from grader.publish.gradescope.pack import pack

    _told(to, pack(chapter(name), to, visibility, index), as_json)


@app.command()
def classroom50(
    name: OneChapter,
    to: Annotated[Path, typer.Option("-o", "--to", help="The folder to write.")],
    as_json: Json = False,
) -> None:
    """Make the folder that Classroom 50 takes as the autograder of one chapter: the public half alone."""
    from grader.publish.classroom50.pack import pack

    _told(to, pack(chapter(name), course_directory(), to), as_json)


@app.command()
def badges(
    repository: Annotated[str, typer.Argument(help="The public repository on GitHub: OWNER/NAME.")],
    branch: Annotated[str, typer.Option("--branch", help="The branch or tag.")] = "main",
    as_json: Json = False,
) -> None:
    """Print Markdown with a Colab and a Binder badge for each chapter."""
    from grader.publish.badges import badges as made

    lines = {c.assignment_id: made(repository, c, branch) for c in select_lessons(None)}
    if as_json:
        return print_json(lines)
    for name, line in lines.items():
        print(f"{name}: {line}")
    return None


def _told(to: Path, names: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"file": str(to), "names": names})
    else:
        echo(f"Wrote {len(names)} files into {to}")
