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

from grader.course import Trouble
from grader.execution import grade_notebook
from grader.execution.notebook_run import Limits
from grader.executors.dask_task import OFF, facts
from grader.executors.local import MOST_READY, Outcome, Submission, unpacked
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
class ClusterCrew:
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

    def run(self, todo: Sequence[Submission], limits: Limits | None = None) -> Iterator[Outcome]:
        """Each submission once, as it ends, with its graded notebook or a sentence of trouble."""
        if not todo:
            return
        limits = limits or Limits()
        longest = limits.notebook + 2 * limits.locked + 60
        client = _connected(self.address)
        try:
            yield from _Shift(client, limits, self.patience or longest, self.wait, self.warn).run(todo)
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)


def _connected(address: str | Callable[[], Any]) -> Any:
    """A client of the scheduler at this address; Trouble if there is none."""
    try:
        import distributed
    except ImportError:
        raise Trouble("Grading on a cluster needs Dask: `python -m pip install -e '.[cluster]'`.") from None
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
        raise Trouble(f"There is no Dask scheduler to talk to at {address} ({why}).") from error


@dataclass(eq=False)
class _Errand:
    """Something that a worker is doing: a submission, or (without one) saying what it has."""

    address: str
    until: float
    future: Any
    submission: Submission | None = None
    tries: int = 0


@dataclass
class _Shift:
    """One run on a cluster."""

    client: Any
    limits: Limits
    patience: float
    wait: float
    warn: Callable[[str], None]
    ours: dict[str, str] = field(default_factory=lambda: {k: v for k, v in facts().items() if k != "walls"})
    waiting: deque[tuple[Submission, int]] = field(default_factory=deque)  # with how often it was tried
    ready: deque[Outcome] = field(default_factory=deque)
    present: dict[str, int] = field(default_factory=dict)  # every worker with its threads
    seats: dict[str, int] = field(default_factory=dict)  # the free threads of each worker that is used
    refused: dict[str, str] = field(default_factory=dict)  # why a worker is not used
    errands: dict[str, _Errand] = field(default_factory=dict)
    news: SimpleQueue[tuple[str, Any]] = field(default_factory=SimpleQueue)
    fetchers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "fetch"))
    numbers: Iterator[int] = field(default_factory=itertools.count)
    next_look: float = 0.0
    idle_since: float = field(default_factory=time.monotonic)

    def run(self, todo: Sequence[Submission]) -> Iterator[Outcome]:
        """Hand out, hear, hand on; a free worker gets its next submission before anything is handed on."""
        self.waiting.extend((s, 0) for s in todo)
        try:
            while self.waiting or self.ready or any(e.submission for e in self.errands.values()):
                self._look()
                self._hand_out()
                self._hear(0.0 if self.ready else 0.2)
                self._hand_out()
                if self.ready:
                    yield self.ready.popleft()
        finally:
            self._call_off()

    def _look(self) -> None:
        """Once a second: who has come, who has gone, who hangs, and whether anybody is left."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 1.0
        try:
            workers = dict(self.client.nthreads())
        except Exception as error:
            raise Trouble("The scheduler is gone. What was entered stays; run the same command again.") from error
        for address in self.present.keys() - workers.keys():
            self._without(address, "died")
        for address in workers.keys() - self.present.keys():
            self._send(_there("facts"), (), _Errand(address, now + ASKING, None))
        self.present = workers
        for address in {e.address for e in self.errands.values() if e.until < now}:
            self._refuse(address, "it hangs")
            self._without(address, "hung")
        self._require_workers(now)

    def _require_workers(self, now: float) -> None:
        if self.seats or self.errands or self.ready:
            self.idle_since = now
        elif self.present and all(a in self.refused for a in self.present) and "it hangs" not in self.refused.values():
            raise Trouble(f"No worker can be used: {next(iter(self.refused.values()))}.")
        elif now - self.idle_since > self.wait:
            raise Trouble(
                f"The scheduler has had no worker to give work to for {self.wait:g} s. "
                "What was entered stays; start workers and run the same command again."
            )

    def _without(self, address: str, what: str) -> None:
        """Give up on a worker: what it had goes to another one."""
        self.seats.pop(address, None)
        for key in [k for k, e in self.errands.items() if e.address == address]:
            self._lose(self.errands.pop(key), f"The worker that ran this {what}")

    def _lose(self, errand: _Errand, why: str) -> None:
        errand.future.release()
        if errand.submission is None:
            return
        if errand.tries + 1 < TRIES:
            self.waiting.append((errand.submission, errand.tries + 1))
        else:
            self.ready.append((errand.submission, f"{why}, for the second time: look at it, and grade it again."))

    def _refuse(self, address: str, why: str) -> None:
        """Use a worker no more, and say so once for each reason."""
        if why not in self.refused.values():
            self.warn(f"The worker at {address} is not used, nor is any other like it: {why}.")
        self.refused[address] = why

    def _hand_out(self) -> None:
        """Something for every free thread, unless so much is waiting for the writer that memory would fill up."""
        while self.waiting and len(self.ready) < MOST_READY:
            free = next((a for a, n in self.seats.items() if n > 0), None)
            if free is None:
                return
            submission, tries = self.waiting.popleft()
            try:
                with open(submission.file, "rb") as file:
                    data = file.read(
                        grade_notebook.MOST_BYTES + 1
                    )  # one more than may be is enough to be refused there
            except OSError as error:
                self.ready.append((submission, f"{submission.file.name} cannot be opened ({error.strerror})."))
                continue
            self.seats[free] -= 1
            errand = _Errand(free, time.monotonic() + self.patience, None, submission, tries)
            self._send(_there("grade"), (data, submission.chapter.name, asdict(self.limits)), errand)

    def _send(self, function: Callable[..., Any], args: tuple[Any, ...], errand: _Errand) -> None:
        """Give a worker, and nobody else, something to do. The key is new each time: no answer of another run."""
        key = f"gradschool-{id(self)}-{time.time_ns()}-{next(self.numbers)}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a submission is large
            errand.future = self.client.submit(
                function, *args, key=key, workers=[errand.address], allow_other_workers=False, pure=False
            )
        self.errands[key] = errand
        errand.future.add_done_callback(lambda future: self._fetch_soon(key, future))

    def _fetch_soon(self, key: str, future: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the shift is over, and nobody fetches any more
            self.fetchers.submit(self._fetch, key, future)

    def _fetch(self, key: str, future: Any) -> None:
        """In a thread of its own: a worker that hangs with its answer in its hands keeps nobody else waiting."""
        try:
            value = future.result(timeout=60)
            if isinstance(value, tuple) and value[0]:
                value = unpacked(value[1])
        except (Exception, *CANCELLED) as error:
            value = error
        self.news.put((key, value))

    def _hear(self, seconds: float) -> None:
        """Take in the answers that have come, waiting so long for the first one."""
        with contextlib.suppress(Empty):
            key, value = self.news.get(timeout=seconds) if seconds else self.news.get_nowait()
            while True:
                errand = self.errands.pop(key, None)
                if errand and isinstance(value, CANCELLED):
                    self._put_back(errand)
                elif errand and errand.submission:
                    self._take(errand, value)
                elif errand:
                    self._admit(errand, value)
                key, value = self.news.get_nowait()

    def _put_back(self, errand: _Errand) -> None:
        """The scheduler has dropped it, which is nobody's fault: as if it had not been handed out, and a look."""
        self.next_look = 0.0
        if errand.submission:
            self.waiting.appendleft((errand.submission, errand.tries))
        self.seats.pop(errand.address, None)
        self.present.pop(errand.address, None)  # it is asked again, if it is still there

    def _take(self, errand: _Errand, value: Any) -> None:
        """An answer to a submission: a notebook, (False, trouble), or the error that kept it from coming."""
        if errand.address in self.seats:
            self.seats[errand.address] += 1
        if isinstance(value, BaseException):
            return self._lose(errand, f"The worker that ran this failed ({type(value).__name__})")
        errand.future.release()
        assert errand.submission
        return self.ready.append((errand.submission, value[1] if isinstance(value, tuple) else value))

    def _admit(self, errand: _Errand, value: Any) -> None:
        """A worker has said what it has: use it if that is what is here."""
        errand.future.release()
        if why := self._objection(value):
            self._refuse(errand.address, why)
        elif errand.address in self.present:
            self.seats[errand.address] = self.present[errand.address]

    def _objection(self, theirs: Any) -> str:
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

    def _call_off(self) -> None:
        """Nothing more is wanted. A notebook that is running ends on its worker, and nobody looks at it."""
        self.fetchers.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Exception):
            self.client.cancel([e.future for e in self.errands.values()], force=True)
        self.errands.clear()
