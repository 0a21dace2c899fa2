"""One run on a Dask cluster: which worker gets which submission, and what happens when a worker dies or hangs.

Who gets what is decided here and not by the scheduler: one submission for each free thread of a worker, and no
queue behind it. So it is known how long each one has been running and on which worker, and a worker that dies or hangs
costs its submission a second try with another worker. A submission runs at most once at a time, and an
answer that comes after it was given up counts for nothing: nothing is entered twice.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.executors.base import MOST_READY, PAUSE, Failed, Graded, Outcome, Submission, outcome_of
from grader.executors.dask_task import CANARY, OFF, SANDBOX, grading_fingerprint
from grader.notebooks.reader import MOST_BYTES

TRIES = 2
CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)  # Dask's is one of them, by its version
ASKING = 120.0  # seconds for a worker to say what it has; it may import everything for the first time


def _on_worker(name: str) -> Callable[..., Any]:
    """Return a function of :mod:`grader.executors.dask_task` that is imported only when it is called, on the worker."""

    def call(*args: Any) -> Any:
        from importlib import import_module

        return getattr(import_module("grader.executors.dask_task"), name)(*args)

    return call


@dataclass(eq=False)
class _Task:
    """Something that a worker is doing: grading a submission, or (without one) giving its fingerprint."""

    address: str
    until: float
    future: Any
    submission: Submission | None = None
    tries: int = 0


@dataclass
class DaskRun:
    """One run on a cluster, with the submissions that wait, run and have ended."""

    client: Any
    config: ExecutionConfig
    patience: float
    wait: float
    warn: Callable[[str], None]
    chapters: list[str] = field(default_factory=list)  # whose canary a worker runs first
    ours: dict[str, str] = field(default_factory=grading_fingerprint)
    waiting: deque[tuple[Submission, int]] = field(default_factory=deque)  # with how often it was tried
    ready: deque[Outcome] = field(default_factory=deque)
    present: dict[str, int] = field(default_factory=dict)  # every worker with its threads
    free_slots: dict[str, int] = field(default_factory=dict)  # the free threads of each worker that is used
    refused: dict[str, str] = field(default_factory=dict)  # why a worker is not used
    tasks: dict[str, _Task] = field(default_factory=dict)
    results: SimpleQueue[tuple[str, Any]] = field(default_factory=SimpleQueue)
    fetchers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "fetch"))
    numbers: Iterator[int] = field(default_factory=itertools.count)
    next_look: float = 0.0
    idle_since: float = field(default_factory=time.monotonic)

    def run(self, todo: Sequence[Submission]) -> Iterator[Outcome | None]:
        """Yield each outcome as it comes; a free worker gets its next submission before anything is yielded.

        While nothing has ended, None is yielded now and then.
        """
        self.waiting.extend((s, 0) for s in todo)
        self.chapters = sorted({s.chapter.assignment_id for s in todo})
        try:
            while self.waiting or self.ready or any(t.submission for t in self.tasks.values()):
                self._poll_workers()
                self._submit_pending()
                self._collect_results(0.0 if self.ready else PAUSE)
                self._submit_pending()
                yield self.ready.popleft() if self.ready else None
        finally:
            self._cancel_all()

    def _poll_workers(self) -> None:
        """Once a second, see which workers have come, gone or hang, and whether any is left."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 1.0
        try:
            workers = dict(self.client.nthreads())
        except Exception as error:
            raise GraderError("The scheduler is gone. What was entered stays; run the same command again.") from error
        for address in self.present.keys() - workers.keys():
            self._drop_worker(address, "died")
        for address in workers.keys() - self.present.keys():
            ask = partial(_on_worker("worker_fingerprint"), self.chapters, self.ours)
            self._send(ask, (), _Task(address, now + ASKING, None))
        self.present = workers
        for address in {t.address for t in self.tasks.values() if t.until < now}:
            self._refuse(address, "it hangs")
            self._drop_worker(address, "hung")
        self._require_workers(now)

    def _require_workers(self, now: float) -> None:
        if self.free_slots or self.tasks or self.ready:
            self.idle_since = now
        elif self.present and all(a in self.refused for a in self.present) and "it hangs" not in self.refused.values():
            raise GraderError(f"No worker can be used: {next(iter(self.refused.values()))}.")
        elif now - self.idle_since > self.wait:
            raise GraderError(
                f"The scheduler has had no worker to give work to for {self.wait:g} s. "
                "What was entered stays; start workers and run the same command again."
            )

    def _drop_worker(self, address: str, what: str) -> None:
        """Give up on a worker: what it ran goes to another one."""
        self.free_slots.pop(address, None)
        for key in [k for k, t in self.tasks.items() if t.address == address]:
            self._retry_or_fail(self.tasks.pop(key), f"The worker that ran this {what}")

    def _retry_or_fail(self, task: _Task, why: str) -> None:
        task.future.release()
        if task.submission is None:
            return
        if task.tries + 1 < TRIES:
            self.waiting.append((task.submission, task.tries + 1))
        else:
            reason = f"{why}, for the second time: look at it, and grade it again."
            self.ready.append(Failed(task.submission, reason, grader_fault=True))

    def _refuse(self, address: str, why: str) -> None:
        """Stop using a worker, and say so once for each reason."""
        if why not in self.refused.values():
            self.warn(f"The worker at {address} is not used, nor is any other like it: {why}.")
        self.refused[address] = why

    def _submit_pending(self) -> None:
        """Give every free thread something, unless so much is waiting for the writer that memory would fill up."""
        while self.waiting and len(self.ready) < MOST_READY:
            free = next((a for a, n in self.free_slots.items() if n > 0), None)
            if free is None:
                return
            submission, tries = self.waiting.popleft()
            try:
                with open(submission.file, "rb") as file:
                    data = file.read(MOST_BYTES + 1)  # one more than may be is enough to be refused there
            except OSError as error:
                self.ready.append(Failed(submission, f"{submission.file.name} cannot be opened ({error.strerror})."))
                continue
            self.free_slots[free] -= 1
            task = _Task(free, time.monotonic() + self.patience, None, submission, tries)
            self._send(
                _on_worker("grade_bytes"), (data, submission.chapter.assignment_id, asdict(self.config.limits)), task
            )

    def _send(self, function: Callable[..., Any], args: tuple[Any, ...], task: _Task) -> None:
        """Give a worker, and no other, something to do. The key is new each time: no answer of another run has it."""
        key = f"gradschool-{id(self)}-{time.time_ns()}-{next(self.numbers)}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a submission is large
            task.future = self.client.submit(
                function, *args, key=key, workers=[task.address], allow_other_workers=False, pure=False
            )
        self.tasks[key] = task
        task.future.add_done_callback(lambda future: self._fetch_soon(key, task, future))

    def _fetch_soon(self, key: str, task: _Task, future: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the run is over, and nobody fetches any more
            self.fetchers.submit(self._fetch, key, task, future)

    def _fetch(self, key: str, task: _Task, future: Any) -> None:
        """Fetch an answer, in a thread of its own: a worker that hangs while it sends keeps nobody else waiting."""
        try:
            value = future.result(timeout=60)
            if task.submission:
                value = outcome_of(task.submission, value)
        except (Exception, *CANCELLED) as error:
            value = error
        self.results.put((key, value))

    def _collect_results(self, seconds: float) -> None:
        """Handle the answers that have come, waiting so long for the first one."""
        with contextlib.suppress(Empty):
            key, value = self.results.get(timeout=seconds) if seconds else self.results.get_nowait()
            while True:
                task = self.tasks.pop(key, None)
                if task and isinstance(value, CANCELLED):
                    self._put_back(task)
                elif task and task.submission:
                    self._finish(task, value)
                elif task:
                    self._accept_worker(task, value)
                key, value = self.results.get_nowait()

    def _put_back(self, task: _Task) -> None:
        """Put back what the scheduler has dropped, which is nobody's fault, as if it had not been submitted."""
        self.next_look = 0.0
        if task.submission:
            self.waiting.appendleft((task.submission, task.tries))
        self.free_slots.pop(task.address, None)
        self.present.pop(task.address, None)  # it is asked again, if it is still there

    def _finish(self, task: _Task, value: Outcome | BaseException) -> None:
        """Handle the answer about a submission: its outcome, or the error that kept it from coming."""
        if task.address in self.free_slots:
            self.free_slots[task.address] += 1
        if not isinstance(value, Graded | Failed):
            return self._retry_or_fail(task, f"The worker that ran this failed ({type(value).__name__})")
        task.future.release()
        return self.ready.append(value)

    def _accept_worker(self, task: _Task, value: Any) -> None:
        """Use a worker if its fingerprint is the one that is needed."""
        task.future.release()
        if why := self._mismatch(value):
            self._refuse(task.address, why)
        elif task.address in self.present:
            self.free_slots[task.address] = self.present[task.address]

    def _mismatch(self, theirs: Any) -> str:
        """Return why a worker cannot be used; "" if it can."""
        if isinstance(theirs, ImportError):
            return f"it has no grader ({theirs}); start it with PYTHONPATH set to a checkout"
        if not isinstance(theirs, dict):
            return f"it did not say what it has ({type(theirs).__name__}: {str(theirs)[:150]})"
        for name, mine in self.ours.items():
            if theirs.get(name) != mine:
                return f"its {name} is {theirs.get(name)}, here it is {mine}; give both the same and start it again"
        if theirs[SANDBOX] == OFF and self.config.sandbox:
            return "it runs students' code without a sandbox; say --unsandboxed to allow it"
        if theirs[SANDBOX] not in ("", OFF):
            return str(theirs[SANDBOX].rstrip("."))
        return str(theirs[CANARY])

    def _cancel_all(self) -> None:
        """Cancel everything. A notebook that is running ends on its worker, and nobody looks at it."""
        self.fetchers.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Exception):
            self.client.cancel([t.future for t in self.tasks.values()], force=True)
        self.tasks.clear()
