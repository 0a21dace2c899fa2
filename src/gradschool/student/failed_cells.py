"""Why a name is not defined: the cell that should define it failed, or has not been run.

In a notebook one sees `NameError: name 'squash' is not defined` far below the cell whose own error is the cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradschool.core.interactive import is_interactive
from gradschool.student.hand_in.lesson_file import defined

DEFINES = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
MOST_TEXT = 300


class FailedCells:
    """What the cells of a session that failed should have defined, and how each ended.

    Parameters
    ----------
    say
        Prints a line below the cell.
    """

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self.say = say
        self.ended: dict[str, str] = {}  # name -> how the last cell ended that defines it, while that failed

    def after_cell(self, result: Any) -> None:
        """Look at a cell that has run: note how it ended, and explain a name that an earlier one left undefined.

        Parameters
        ----------
        result
            IPython's ``ExecutionResult``.
        """
        source = str(getattr(result.info, "raw_cell", None) or "")
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, NameError) and error.name in self.ended:
            self.say(
                f"{error.name} is not defined, since the cell that defines it ended in {self.ended[error.name]}. "
                "Mend that cell, run it, then run this one again."
            )
        names = defined(source) or set(DEFINES.findall(source))
        for name in names:
            if error is None:
                self.ended.pop(name, None)
            else:
                self.ended[name] = f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return (text or "").partition("\n")[0][:MOST_TEXT]


def watch(shell: Any = None) -> None:
    """Have IPython explain names that a failed cell left undefined; nothing where no person looks on.

    Parameters
    ----------
    shell
        An ``InteractiveShell``; by default the one that runs this, once.
    """
    if shell is None:
        if not is_interactive():
            return
        from IPython import get_ipython

        shell = get_ipython()
    if not any(isinstance(getattr(c, "__self__", None), FailedCells) for c in shell.events.callbacks["post_run_cell"]):
        shell.events.register("post_run_cell", FailedCells().after_cell)
