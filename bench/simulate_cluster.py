"""A university on a cluster: what 100,000 submissions on 200 workers would take, from times measured in this run.

    python bench/simulate_cluster.py [--submissions 100000] [--workers 200] [--seed 0] [--tasks 200] [--json FILE]

Measured here first: notebooks of the three chapters, one at a time in the sandbox; what one task costs the process
that grades and a real Dask scheduler when the workers answer at once (with a real submission's and a real graded
notebook's bytes); and what the one writer needs for a transaction in an SQLite gradebook and for each entry in it.
Then a simulation of discrete events plays the run through: the same rules as `grader/executors/dask.py` and
`grader/writer.py` (one submission for each free thread, free workers are served before anything is entered, at most so
many results wait, those that wait are entered in one transaction), a queue at the scheduler, and workers that die.

Times are CPU seconds; for a notebook those of the whole machine, since a kernel ends where nobody can ask it: let
the machine rest. Assumed, not measured: that a worker has such a core for itself, that network and disk take no time,
and that in one of a thousand notebooks the worker dies, which is noticed within a second and costs its start.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_class import machine_cpu

from grader import sample_class, writer
from grader.autograde import autograde, submissions
from grader.course import ROOT, CourseDirectory, chapters
from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.executors import dask
from grader.executors.base import MOST_READY, Failed, Graded, Outcome, Submission, deserialize, serialize
from grader.executors.local import LocalExecutor
from grader.publish.build import build
from grader.writer import MOST_AT_ONCE

STUDENTS = ("perfect", "mistaken-1", "untouched")
DEATHS = 0.001  # of a worker, for each notebook
NOTICED = 1.0  # seconds until a death is seen
WORKERS, SCHEDULER, WRITER = "the workers", "the scheduler", "the one writer"
AT_ONCE = """
from pathlib import Path
from grader.executors import dask_task

TEXT = Path({file!r}).read_text()
dask_task.grade_bytes = lambda data, name, limits: (True, TEXT)
"""


@dataclass(frozen=True)
class Costs:
    """Seconds: each measured notebook; the scheduler and the grading process for one task; a transaction; a new worker.

    A transaction of n entries takes ``transaction`` + n ``entry``.
    """

    notebooks: tuple[float, ...]
    scheduler: float
    client: float
    transaction: float
    entry: float
    start: float

    def entries(self, count: int) -> float:
        """Seconds for so many entries in one transaction."""
        return self.transaction + count * self.entry


@dataclass(frozen=True)
class Day:
    """What a simulated run came to. The shares are of its time: how busy each part was, and the writer with entries."""

    workers: int
    seconds: float
    runs: int
    shares: dict[str, float]
    entries: float
    most_ready: int

    @property
    def bottleneck(self) -> str:
        """The part that was busiest."""
        return max(self.shares, key=lambda name: self.shares[name])


# The measurements.


def measure_notebooks(course: CourseDirectory) -> dict[str, list[float]]:
    """CPU seconds of each notebook with its kernel, by chapter, one after another in one process that is warm."""
    found: dict[str, list[float]] = {}
    for chapter in chapters():
        build(chapter, course)
        sample_class.fill_class(course, chapter, mistaken=1, misbehaving=False)
        todo = [s for s in submissions(course, [chapter]) if s.student in STUDENTS]
        steps = filter(None, LocalExecutor(1).run([todo[0], *todo], ExecutionConfig(course.work)))
        next(steps)  # starts everything
        found[chapter.assignment_id] = []
        then = machine_cpu()
        for outcome in steps:
            if isinstance(outcome, Failed):
                raise GraderError(outcome.reason)
            found[chapter.assignment_id].append(machine_cpu() - then)
            then = machine_cpu()
    return found


def measure_tasks(folder: Path, todo: Sequence[Submission], graded: str) -> tuple[float, float, float]:
    """CPU seconds of the scheduler and of this process for one task, and of a worker until it can work."""
    (folder / "graded.ipynb").write_text(graded)
    (folder / "at_once.py").write_text(AT_ONCE.format(file=str(folder / "graded.ipynb")))
    scheduler = _dask(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "at.json")
    started = [scheduler]
    try:
        while not (folder / "at.json").is_file():
            time.sleep(0.1)
        for _ in range(2):
            started.append(_dask(folder, "worker", "--scheduler-file", "at.json", "--preload", "at_once.py"))
        executor, config = dask.DaskExecutor(str(folder / "at.json"), wait=120), ExecutionConfig(folder)
        next(filter(None, executor.run(todo[:1], config)))
        start = _cpu(started[1].pid)
        there, here = _cpu(scheduler.pid), time.process_time()
        assert sum(1 for _ in filter(None, executor.run(todo, config))) == len(todo)
        return (_cpu(scheduler.pid) - there) / len(todo), (time.process_time() - here) / len(todo), start
    finally:
        for process in started:
            process.terminate()
            process.wait()


def _dask(folder: Path, what: str, *words: str) -> subprocess.Popen[bytes]:
    """A part of a real cluster, as a process of its own."""
    threads = ["--nthreads", "1", "--no-nanny"] if what == "worker" else []
    command = [str(Path(sys.executable).parent / "dask"), what, *words, *threads, "--no-dashboard"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@dataclass(frozen=True)
class Canned:
    """An executor that has the answer already."""

    graded: str

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome]:
        """Yield the same graded notebook for everybody."""
        notebook = deserialize(self.graded)
        return (Graded(submission, notebook, self.graded) for submission in todo)


def measure_writer(course: CourseDirectory, todo: Sequence[Submission], graded: str, at_once: int) -> list[float]:
    """Seconds for an entry (gradebook, graded notebook on the disk, result), for each quarter of these submissions.

    ``at_once`` of them are entered in one transaction. CPU seconds: what the disk takes besides depends on the disk,
    and here on who else works.
    """
    writer.MOST_AT_ONCE, writer.HELD = at_once, 3600.0
    quarter, found = len(todo) // 4, []
    for k in range(4):
        then = time.process_time()
        some = list(todo[k * quarter : (k + 1) * quarter])
        for result in autograde(course, some, executor=Canned(graded), force=True):
            assert result.status == "graded", result
        found.append((time.process_time() - then) / quarter)
    return found


def measure(tasks: int) -> tuple[Costs, dict[str, Any]]:
    """All of it, in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        course = CourseDirectory(Path(name) / "work", Path(name) / "course")
        course.work.mkdir()
        notebooks = measure_notebooks(course)
        some = next(s for s in submissions(course, chapters()[:1]) if s.student == "perfect")
        outcomes = LocalExecutor(1).run([some], ExecutionConfig(course.work))
        graded = serialize(next(o.notebook for o in outcomes if isinstance(o, Graded)))
        todo = [replace(some, student=f"student-{k}") for k in range(tasks)]
        scheduler, client, start = measure_tasks(Path(name), todo, graded)
        singly = measure_writer(course, todo, graded, 1)
        others = [replace(some, student=f"other-{k}") for k in range(max(tasks, 4 * MOST_AT_ONCE))]
        together = measure_writer(course, others, graded, MOST_AT_ONCE)
        sizes = {"submission": some.file.stat().st_size, "graded": len(graded)}
    times = tuple(t for chapter in notebooks.values() for t in chapter)
    one, many = float(np.median(singly)), float(np.median(together))
    transaction = max(0.0, (one - many) / (1 - 1 / MOST_AT_ONCE))  # one = t + e, many = t / MOST_AT_ONCE + e
    costs = Costs(times, scheduler, client, transaction, one - transaction, start)
    return costs, {"notebooks": notebooks, "singly": singly, "together": together, **sizes}


# The simulation.


@dataclass
class Play:
    """One run, event by event. A task costs scheduler and writer half on its way out and half on its way back."""

    costs: Costs
    todo: int
    free: int
    rng: np.random.Generator
    now: float = 0.0
    scheduler_free: float = 0.0  # when it has dealt with all that has reached it
    writing: bool = False  # whether the one process that hands out and enters has something to do
    ready: int = 0
    entering: int = 0  # entries in the transaction that is going on
    entered: int = 0
    with_entries: float = 0.0  # seconds
    runs: int = 0
    most_ready: int = 0
    spent: dict[str, float] = field(default_factory=lambda: {WORKERS: 0.0, SCHEDULER: 0.0, WRITER: 0.0})
    events: list[tuple[float, int, str]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)

    def to_the_end(self, submissions: int) -> None:
        """Until everything is entered."""
        happens = {
            "handed out": self.on_handed_out, "finished": self.on_finished, "back": self.on_back,
            "lost": self.on_lost, "new worker": self.on_new_worker, "entered": self.on_entered,
        }  # fmt: skip
        while self.entered < submissions:
            if not self.writing:
                self.begin()
            self.now, _, what = heapq.heappop(self.events)
            happens[what]()

    def later(self, at: float, what: str) -> None:
        """Put down what will happen."""
        heapq.heappush(self.events, (at, next(self.order), what))

    def begin(self) -> None:
        """What the writer's process does next: hand out while a worker is free, or else enter a result."""
        half = self.costs.client / 2
        if self.todo and self.free and self.ready < MOST_READY:
            self.todo, self.free = self.todo - 1, self.free - 1
            self.take(half, "handed out")
        elif self.ready:
            self.entering = min(self.ready, MOST_AT_ONCE)
            self.ready -= self.entering
            takes = self.costs.entries(self.entering)
            self.with_entries += takes
            self.take(self.entering * half + takes, "entered")

    def take(self, seconds: float, what: str) -> None:
        """Keep the writer's process busy."""
        self.writing = True
        self.spent[WRITER] += seconds
        self.later(self.now + seconds, what)

    def through_scheduler(self) -> float:
        """When something that reaches the scheduler now leaves it."""
        self.spent[SCHEDULER] += self.costs.scheduler / 2
        self.scheduler_free = max(self.now, self.scheduler_free) + self.costs.scheduler / 2
        return self.scheduler_free

    def on_handed_out(self) -> None:
        """It reaches a worker, which grades it, or dies."""
        self.writing, self.runs = False, self.runs + 1
        begins, takes = self.through_scheduler(), self.costs.notebooks[self.rng.integers(len(self.costs.notebooks))]
        if self.rng.random() < DEATHS:
            takes *= self.rng.random()
            self.later(begins + takes + NOTICED, "lost")
            self.later(begins + takes + self.costs.start, "new worker")
        else:
            self.later(begins + takes, "finished")
        self.spent[WORKERS] += takes

    def on_finished(self) -> None:
        """The result sets out."""
        self.later(self.through_scheduler(), "back")

    def on_back(self) -> None:
        """A result has come, and its worker is free."""
        self.ready, self.free = self.ready + 1, self.free + 1
        self.most_ready = max(self.most_ready, self.ready)

    def on_lost(self) -> None:
        """Once more."""
        self.todo += 1

    def on_new_worker(self) -> None:
        """In place of one that died."""
        self.free += 1

    def on_entered(self) -> None:
        """Done with a transaction."""
        self.writing, self.entered = False, self.entered + self.entering


def simulate(costs: Costs, submissions: int, workers: int, seed: int) -> Day:
    """Play one run through."""
    play = Play(costs, submissions, workers, np.random.default_rng(seed))
    play.to_the_end(submissions)
    play.spent[WORKERS] /= workers
    shares = {name: busy / play.now for name, busy in play.spent.items()}
    return Day(workers, play.now, play.runs, shares, play.with_entries / play.now, play.most_ready)


def main() -> None:
    """Measure, simulate, and say what is in the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.tasks < 4:
        parser.error("--tasks: at least 4, one for each quarter of what the writer enters")
    costs, details = measure(given.tasks)
    print_costs(costs, details)
    days = {}
    for name, workers, at in scenarios(costs, given.workers):
        days[name] = simulate(at, given.submissions, workers, given.seed)
        print_day(name, days[name], given.submissions)
    if given.json:
        given.json.write_text(json.dumps({"costs": asdict(costs), **{n: asdict(d) for n, d in days.items()}}, indent=1))


def scenarios(costs: Costs, workers: int) -> list[tuple[str, int, Costs]]:
    """Fewer workers, all of them, and all of them with entries at a tenth: what is in the way after the writer."""
    fewer = [(f"{n} worker" + "s" * (n > 1), n, costs) for n in sorted({1, workers // 20, workers // 4, workers})]
    tenth = replace(costs, transaction=costs.transaction / 10, entry=costs.entry / 10)
    return [*fewer, (f"{workers} workers, entries at a tenth", workers, tenth)]


def print_costs(costs: Costs, details: dict[str, Any]) -> None:
    """The measured figures."""
    print("\nMeasured in this run")
    for name, times in details["notebooks"].items():
        print(f"  {name:34} {', '.join(f'{t:.2f}' for t in times)} s for {', '.join(STUDENTS)}")
    print(
        f"  {details['submission'] / 1000:.0f} kB go out and {details['graded'] / 1000:.0f} kB come back for a notebook"
    )
    print(f"  the scheduler, CPU for a task       {1000 * costs.scheduler:.2f} ms")
    print(f"  the grading process, CPU for a task {1000 * costs.client:.2f} ms")
    for name, some in (("singly", details["singly"]), (f"{MOST_AT_ONCE} at once", details["together"])):
        quarters = ", ".join(f"{1000 * t:.1f}" for t in some)
        print(f"  an entry, {name:26}{1000 * float(np.median(some)):.1f} ms (quarters: {quarters})")
    print(f"  a new worker                        {costs.start:.1f} s")
    mean = float(np.mean(costs.notebooks))
    most = costs.entries(MOST_AT_ONCE) / MOST_AT_ONCE + costs.client
    print(f"  So one writer keeps up with {mean / most:.0f} workers.\n")


def print_day(name: str, day: Day, submissions: int) -> None:
    """One run, in three lines."""
    rate = 60 * submissions / day.seconds
    print(f"{name}: {submissions:,} submissions in {day.seconds / 3600:.2f} h, {rate:.0f} a minute")
    busy = ", ".join(f"{part} {share:.0%}" for part, share in day.shares.items())
    print(f"  busy: {busy} (with entries {day.entries:.0%})")
    print(
        f"  in the way: {day.bottleneck}; {day.runs - submissions} run again, at most {day.most_ready} results waited"
    )


if __name__ == "__main__":
    main()
