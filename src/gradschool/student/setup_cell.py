"""The first cell of a lesson: what the lessons need, in the versions that they need, also where others are installed.

On Colab much is preinstalled, and maybe too old. The cell there asks for the bounds of gradschool's own metadata; on
other machines it names the command that mends the installation.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from gradschool.check.check_log import STATE_VARIABLE
from gradschool.core.interactive import is_interactive
from gradschool.core.judge_messages import judge_address
from gradschool.core.without_torch import in_browser, stand_in_for_torch
from gradschool.student import failed_cells
from gradschool.student.packages import LESSONS_NEED, Need, needs, pip_install, shell_line

# Among the page's files: all else is gone when the page is closed. As text, since JupyterLite takes .jsonl for JSON.
KEPT_BY_BROWSER = "/drive/progress/progress.txt"
IN_BROWSER = (
    "Grad School runs in this page, without PyTorch. Cells and exercises that need it say so. Your work is kept by "
    "this browser alone: download a copy before you clear its data."
)
RESTART = "Restart the kernel now (on Colab: Runtime, Restart session), then run this cell again."


def complete(installed_now: bool = False, run: Callable[[Sequence[str]], int] = subprocess.call) -> None:
    """Install what the lessons need where it is missing or too old; say nothing where all is well.

    From then on a name that a failed cell left undefined is explained below the cell that asks for it.

    Parameters
    ----------
    installed_now
        Whether the cell has just installed gradschool without what it needs, as on Colab: then the rest is installed,
        too. Elsewhere the command is only named.
    run
        Runs a command, and returns its exit code.
    """
    if judge_address() is not None:
        return
    failed_cells.watch()
    if in_browser():
        _begin_in_browser()
        return
    lacking = [n for n in needs() if n.name in LESSONS_NEED and not n.fits]
    if not lacking:
        if installed_now:
            print("Grad School is installed.")
        import_torch()
        return
    for need in lacking:
        print(need.sentence)
    command = pip_install("-q", *(n.asked for n in lacking))
    if not installed_now and not _on_colab():
        if is_interactive():
            print(f"In a terminal, `{shell_line([sys.executable, '-m', 'gradschool', 'doctor', '--fix'])}` mends it.")
        return
    if run(command):
        print(f"That could not be installed; pip's own message stands above. The command was: {shell_line(command)}")
        return
    importlib.invalidate_caches()
    print(_afterwards(lacking))


def import_torch() -> None:
    """Import torch, as a lesson's next cell does, but without looking for garbage meanwhile: a quarter of its time.

    What an installation that is broken raises, it raises again in that cell, whose traceback shows the import.
    """
    if "torch" in sys.modules:
        return
    gc.disable()
    with suppress(Exception):
        importlib.import_module("torch")
    gc.freeze()  # what was imported stays to the end
    gc.enable()


def _begin_in_browser() -> None:
    """Give torch its stand-in, and keep the log of checks where JupyterLite keeps the notebooks."""
    stand_in_for_torch()
    os.environ.setdefault(STATE_VARIABLE, KEPT_BY_BROWSER)
    print(IN_BROWSER)


def _afterwards(installed: Sequence[Need]) -> str:
    """Say what was installed, and to restart if a kernel has an earlier version of it in use."""
    now = {n.name: n.version for n in needs()}
    what = ", ".join(f"{n.name} {now.get(n.name, '')}".strip() for n in installed)
    in_use = [n.name for n in installed if n.name in sys.modules]
    if in_use:
        return f"Installed {what}. This kernel still uses the earlier {', '.join(in_use)}. {RESTART}"
    return f"Installed {what}. Grad School is installed."


def _on_colab() -> bool:
    return "google.colab" in sys.modules
