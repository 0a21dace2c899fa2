"""Commands of `python -m grader` run in this process: what they print, and their exit status."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from grader.cli.main import main
from grader.course import CourseDirectory


def grader_here(*words: str, course: CourseDirectory, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in this course directory, as ``python -m grader`` would; importing all of it takes two seconds."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("GRADSCHOOL_WORK_DIR", str(course.work))
        patch.setenv("GRADSCHOOL_RELEASE", str(course.release))
        if course.db:
            patch.setenv("GRADSCHOOL_DB", str(course.db))
        patch.setattr(sys, "argv", ["grader", *words])
        if cwd is not None:
            patch.chdir(cwd)
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())
