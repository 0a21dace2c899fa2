"""A crew runs notebooks: processes of this machine here, a cluster's workers in :mod:`grader.executors.dask`.

A crew is given submissions and hands back, for each one, the graded notebook or a sentence of trouble, in whatever
order they end. It writes nothing: the gradebook has one writer, :func:`grader.autograde.autograde`.
"""

from __future__ import annotations

import contextlib
import json
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Protocol

import nbformat
import psutil
from nbformat import NotebookNode

from grader.course import Chapter
from grader.errors import GraderError
from grader.execution import fork_client, grade_notebook
from grader.execution.notebook_run import TimeLimits
from grader.executors import process_context
from grader.sandbox import bubblewrap

KILLED_TWICE = (
    "The grading process was killed twice while it ran this (out of memory?): look at it, and grade it again."
)
MOST_READY = 100  # graded notebooks that may wait for the writer; each takes about a megabyte


@dataclass(frozen=True)
class Submission:
    """One student's file for one chapter; ``trouble`` says why it cannot even be tried."""

    student: str
    chapter: Chapter
    file: Path
    trouble: str = ""


Outcome = tuple[Submission, NotebookNode | str]


class Executor(Protocol):
    """Whoever runs notebooks."""

    def run(self, todo: Sequence[Submission], limits: TimeLimits | None = None) -> Iterator[Outcome]:
        """Each submission once, as it ends, with its graded notebook or a sentence of trouble."""


@dataclass(frozen=True)
class LocalExecutor:
    """Processes of this machine, ``jobs`` at once (default: :func:`grader.executors.process_context.default_jobs`).

    A process that dies costs nobody but the submission that it ran, and that one gets a second try, later and
    alone, when it cannot have died of the others' memory.
    """

    jobs: int | None = None

    def run(self, todo: Sequence[Submission], limits: TimeLimits | None = None) -> Iterator[Outcome]:
        """Each submission once, as it ends, with its graded notebook or a sentence of trouble."""
        bubblewrap.require()
        if not todo:
            return
        again = []
        with fork_client.shared_fork_server() as handle:
            for submission, outcome in _run_all(todo, self.jobs or process_context.default_jobs(), limits, handle):
                if outcome is None:
                    again.append(submission)
                else:
                    yield submission, outcome
            for submission, outcome in _run_all(again, 1, limits, handle):
                yield submission, KILLED_TWICE if outcome is None else outcome


def _run_all(
    todo: Sequence[Submission], jobs: int, limits: TimeLimits | None, handle: fork_client.ForkServerHandle | None
) -> Iterator[tuple[Submission, NotebookNode | str | None]]:
    """Run each once, in pools of one process; None for one whose process died.

    A free process gets its next submission before anything is handed on: it works while the writer writes.
    """
    waiting, ready = deque(todo), deque[tuple[Submission, NotebookNode | str | None]]()
    idle: list[ProcessPoolExecutor] = []
    busy: dict[Future[str], tuple[ProcessPoolExecutor, Submission]] = {}
    try:
        while waiting or busy or ready:
            while waiting and len(busy) < jobs and len(ready) < MOST_READY:
                pool, future = _given(idle, waiting[0], limits, handle)
                busy[future] = pool, waiting.popleft()
            done, _ = wait(busy, timeout=0 if ready else None, return_when=FIRST_COMPLETED)
            for future in done:
                pool, submission = busy.pop(future)
                ready.append((submission, _outcome_of(future)))
                idle.append(pool)
            if ready:
                yield ready.popleft()
    except BaseException:
        _kill_workers()
        raise
    finally:
        for pool in [*idle, *(pool for pool, _ in busy.values())]:
            pool.shutdown(cancel_futures=True)  # and wait: its thread, still closing, can trip the command's exit


def _given(
    idle: list[ProcessPoolExecutor],
    submission: Submission,
    limits: TimeLimits | None,
    handle: fork_client.ForkServerHandle | None,
) -> tuple[ProcessPoolExecutor, Future[str]]:
    """Give a submission to an idle process, or to a new one if none is left alive."""
    while idle:
        pool = idle.pop()
        with contextlib.suppress(BrokenProcessPool):
            return pool, pool.submit(_work, submission.file, submission.chapter, limits)
        pool.shutdown()
    pool = ProcessPoolExecutor(1, mp_context=process_context.context(), initializer=_worker, initargs=(handle,))
    return pool, pool.submit(_work, submission.file, submission.chapter, limits)


def _worker(handle: fork_client.ForkServerHandle | None) -> None:
    """A worker leaves Ctrl-C to the one who started it, and asks that one's fork server for kernels."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fork_client.fork_server_pool().shared = handle


def _kill_workers() -> None:
    """End every worker, with every kernel under it, at once."""
    for worker in active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(worker.pid).children(recursive=True), worker]:
                process.kill()


def _work(file: Path, chapter: Chapter, limits: TimeLimits | None) -> str:
    return serialize(grade_notebook.grade_notebook(file, chapter, limits))


def serialize(notebook: NotebookNode) -> str:
    """A graded notebook on its way to the writer: far quicker than nbformat's own form, which is for files."""
    return json.dumps(notebook)


def deserialize(text: str) -> NotebookNode:
    """The notebook that was packed."""
    return nbformat.from_dict(json.loads(text))


def _outcome_of(future: Future[str]) -> NotebookNode | str | None:
    try:
        return deserialize(future.result())
    except BrokenProcessPool:
        return None
    except Exception as error:
        return error_sentence(error)


def error_sentence(error: Exception) -> str:
    """What to tell the instructor of a submission that ended in an error: it must not stop the class."""
    if isinstance(error, GraderError):
        return str(error)
    return f"Grading failed with {type(error).__name__} ({str(error)[:200]}): please report this."
