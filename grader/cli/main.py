"""The instructor's commands: each shows its progress, and reports an error in one sentence."""

from __future__ import annotations

import errno
import logging
import sys
import warnings

from grader.cli import (
    build,
    desk,
    gradebook,
    grading,
    lms,
    lms_api,
    new_exercise,
    others,
    questions,
    trying,
    verify,
)  # each adds its commands to the application
from grader.cli.common import app, printable
from grader.errors import GraderError, Interrupted

__all__ = [
    "app",
    "build",
    "desk",
    "gradebook",
    "grading",
    "lms",
    "lms_api",
    "main",
    "new_exercise",
    "others",
    "questions",
    "trying",
    "verify",
]


UNIX_ONLY = ("fcntl", "grp", "pwd", "resource", "termios")  # modules that Windows lacks


def main() -> None:
    """Run a command; an error that the user can fix becomes one sentence on stderr and exit status 1."""
    warnings.filterwarnings("ignore", module="nbgrader")  # its own, of SQLAlchemy's newer ways
    try:
        logging.getLogger("tornado.application").addHandler(logging.NullHandler())  # nbgrader's gradebook writes there
        app()
    except GraderError as error:
        print(f"grader: {printable(str(error))}", file=sys.stderr)
        sys.exit(130 if isinstance(error, Interrupted) else 1)
    except ModuleNotFoundError as error:
        if error.name not in UNIX_ONLY:
            raise
        print(f"grader: this command needs Linux or macOS (it uses {error.name}).", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"grader: {printable(_system_error(error))}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not type(error).__module__.startswith(("sqlalchemy", "nbgrader", "sqlite3")):
            raise
        why = next((w for w in ("database is locked", "disk is full", "disk I/O error") if w in str(error)), "")
        why = why or str(error).strip().splitlines()[0][:200]
        print(f"grader: The gradebook does not answer ({why}). Fix it and run again.", file=sys.stderr)
        sys.exit(1)


def _system_error(error: OSError) -> str:
    """Return what the system refused and where, and what to do about it."""
    what = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full ({what}): make room and run again, nothing that was graded is lost."
    return f"{what}. Fix it and run again."
