"""A Dask cluster of real processes, and a class that is graded on it with a stand-in for the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from grader import sample_class
from grader.autograde import Result, autograde, submissions
from grader.course import ROOT, Chapter, CourseDirectory
from grader.executors.base import Executor

BIN = Path(sys.executable).parent


# Everything as it is but for the kernel, so that a class takes seconds. A student's first cell says what happens:
# how many points there are, whether the process that runs it dies, always or the first time.
QUICK = """
import os, signal, sys, time
sys.path.insert(0, {root!r})
os.environ["GRADSCHOOL_NO_FORK"] = "1"  # no fork server: there will be no kernel
from grader.execution import canary, notebook_run
from gradschool.core.report import Report

def run(self):
    text = self.notebook.cells[0].source
    with open("ran.log", "a") as log:
        log.write(text + "\\n")
    if "dies" in text or ("once" in text and open("ran.log").read().count(text) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.7)
    for e in self.bank.values():
        share = text.count("x") / 20
        self.reports[e.exercise.id] = Report(e.exercise.id, e.exercise.title, share, (), "", "", points=e.points)
    return self.reports

notebook_run.NotebookRun.run = run
canary.problem = lambda *_: ""  # there is no kernel to try
if __name__ == "__main__":
    from grader import autograde
    from grader.cli.main import main

    if "REVERSED" in os.environ:
        found = autograde.submissions
        autograde.submissions = lambda *which: found(*which)[::-1]
    main()
"""


Marks = dict[str, list[tuple[str, float | None]]]


PATIENCE = 45.0  # seconds; a quick notebook takes one, the first of a worker on a busy machine a dozen


CLASS = {f"student-{k}": "x" * (k + 1) for k in range(9)}  # no two have the same marks


def hand_in(course: CourseDirectory, chain: Chapter, texts: dict[str, str]) -> None:
    """A class whose first cells have these texts."""
    released = nbformat.read(course.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)
    for student, text in texts.items():
        mine = nbformat.from_dict(dict(released))
        mine.cells = [nbformat.v4.new_markdown_cell(text), *released.cells]
        sample_class.submit(course, chain, student, mine)


def marks(course: CourseDirectory, chain: Chapter) -> Marks:
    """Everybody's marks as the gradebook has them, each student once."""
    with Gradebook(course.db_url, "gradschool") as book:
        found = list(book.assignment_submissions(chain.assignment_id))
        assert len(found) == len({s.student_id for s in found})
        return {s.student_id: sorted((g.name, g.auto_score) for g in s.notebooks[0].grades) for s in found}


def grade_all(course: CourseDirectory, chain: Chapter, executor: Executor) -> dict[str, Result]:
    """Every result, by student; each student must come once."""
    found = list(autograde(course, submissions(course, [chain]), executor=executor))
    assert len(found) == len({r.student for r in found})
    return {r.student: r for r in found}


def run_quick(course: CourseDirectory, script: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    """Grade with the quick kernel, from the course directory's own folder."""
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release), **more}
    command = [sys.executable, str(script), "autograde", "chain", *words]
    return subprocess.Popen(
        command, cwd=course.work, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ran(*folders: Path) -> Counter[str]:
    """How often each text was run by what works in these folders."""
    logs = [f / "ran.log" for f in folders]
    return Counter(line for log in logs if log.is_file() for line in log.read_text().splitlines())


def until(holds: Callable[[], object], seconds: float = 600.0) -> None:
    """Wait until something holds; fail if it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _address(file: Path) -> str:
    """Return the address that a scheduler has written; "" while it has not written all of it."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError):
        return ""


class Cluster:
    """A scheduler and workers, each a process with its own folder, so that no disk is shared by accident."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "at.json")
        until(lambda: _address(folder / "scheduler" / "at.json"))
        self.address = _address(folder / "scheduler" / "at.json")

    def worker(self, name: str, *words: str, path: Path | None = ROOT) -> subprocess.Popen[bytes]:
        """Start a worker with one thread; ``path`` is where it finds the grader."""
        more = {"PYTHONPATH": str(path)} if path else {}
        return self._start("worker", self.address, "--nthreads", "1", *words, name=name, **more)

    def place(self, name: str) -> Path:
        """A worker's own folder."""
        return self.folder / name

    def _start(self, what: str, *words: str, name: str = "scheduler", **more: str) -> subprocess.Popen[bytes]:
        own = self.place(name)
        (own / "tmp").mkdir(parents=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRADSCHOOL_WORK_DIR"))}
        env = {**kept, "GRADSCHOOL_WORK_DIR": str(own / "work"), "TMPDIR": str(own / "tmp"), **more}
        with open(own / "log", "wb") as log:
            process = subprocess.Popen(
                [BIN / "dask", what, *words, "--no-dashboard"],
                cwd=own, env=env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End every process that was started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def keep(course: CourseDirectory, *students: str) -> None:
    """Leave only these in the class."""
    for folder in course.submitted.iterdir():
        if folder.name not in students:
            shutil.rmtree(folder)
