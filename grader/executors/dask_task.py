"""What a cluster's worker does for :mod:`grader.executors.dask`: it says what it has, and grades bytes.

Only plain values come and go, so that the scheduler in between needs no grader to read them. Whether kernels are
sandboxed and forked is decided by the environment in which the worker was started; the limits come with the bytes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from grader.course import chapter, chapters
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.executors import worker
from grader.executors.base import Reply, error_reply
from grader.results import grader_version
from grader.sandbox import bubblewrap
from grader.settings import Settings

LIBRARIES = ("numpy", "torch", "gymnasium")
SANDBOX = "sandbox"  # what of a worker's fingerprint need not be the same here and there: its sandbox's state,
OFF = "off"
CANARY = "canary"  # and what a canary found there, which should be nothing


def grading_fingerprint() -> dict[str, str]:
    """Return what must be the same here and on a worker for the marks to be the same, by name."""
    numbers = {name: version(name).partition("+")[0] for name in LIBRARIES}
    graders = {f"grader of {c.assignment_id}": grader_version(c) for c in chapters()}
    return {**graders, "python": f"{sys.version_info[0]}.{sys.version_info[1]}", **numbers}


def worker_fingerprint(names: Sequence[str] = (), wanted: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the grading fingerprint of this worker, and what is wrong with its sandbox and its kernels.

    The sandbox's entry is "off", a sentence, or "". A canary has run for each of the chapters in ``names``, unless the
    worker will not be used anyhow: its fingerprint is not the one that is ``wanted``.
    """
    own = grading_fingerprint()
    settings = Settings.from_env()
    sandbox = bubblewrap.unavailable(settings.work_dir) if settings.sandbox else OFF
    bad = sandbox not in ("", OFF) or own != (own if wanted is None else wanted)
    trouble = "" if bad else worker.canary_problem([chapter(n) for n in names], ExecutionConfig.from_settings(settings))
    return {**own, SANDBOX: sandbox, CANARY: trouble}


def grade_bytes(data: bytes, name: str, limits: dict[str, Any]) -> Reply:
    """Grade a submission's bytes, and return the graded notebook as text or why there is none."""
    try:
        found = chapter(name)
        config = ExecutionConfig.from_settings(Settings.from_env(), TimeLimits.from_dict(limits))
        with tempfile.TemporaryDirectory(prefix="submission-") as folder:
            file = Path(folder) / f"{found.notebook}.ipynb"
            file.write_bytes(data)
            return worker.grade_submission(file, found, config)
    except Exception as error:
        return error_reply(error)
