"""The environment's settings, read in one place: folders, the gradebook's address, and how kernels start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.course import ROOT, CourseDirectory

WORK_DIR_VARIABLE = "GRADSCHOOL_WORK_DIR"
RELEASE_VARIABLE = "GRADSCHOOL_RELEASE"
DB_VARIABLE = "GRADSCHOOL_DB"
UNSANDBOXED_VARIABLE = "GRADSCHOOL_UNSANDBOXED"
NO_FORK_VARIABLE = "GRADSCHOOL_NO_FORK"
LMS_TOKEN_VARIABLES = {"canvas": "GRADSCHOOL_CANVAS_TOKEN", "moodle": "GRADSCHOOL_MOODLE_TOKEN"}
OLD_NAMES = {WORK_DIR_VARIABLE: "GRADSCHOOL_WORK", NO_FORK_VARIABLE: "GRADSCHOOL_COLD"}  # honored for one version


@dataclass(frozen=True)
class Settings:
    """What the environment of a command, of plain nbgrader or of a Dask worker says.

    ``db`` is the gradebook's address, a secret where it holds a password; "" means SQLite in ``work_dir``.
    """

    work_dir: Path
    release_dir: Path
    db: str = field(default="", repr=False)
    sandbox: bool = True
    fork: bool = True

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from these variables, by default from the process's environment.

        Without variables the folders are ``build/`` and ``course/`` of the checkout.
        """
        given = os.environ if environ is None else environ
        return cls(
            work_dir=Path(_value(given, WORK_DIR_VARIABLE) or ROOT / "build").resolve(),
            release_dir=Path(_value(given, RELEASE_VARIABLE) or ROOT / "course").resolve(),
            db=_value(given, DB_VARIABLE),
            sandbox=_value(given, UNSANDBOXED_VARIABLE) in ("", "0"),
            fork=_value(given, NO_FORK_VARIABLE) in ("", "0"),
        )

    def course_directory(self, db: str | None = None) -> CourseDirectory:
        """Return the class's folders; ``db`` is another gradebook than the environment's."""
        return CourseDirectory(self.work_dir, self.release_dir, db or self.db)


def lms_token(kind: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the token of an LMS that the environment holds, or ""; a secret, so it is no field of the settings."""
    return _value(os.environ if environ is None else environ, LMS_TOKEN_VARIABLES[kind])


def _value(environ: Mapping[str, str], name: str) -> str:
    """Return a variable's value, or that of its old name, or ""."""
    return environ.get(name) or environ.get(OLD_NAMES.get(name, ""), "")
