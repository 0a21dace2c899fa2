"""The last cell of a lesson: a button that checks the notebook as a grader will, and packs it for uploading."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gradschool.core.exercise import CHAPTERS
from gradschool.core.interactive import is_interactive
from gradschool.core.without_torch import in_browser
from gradschool.lessons.notebook_ui import switch
from gradschool.student.hand_in import unsaved
from gradschool.student.hand_in.command import find, zip_name
from gradschool.student.hand_in.lesson_file import LessonFile, WrongFile, read

SAVE = "Save the notebook (Ctrl+S, on a Mac Cmd+S), then press the button again."
PREDICTIONS = "Add my predictions. My instructor sees how the class's guesses are distributed; no mark depends on them."


def hand_in(part: str) -> None:
    """Show in a lesson a button that packs it for handing in; nothing where no person looks on.

    Without ipywidgets the notebook is packed at once.

    Parameters
    ----------
    part
        The chapter: "chain", "dqn" or "ddpg".
    """
    if not is_interactive():
        return
    namespace = _namespace()
    try:
        from ipywidgets import Button, Layout, Output, VBox

        with_predictions = switch(PREDICTIONS, False)
    except ImportError:
        pack(part, namespace)
        return
    from IPython.display import display

    button = Button(description="Check and pack for handing in", layout=Layout(width="20em"))
    output = Output()

    def pressed(_: Any) -> None:
        button.disabled = True
        output.clear_output()
        with output:
            pack(part, namespace, run=partial(_run, with_predictions=with_predictions.value))
        button.disabled = False

    button.on_click(pressed)
    display(VBox([with_predictions, button, output]))


def pack(
    part: str,
    namespace: Mapping[str, Any],
    say: Callable[[str], None] = print,
    run: Callable[[LessonFile], None] | None = None,
) -> None:
    """Pack the notebook that a kernel belongs to, unless its file is not what the kernel has run.

    Parameters
    ----------
    part
        The chapter.
    namespace
        The kernel's variables: ``In`` holds the texts of the cells that it has run.
    say
        Prints a line.
    run
        Runs ``gradschool hand-in`` on a file and prints what it says; by default in a process of its own.
    """
    try:
        file = own_file(part, namespace)
    except WrongFile as wrong:
        say(f"Nothing was packed. {wrong}")
        return
    older = unsaved.not_as_run(file, [str(text) for text in namespace.get("In", ())])
    if older:
        say(
            f"Nothing was packed. In {file.path.name}, as it was saved at {unsaved.clock(file.path.stat().st_mtime)}, "
            f"{', '.join(older)} is not what you last ran. {SAVE} If you have changed the cell since, run it first."
        )
        return
    (run or _run)(file)


def own_file(part: str, namespace: Mapping[str, Any]) -> LessonFile:
    """Return the kernel's own notebook: as Jupyter or VS Code names it, or the chapter's in the kernel's folder."""
    if "google.colab" in sys.modules:
        raise WrongFile("On Colab choose File, Download, Download .ipynb, and hand in that file.")
    if in_browser():
        raise WrongFile("In the browser choose File, Download, and hand in that file: a grader runs it anew.")
    for named in (os.environ.get("JPY_SESSION_NAME", ""), str(namespace.get("__vsc_ipynb_file__", ""))):
        if named.endswith(".ipynb") and Path(named).is_file():
            file = read(Path(named))
            if file.part != part:
                raise WrongFile(
                    f"{file.path.name} is a notebook of {CHAPTERS[file.part]}, and this cell is of {CHAPTERS[part]}: "
                    "paste your functions into the lesson that they belong to."
                )
            return file
    return find(part, Path.cwd())


def _namespace() -> Mapping[str, Any]:
    from IPython import get_ipython

    found: Mapping[str, Any] = getattr(get_ipython(), "user_ns", {})
    return found


def _run(file: LessonFile, with_predictions: bool = False) -> None:
    """Run the command in a process of its own, line by line: this kernel cannot wait for another one.

    A link to the zip follows where the notebook's folder is the kernel's, for students whose disk is a server's.
    """
    command = [sys.executable, "-m", "gradschool", "hand-in", str(file.path)]
    command += ["--with-predictions"] if with_predictions else []
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, encoding="utf-8", errors="replace"
    ) as process:
        for line in process.stdout or ():
            print(line, end="")
    zipped = Path(zip_name(file))
    if process.returncode == 0 and zipped.is_file() and file.path.parent.resolve() == Path.cwd().resolve():
        from IPython.display import FileLink, display

        display(FileLink(str(zipped), result_html_prefix="Download "))
