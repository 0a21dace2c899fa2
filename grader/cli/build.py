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
from grader.course import select_lessons
from grader.errors import GraderError


@app.command()
def build(
    name: ChapterName = None,
    check: Annotated[bool, typer.Option("--check", help="Build nothing; fail if the release is out of date.")] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Build the release in course/ from the sources, and enter its points into the gradebook."""
    from grader.publish import build as building

    wanted = select_lessons(name)
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
    """Execute every solution notebook and write it as .ipynb and HTML; fail on any error."""
    from grader.publish.solutions import run_solutions

    wanted = select_lessons(name)
    echo(f"Running the solutions of {', '.join(c.assignment_id for c in wanted)} ...", as_json)
    echo_files("Wrote", "files", [path for pair in run_solutions(course_directory(), wanted) for path in pair], as_json)


@app.command()
def site(
    fresh: Annotated[bool, typer.Option("--fresh", help="Execute every solution again.")] = False,
    as_json: Json = False,
) -> None:
    """Build the course as a static website, with the instructor's outputs and without solutions."""
    from grader.publish import site as building

    echo("Building the site (two minutes where solutions must be executed) ...", as_json)
    page = building.site(course_directory(), select_lessons(None), fresh=fresh)
    if as_json:
        return print_json({"page": str(page)})
    return echo(f"Open {page}")


@app.command()
def lite(
    offline: Annotated[bool, typer.Option("--offline", help="Carry Pyodide along: no network is asked.")] = False,
    pyodide: Annotated[str, typer.Option("--pyodide", help="The address of another Pyodide.")] = "",
    repository: Annotated[str, typer.Option("--repository", help="owner/name on GitHub, for links to Colab.")] = "",
    as_json: Json = False,
) -> None:
    """Build the lessons as a JupyterLite site: Python runs in the browser, and nothing on a server."""
    from grader.publish import lite as building
    from grader.publish.lite_parts import bring

    work = course_directory().work / "lite"
    parts = bring(work / "parts", offline=offline)
    page = building.lite(
        course_directory(),
        select_lessons(None),
        work / "site",
        parts,
        pyodide_url=pyodide,
        repository=repository,
    )
    if as_json:
        return print_json({"page": str(page)})
    return echo(
        f"Built {page}. A browser needs a server for it: python -m http.server --bind 127.0.0.1 -d {page.parent}"
    )


@app.command()
def release(
    to: Annotated[
        Path | None, typer.Option("--to", help="The zip file (default: gradschool.zip in the work folder).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a zip with only the files that students need."""
    from grader.publish.release import pack_release

    file = to or course_directory().work / "gradschool.zip"
    names = pack_release(course_directory(), select_lessons(None), file)
    if as_json:
        return print_json({"file": str(file), "names": names})
    return echo(f"Wrote {len(names)} files into {file}")


@app.command()
def demo() -> None:
    """Run the whole workflow on a made-up class: build, solve, grade, feedback."""
    from grader.cli.grading import progress_bar
    from grader.demo import run

    run.run(console, course_directory(), execution_config(), progress_bar())
