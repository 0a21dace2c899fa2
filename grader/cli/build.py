"""Commands that make things: the release, the solutions, the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.common import (
    ChapterName,
    Db,
    Json,
    app,
    console,
    course_directory,
    echo,
    echo_files,
    execution_config,
    print_json,
)
from grader.course import select_chapters
from grader.errors import GraderError


@app.command()
def build(
    name: ChapterName = None,
    check: Annotated[bool, typer.Option("--check", help="Build nothing; fail if the release is stale.")] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Build the release: source, notebook, gradebook, course/."""
    from grader.publish import build as building

    wanted = select_chapters(name)
    if check:
        stale = building.stale(wanted, course_directory())
        if as_json:
            print_json({"stale": stale})
        if stale:
            raise GraderError(
                f"The release of {', '.join(stale)} is stale: run `python -m grader build` and commit course/."
            )
        return echo("The release is what the sources build.", as_json)
    return echo_files("Built", "built", [building.build(c, course_directory(db)) for c in wanted], as_json)


@app.command()
def solutions(name: ChapterName = None, as_json: Json = False) -> None:
    """Execute every solution notebook and render it to .ipynb and HTML; fail on any error."""
    from grader.publish.solutions import run_solutions

    wanted = select_chapters(name)
    echo(f"Running the solutions of {', '.join(c.assignment_id for c in wanted)} ...", as_json)
    echo_files("Wrote", "files", [path for pair in run_solutions(course_directory(), wanted) for path in pair], as_json)


@app.command()
def site(
    fresh: Annotated[bool, typer.Option("--fresh", help="Execute every solution again.")] = False,
    as_json: Json = False,
) -> None:
    """Build the course as static pages, with a teacher's outputs and without a solution."""
    from grader.publish import site as building

    echo("Building the site (two minutes where solutions must be executed) ...", as_json)
    page = building.site(course_directory(), select_chapters(None), fresh=fresh)
    if as_json:
        return print_json({"page": str(page)})
    return echo(f"Open {page}")


@app.command()
def release(
    to: Annotated[
        Path | None, typer.Option("--to", help="The zip file (default: gradschool.zip in the work folder).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Zip what a student needs, and nothing else."""
    from grader.publish.release import pack_release

    file = to or course_directory().work / "gradschool.zip"
    names = pack_release(course_directory(), select_chapters(None), file)
    if as_json:
        return print_json({"file": str(file), "names": names})
    return echo(f"Wrote {len(names)} files into {file}")


@app.command()
def demo() -> None:
    """Do the whole job on a made-up class: build, solve, grade, feedback."""
    from grader.cli.grading import progress_bar
    from grader.demo import run

    run.run(console, course_directory(), execution_config(), progress_bar())
