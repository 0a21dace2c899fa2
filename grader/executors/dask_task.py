"""What a cluster's worker does for :mod:`grader.executors.dask`: it says what it has, and grades bytes.

Only plain values come and go, so that the scheduler in between needs no grader to read them.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from grader.course import chapter, chapters
from grader.execution import grade_notebook
from grader.execution.notebook_run import TimeLimits
from grader.executors.local import error_sentence, serialize
from grader.results import grader_version
from grader.sandbox import bubblewrap
from grader.sandbox.bubblewrap import ResourceLimits

LIBRARIES = ("numpy", "torch", "gymnasium")
OFF = "off"


def worker_fingerprint() -> dict[str, str]:
    """What must be the same here and there for the marks to be the same, by name; and the worker's ``walls``."""
    numbers = {name: version(name).partition("+")[0] for name in LIBRARIES}
    graders = {f"grader of {c.assignment_id}": grader_version(c) for c in chapters()}
    resources = OFF if bubblewrap.is_off() else bubblewrap.unavailable()
    return {**graders, "python": f"{sys.version_info[0]}.{sys.version_info[1]}", **numbers, "walls": resources}


def grade_bytes(data: bytes, name: str, limits: dict[str, Any]) -> tuple[bool, str]:
    """Grade a submission's bytes: True and the graded notebook, packed, or False and a sentence of trouble."""
    try:
        found = chapter(name)
        with tempfile.TemporaryDirectory(prefix="submission-") as folder:
            file = Path(folder) / f"{found.notebook}.ipynb"
            file.write_bytes(data)
            resources = ResourceLimits(**limits["walls"])
            return True, serialize(
                grade_notebook.grade_notebook(file, found, TimeLimits(**{**limits, "walls": resources}))
            )
    except Exception as error:
        return False, error_sentence(error)
