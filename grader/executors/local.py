"""The executor of one machine: notebooks run in processes of their own."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path

import psutil

from grader.bank.class_run import ClassRun, class_run
from grader.course import Chapter
from grader.errors import GraderError
from grader.execution import canary, fork_client
from grader.execution.config import ExecutionConfig
from grader.executors import process_context, worker
from grader.executors.base import (
    MOST_READY,
    PAUSE,
    Failed,
    Outcome,
    Reply,
    Submission,
    error_reply,
    outcome_of,
)

KILLED_TWICE = (
    "The grading process was killed twice while it ran this (out of memory?): look at it, and grade it again."
)


CANARY_KILLED = "the process that tried a kernel was killed (out of memory?); make room"


@dataclass(frozen=True)
class Shared:
    """What the workers of one run share: the fork server of their kernels, where there is one, and the class's run."""

    fork_server: fork_client.ForkServerHandle | None
    run: ClassRun


@dataclass(frozen=True)
class LocalExecutor:
    """Processes of this machine, ``jobs`` at once (default: :func:`grader.executors.process_context.default_jobs`).

    A process that dies costs only the submission that it ran, and that one gets a second try, later and
    alone, when it cannot have died of the others' memory.
    """

    jobs: int | None = None

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome | None]:
        """Yield the outcome of each submission once, as it ends, and None now and then while there is none."""
        config.require()
        if not todo:
            return
        again = []
        with (
            fork_client.shared_fork_server(config) as handle,
            tempfile.TemporaryDirectory(prefix="gradschool-run-") as folder,
        ):
            shared = Shared(handle, ClassRun(folder=Path(folder)))
            first = _start_with_canary({s.chapter: None for s in todo}, config, shared)
            jobs = self.jobs or process_context.default_jobs()
            for ended in _run_all(todo, jobs, config, shared, first):
                if ended and ended[1] is None:
                    again.append(ended[0])
                else:
                    yield ended and ended[1]
            for ended in _run_all(again, 1, config, shared):
                yield ended and (ended[1] or Failed(ended[0], KILLED_TWICE, grader_fault=True))


def _start_with_canary(chapters: Iterable[Chapter], config: ExecutionConfig, shared: Shared) -> ProcessPoolExecutor:
    """Start the first process, let it run the canary, and return it; raise GraderError if the canary fails."""
    pool = _new_process(config, shared)
    try:
        why = pool.submit(worker.canary_problem, list(chapters), config).result()
    except BrokenProcessPool:
        why = CANARY_KILLED
    except BaseException:
        _kill_workers()
        pool.shutdown(cancel_futures=True)
        raise
    if why:
        pool.shutdown()
        raise GraderError(canary.NOBODY.format(why=why))
    return pool


def _run_all(
    todo: Sequence[Submission],
    jobs: int,
    config: ExecutionConfig,
    shared: Shared,
    *idle_processes: ProcessPoolExecutor,
) -> Iterator[tuple[Submission, Outcome | None] | None]:
    """Run each submission once, in pools of one process; its outcome is None if its process died.

    A free process gets its next submission before any outcome is yielded: it works while the writer writes. While
    nothing has ended, None is yielded now and then, so that the writer need not hold back what it has.
    """
    waiting, ready = deque(todo), deque[tuple[Submission, Outcome | None]]()
    idle = list(idle_processes)
    busy: dict[Future[Reply], tuple[ProcessPoolExecutor, Submission]] = {}
    try:
        while waiting or busy or ready:
            while waiting and len(busy) < jobs and len(ready) < MOST_READY:
                pool, future = _submit(idle, waiting[0], config, shared)
                busy[future] = pool, waiting.popleft()
            done, _ = wait(busy, timeout=0 if ready else PAUSE, return_when=FIRST_COMPLETED)
            for future in done:
                pool, submission = busy.pop(future)
                ready.append((submission, _outcome_of(submission, future)))
                idle.append(pool)
            yield ready.popleft() if ready else None
    except BaseException:
        _kill_workers()
        raise
    finally:
        for pool in [*idle, *(pool for pool, _ in busy.values())]:
            pool.shutdown(cancel_futures=True)  # and wait: its thread, still closing, can trip the command's exit


def _submit(
    idle: list[ProcessPoolExecutor],
    submission: Submission,
    config: ExecutionConfig,
    shared: Shared,
) -> tuple[ProcessPoolExecutor, Future[Reply]]:
    """Give a submission to an idle process, or to a new one if none is left alive."""
    task = submission.file, submission.chapter, config
    while idle:
        pool = idle.pop()
        with contextlib.suppress(BrokenProcessPool):
            return pool, pool.submit(worker.grade_submission, *task)
        pool.shutdown()
    pool = _new_process(config, shared)
    return pool, pool.submit(worker.grade_submission, *task)


def _new_process(config: ExecutionConfig, shared: Shared) -> ProcessPoolExecutor:
    context = process_context.context(config.fork, config.optimizers)
    return ProcessPoolExecutor(1, mp_context=context, initializer=_start_worker, initargs=(shared,))


def _start_worker(shared: Shared) -> None:
    """Leave Ctrl-C to the process that started this worker, end with it, and ask its fork server for kernels."""
    process_context.end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fork_client.fork_server_pool().shared = shared.fork_server
    class_run().join(shared.run)


def _kill_workers() -> None:
    """End every worker, with every kernel under it, at once."""
    for child in active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(child.pid).children(recursive=True), child]:
                process.kill()


def _outcome_of(submission: Submission, future: Future[Reply]) -> Outcome | None:
    """Return what came of a submission; None if the process that ran it died."""
    try:
        return outcome_of(submission, future.result())
    except BrokenProcessPool:
        return None
    except Exception as error:
        return outcome_of(submission, error_reply(error))
