"""The command that opens the marking desk."""

from __future__ import annotations

import getpass
import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.common import ChapterName, Db, app, console, course_directory, echo
from grader.course import select_chapters


@app.command()
def desk(
    name: ChapterName = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 chooses a free one.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address without opening a browser.")] = False,
    grader: Annotated[str, typer.Option("--grader", help="The grader's name (default: your user name).")] = "",
    db: Db = None,
) -> None:
    """Mark by hand in the browser: all answers to a question side by side, points by key, saved at once.

    The desk can be reached from this machine only. Ctrl-C ends it; every mark is already in the gradebook.
    """
    from grader.desk.access import Desk
    from grader.desk.opening import chapters_to_show
    from grader.desk.questions import questions
    from grader.desk.server import serve

    course = course_directory(db)
    opened = Desk(course, chapters_to_show(course, select_chapters(name)), grader or _user())

    def ready() -> None:
        opened.worker.submit(lambda: [questions(c) for c in opened.chapters])  # seconds, while the browser opens
        console.print(f"The marking desk: {opened.url}", highlight=False, soft_wrap=True)  # an address, whole
        echo("It is for this machine alone. Ctrl-C ends it; every mark is saved at once.")
        if not no_open:
            _open(course.work / "desk" / "open.html", opened.url)

    try:
        serve(opened, port, ready)
    finally:
        (course.work / "desk" / "open.html").unlink(missing_ok=True)


def _open(page: Path, url: str) -> None:
    """Open the browser by way of a file of one's own: a command line, with the token in it, is everybody's to read."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.unlink(missing_ok=True)
    with open(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html><title>Marking desk</title><meta http-equiv="refresh" content="0; url={url}">')
    webbrowser.open(page.resolve().as_uri())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "instructor"
