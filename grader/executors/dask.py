"""A crew on other machines: the workers of a Dask cluster, reached through its scheduler's address.

Submissions travel as bytes and graded notebooks come back as text, so no disk is shared. What runs on a worker is
sent as a function by value and looks for the grader only there: the scheduler needs Dask alone.

Who gets what is decided here and not by the scheduler: one submission for each free thread of a worker, and no
queue behind it. So it is known how long each one has been under way and who had it, and a worker that dies or hangs
costs its submission a second try with another worker. A submission is under way at most once at a time, and an
answer that comes after it was given up counts for nothing: nothing is entered twice.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import json
import logging
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from grader.errors import GraderError
from grader.execution.notebook_run import TimeLimits
from grader.executors.dask_task import OFF, worker_fingerprint
from grader.executors.local import MOST_READY, Outcome, Submission, deserialize
from grader.notebooks import reader
from grader.sandbox import bubblewrap

TRIES = 2
CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)  # Dask's is one of them, by its version
ASKING = 120.0  # seconds for a worker to say what it has; it may import everything for the first time


def _there(name: str) -> Callable[..., Any]:
    """A function of :mod:`grader.executors.dask_task` that is looked for only when it is called, on the worker."""

    def call(*args: Any) -> Any:
        from importlib import import_module

        return getattr(import_module("grader.executors.dask_task"), name)(*args)

    return call


@dataclass(frozen=True)
class DaskExecutor:
    """The workers behind ``address``: tcp://HOST:PORT, tls://HOST:PORT or a scheduler file (.json).

    In place of an address it takes a function that returns a connected ``distributed.Client``. ``patience`` is how
    many seconds a submission may be under way before its worker is taken to hang (by default a little more than the
    limits allow any notebook); ``wait`` how long to wait while there is no worker at all. ``warn`` is told, in a
    sentence, of workers that are not used.
    """

    address: str | Callable[[], Any]
    warn: Callable[[str], None] = print
    patience: float | None = None
    wait: float = 60.0

    def run(self, todo: Sequence[Submission], limits: TimeLimits | None = None) -> Iterator[Outcome]:
        """Each submission once, as it ends, with its graded notebook or a sentence of trouble."""
        if not todo:
            return
        limits = limits or TimeLimits()
        longest = limits.notebook + 2 * limits.locked + 60
        client = _connected(self.address)
        try:
            yield from _DaskRun(client, limits, self.patience or longest, self.wait, self.warn).run(todo)
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)


def _connected(address: str | Callable[[], Any]) -> Any:
    """A client of the scheduler at this address; Trouble if there is none."""
    try:
        import distributed
    except ImportError:
        raise GraderError("Grading on a cluster needs Dask: `python -m pip install -e '.[cluster]'`.") from None
    for name in [n for n in logging.root.manager.loggerDict if n.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it is said here, in one sentence
    if not isinstance(address, str):
        return address()
    try:
        is_file = address.endswith(".json")  # Dask itself would wait for the file without end
        at = json.loads(Path(address).read_text())["address"] if is_file else address
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared below
            return distributed.Client(at, timeout=10, set_as_default=False)
    except Exception as error:  # of many kinds: no such host, nobody listens, no certificate, not Dask
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
        raise GraderError(f"There is no Dask scheduler to talk to at {address} ({why}).") from error


@dataclass(eq=False)
class _Task:
    """Something that a worker is doing: a submission, or (without one) saying what it has."""

    address: str
    until: float
    future: Any
    submission: Submission | None = None
    tries: int = 0


@dataclass
class _DaskRun:
    """One run on a cluster."""

    client: Any
    limits: TimeLimits
    patience: float
    wait: float
    warn: Callable[[str], None]
    ours: dict[str, str] = field(
        default_factory=lambda: {k: v for k, v in worker_fingerprint().items() if k != "walls"}
    )
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

    def run(self, todo: Sequence[Submission]) -> Iterator[Outcome]:
        """Hand out, hear, hand on; a free worker gets its next submission before anything is handed on."""
        self.waiting.extend((s, 0) for s in todo)
        try:
            while self.waiting or self.ready or any(e.submission for e in self.tasks.values()):
                self._poll_workers()
                self._submit_pending()
                self._collect_results(0.0 if self.ready else 0.2)
                self._submit_pending()
                if self.ready:
                    yield self.ready.popleft()
        finally:
            self._cancel_all()

    def _poll_workers(self) -> None:
        """Once a second: who has come, who has gone, who hangs, and whether anybody is left."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 1.0
        try:
            workers = dict(self.client.nthreads())
        except Exception as error:
            raise GraderError("The scheduler is gone. What was entered stays; run the same command again.") from error
        for address in self.present.keys() - workers.keys():
            self._without(address, "died")
        for address in workers.keys() - self.present.keys():
            self._send(_there("worker_fingerprint"), (), _Task(address, now + ASKING, None))
        self.present = workers
        for address in {e.address for e in self.tasks.values() if e.until < now}:
            self._refuse(address, "it hangs")
            self._without(address, "hung")
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

    def _without(self, address: str, what: str) -> None:
        """Give up on a worker: what it had goes to another one."""
        self.free_slots.pop(address, None)
        for key in [k for k, e in self.tasks.items() if e.address == address]:
            self._retry_or_fail(self.tasks.pop(key), f"The worker that ran this {what}")

    def _retry_or_fail(self, task: _Task, why: str) -> None:
        task.future.release()
        if task.submission is None:
            return
        if task.tries + 1 < TRIES:
            self.waiting.append((task.submission, task.tries + 1))
        else:
            self.ready.append((task.submission, f"{why}, for the second time: look at it, and grade it again."))

    def _refuse(self, address: str, why: str) -> None:
        """Use a worker no more, and say so once for each reason."""
        if why not in self.refused.values():
            self.warn(f"The worker at {address} is not used, nor is any other like it: {why}.")
        self.refused[address] = why

    def _submit_pending(self) -> None:
        """Something for every free thread, unless so much is waiting for the writer that memory would fill up."""
        while self.waiting and len(self.ready) < MOST_READY:
            free = next((a for a, n in self.free_slots.items() if n > 0), None)
            if free is None:
                return
            submission, tries = self.waiting.popleft()
            try:
                with open(submission.file, "rb") as file:
                    data = file.read(reader.MOST_BYTES + 1)  # one more than may be is enough to be refused there
            except OSError as error:
                self.ready.append((submission, f"{submission.file.name} cannot be opened ({error.strerror})."))
                continue
            self.free_slots[free] -= 1
            task = _Task(free, time.monotonic() + self.patience, None, submission, tries)
            self._send(_there("grade_bytes"), (data, submission.chapter.assignment_id, asdict(self.limits)), task)

    def _send(self, function: Callable[..., Any], args: tuple[Any, ...], task: _Task) -> None:
        """Give a worker, and nobody else, something to do. The key is new each time: no answer of another run."""
        key = f"gradschool-{id(self)}-{time.time_ns()}-{next(self.numbers)}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a submission is large
            task.future = self.client.submit(
                function, *args, key=key, workers=[task.address], allow_other_workers=False, pure=False
            )
        self.tasks[key] = task
        task.future.add_done_callback(lambda future: self._fetch_soon(key, future))

    def _fetch_soon(self, key: str, future: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the shift is over, and nobody fetches any more
            self.fetchers.submit(self._fetch, key, future)

    def _fetch(self, key: str, future: Any) -> None:
        """In a thread of its own: a worker that hangs with its answer in its hands keeps nobody else waiting."""
        try:
            value = future.result(timeout=60)
            if isinstance(value, tuple) and value[0]:
                value = deserialize(value[1])
        except (Exception, *CANCELLED) as error:
            value = error
        self.results.put((key, value))

    def _collect_results(self, seconds: float) -> None:
        """Take in the answers that have come, waiting so long for the first one."""
        with contextlib.suppress(Empty):
            key, value = self.results.get(timeout=seconds) if seconds else self.results.get_nowait()
            while True:
                task = self.tasks.pop(key, None)
                if task and isinstance(value, CANCELLED):
                    self._put_back(task)
                elif task and task.submission:
                    self._take(task, value)
                elif task:
                    self._accept_worker(task, value)
                key, value = self.results.get_nowait()

    def _put_back(self, task: _Task) -> None:
        """The scheduler has dropped it, which is nobody's fault: as if it had not been handed out, and a look."""
        self.next_look = 0.0
        if task.submission:
            self.waiting.appendleft((task.submission, task.tries))
        self.free_slots.pop(task.address, None)
        self.present.pop(task.address, None)  # it is asked again, if it is still there

    def _take(self, task: _Task, value: Any) -> None:
        """An answer to a submission: a notebook, (False, trouble), or the error that kept it from coming."""
        if task.address in self.free_slots:
            self.free_slots[task.address] += 1
        if isinstance(value, BaseException):
            return self._retry_or_fail(task, f"The worker that ran this failed ({type(value).__name__})")
        task.future.release()
        assert task.submission
        return self.ready.append((task.submission, value[1] if isinstance(value, tuple) else value))

    def _accept_worker(self, task: _Task, value: Any) -> None:
        """A worker has said what it has: use it if that is what is here."""
        task.future.release()
        if why := self._mismatch(value):
            self._refuse(task.address, why)
        elif task.address in self.present:
            self.free_slots[task.address] = self.present[task.address]

    def _mismatch(self, theirs: Any) -> str:
        """Why a worker cannot be used; "" if it can."""
        if isinstance(theirs, ImportError):
            return f"it has no grader ({theirs}); start it with PYTHONPATH set to a checkout"
        if not isinstance(theirs, dict):
            return f"it did not say what it has ({type(theirs).__name__}: {str(theirs)[:150]})"
        for name, mine in self.ours.items():
            if theirs.get(name) != mine:
                return f"its {name} is {theirs.get(name)}, here it is {mine}; give both the same and start it again"
        if theirs["walls"] == OFF:
            return (
                "" if bubblewrap.is_off() else "it runs students' code without a sandbox; say --unsandboxed to allow it"
            )
        return theirs["walls"].rstrip(".")

    def _cancel_all(self) -> None:
        """Nothing more is wanted. A notebook that is running ends on its worker, and nobody looks at it."""
        self.fetchers.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Exception):
            self.client.cancel([e.future for e in self.tasks.values()], force=True)
        self.tasks.clear()
