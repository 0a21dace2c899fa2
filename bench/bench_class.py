"""Grading a class: ours with its sandbox, stock nbgrader, otter-grader's local grading; and how our cost grows.

    python bench/bench_class.py [--students 40] [--peer-students 2] [--sizes 10 40 160 640] [--json FILE]

The same made-up class for all, every chapter of each student: one answer in five is a known mistake, the others are
right, each written in one of the bank's ways. Ours also grades the hardest class, where 36 of 40 students have a
mistake in every exercise. The peers get a fair in-notebook version of the same checks: the public half of every
exercise (`check` without a judge, which asks fewer questions than the judge does), and they are spared what our grading
leaves out as well, the long experiments that no mark depends on. The peers grade the first few students only; each
costs the same, and of nbgrader's start they are charged their share of a whole class's. otter has as many processes at
once as ours; nbgrader has no way to. CPU is all that the machine spends meanwhile, so let it rest; memory is what a
run's processes hold at most (PSS: shared pages divided up).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grader import sample_class
from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory, chapter, chapters
from grader.executors.process_context import default_jobs
from grader.notebooks.source import EXPERIMENT_TAG, INSTRUCTOR_TAG, source_notebook
from grader.publish.build import build
from grader.sandbox.resources import _own_share, process_tree
from grader.settings import RELEASE_VARIABLE, WORK_DIR_VARIABLE

JOBS = default_jobs()  # as `autograde` does unless it is told otherwise
HARDEST = "hardest class"
ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
WRONG = 0.2  # of the answers of the usual class
SPARED = {EXPERIMENT_TAG, INSTRUCTOR_TAG}


@dataclass(frozen=True)
class Run:
    """What grading cost: ``seconds`` of the clock, ``cpu`` seconds, ``memory`` in bytes at most, all processes."""

    who: str
    notebooks: int
    seconds: float
    cpu: float
    memory: int
    workers: int

    @property
    def rate(self) -> float:
        """Notebooks in a minute."""
        return 60 * self.notebooks / self.seconds


class Memory(threading.Thread):
    """A thread that looks, every other second, at the memory that this process's descendants hold together.

    More often would slow down what is measured: the shares of the kernels' pages take about 70 ms to add up.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.ended = 0, threading.Event()

    def run(self) -> None:
        """Keep the most that was seen, until ``ended`` is set."""
        while not self.ended.wait(2.0):
            held = sum(map(_own_share, process_tree(os.getpid())[1:]))
            self.most = max(self.most, held)


def measured(who: str, notebooks: int, workers: int, work: Callable[[], None]) -> Run:
    """Do ``work`` and say what it cost."""
    memory = Memory()
    memory.start()
    cpu, started = machine_cpu(), time.perf_counter()
    work()
    seconds, used = time.perf_counter() - started, machine_cpu() - cpu
    memory.ended.set()
    memory.join()
    return Run(who, notebooks, seconds, used, memory.most, workers)


def machine_cpu() -> float:
    """CPU seconds that this machine has spent so far, on anything but waiting: let it do nothing else meanwhile.

    A process does not know what its kernels cost: those end inside the sandbox, where nobody waits for them.
    """
    spent = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
    idle, waiting, stolen = spent[3], spent[4], spent[7]
    return (sum(spent) - idle - waiting - stolen) / os.sysconf("SC_CLK_TCK")


def run(*words: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """A command that has to end well."""
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} failed:\n{done.stdout[-500:]}{done.stderr[-2000:]}")


def usual_class(folder: Path, students: int, parts: Sequence[Chapter], seed: int = 1) -> CourseDirectory:
    """A class that has handed in, and nothing graded yet: one answer in five is a known mistake."""
    course, rng = CourseDirectory(folder / "work", folder / "course"), np.random.default_rng(seed)

    def answer(entry: Entry) -> str:
        bank = entry.mutants if rng.random() < WRONG else entry.alternatives
        return sample_class.as_answer(entry, bank[rng.integers(len(bank))])

    for part in parts:
        build(part, course)
        for k in range(students):
            notebook = sample_class.filled(sample_class.released(course, part), part, answer)
            sample_class.submit(course, part, f"student-{k + 1:03}", notebook)
    return course


def hardest_class(folder: Path, students: int, parts: Sequence[Chapter]) -> CourseDirectory:
    """A class that has handed in, and nothing graded yet: all but four students have a mistake in every exercise."""
    course = CourseDirectory(folder / "work", folder / "course")
    for part in parts:
        build(part, course)
        sample_class.fill_class(course, part, mistaken=students - 4, misbehaving=False)
    for odd in ("damaged", "renamed"):
        shutil.rmtree(course.submitted / odd)
    return course


def ours(course: CourseDirectory, notebooks: int, *words: str, name: str = "Grad School") -> Run:
    """Grade with `python -m grader autograde`, sandbox and all."""
    env = {WORK_DIR_VARIABLE: str(course.work), RELEASE_VARIABLE: str(course.release)}
    line = (sys.executable, "-m", "grader", "autograde", "--force", "--json", *words)
    return measured(name, notebooks, JOBS, lambda: run(*line, env=env))


def _without(notebook: NotebookNode, spared: Callable[[NotebookNode], bool]) -> NotebookNode:
    notebook.cells = [c for c in notebook.cells if not spared(c)]
    return notebook


def _is_spared(cell: NotebookNode) -> bool:
    return bool(SPARED & set(cell.metadata.get("tags", [])))


def _is_check(cell: NotebookNode) -> bool:
    info = cell.metadata.get("nbgrader", {})
    return bool(info.get("grade") and info.get("locked"))


def stock(course: CourseDirectory, students: Sequence[str], folder: Path, whole_class: int) -> Run:
    """Stock nbgrader on its own course: its own configuration, `check` as an assertion in the notebook.

    It is started once for a chapter; a few students are charged only their share of a whole class's start.
    """
    for part in chapters():
        source = folder / "source" / part.assignment_id / f"{part.notebook}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(_without(source_notebook(part), _is_spared), source)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.ExecutePreprocessor.timeout = 300\n")
    for part in chapters():
        run(BIN / "nbgrader", "generate_assignment", part.assignment_id, cwd=folder)
        for student in students:
            _copy(course, student, part, folder / "submitted" / student / part.assignment_id, _is_spared)
    env = {"PATH": f"{BIN}:{os.environ['PATH']}"}

    def work() -> None:
        for part in chapters():
            run(BIN / "nbgrader", "autograde", part.assignment_id, cwd=folder, env=env)

    first = measured("stock nbgrader", len(students) * len(chapters()), 1, work)
    again = measured("starting up", 0, 1, work)  # all is graded by now: what is left is nbgrader's own start
    shared = 1 - len(students) / whole_class
    return replace(first, seconds=first.seconds - shared * again.seconds, cpu=first.cpu - shared * again.cpu)


def _copy(
    course: CourseDirectory, student: str, part: Chapter, to: Path, spared: Callable[[NotebookNode], bool]
) -> Path:
    notebook = nbformat.read(course.notebook_path(course.submitted, student, part), as_version=4)
    to.mkdir(parents=True)
    nbformat.write(_without(notebook, spared), to / f"{part.notebook}.ipynb")
    return to / f"{part.notebook}.ipynb"


TEST = """OK_FORMAT = True
test = {{"name": "{name}", "points": 1, "suites": [{{"type": "doctest", "cases": [{{"code": r'''
>>> from gradschool.check.api import check_here
>>> from gradschool.core.exercise import find
>>> bool(check_here(find("{exercise}"), {function}).passed)
True
'''}}]}}]}}
"""


def otter(course: CourseDirectory, students: Sequence[str], folder: Path) -> Run:
    """otter-grader without containers (`otter run`), one process a notebook, as many at once as ours."""
    todo = []
    for part in chapters():
        tests = folder / part.assignment_id / "tests"
        tests.mkdir(parents=True)
        for entry in entries(part.key).values():
            e = entry.exercise
            (tests / f"{e.grade_id.replace('-', '_')}.py").write_text(
                TEST.format(name=e.grade_id.replace("-", "_"), exercise=e.id, function=e.function)
            )
        zipped = folder / part.assignment_id / "autograder.zip"
        run(BIN / "otter", "generate", "-t", tests, "-o", zipped, cwd=folder)
        for student in students:
            place = folder / part.assignment_id / student
            todo.append((_copy(course, student, part, place, lambda c: _is_spared(c) or _is_check(c)), zipped, place))

    def grade(job: tuple[Path, Path, Path]) -> None:
        run(BIN / "otter", "run", "--no-logo", "-a", job[1], "-o", job[2], job[0], cwd=job[2])

    def work() -> None:
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(grade, todo))

    return measured("otter-grader, otter run", len(todo), JOBS, work)


def growth(sizes: Sequence[int], folder: Path) -> list[Run]:
    """Ours on classes of these sizes, chapter 1 only."""
    part = [chapter("chain")]
    runs = []
    for size in sizes:
        course = hardest_class(folder / str(size), size, part)
        runs.append(ours(course, size, part[0].assignment_id, name=f"{size} submissions"))
        shutil.rmtree(folder / str(size))
    return runs


def table(runs: Sequence[Run]) -> str:
    """The runs beside each other; ratios to the first."""
    head = "| who | notebooks | seconds | CPU s each | notebooks/min | ours is | memory a worker, GB |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for r in runs:
        lines.append(
            f"| {r.who} | {r.notebooks} | {r.seconds:.0f} | {r.cpu / r.notebooks:.2f} | {r.rate:.1f} "
            f"| {runs[0].rate / r.rate:.1f} × | {r.memory / r.workers / 2**30:.2f} |"
        )
    return "\n".join(lines)


def growth_table(runs: Sequence[Run]) -> str:
    """How time and memory grow."""
    lines = ["| submissions | seconds | seconds each | most memory, GB |", "|---|---|---|---|"]
    for r in runs:
        lines.append(f"| {r.notebooks} | {r.seconds:.1f} | {r.seconds / r.notebooks:.2f} | {r.memory / 2**30:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--peer-students", type=int, default=2, help="how many of them the peers grade")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10, 40, 160, 640], help="classes to see the cost grow")
    parser.add_argument("--json", help="write every number to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        course = usual_class(folder / "class", options.students, chapters())
        hardest = hardest_class(folder / "hardest", options.students, chapters())
        some = sorted(f.name for f in course.submitted.iterdir())[: options.peer_students]
        first = chapters()[0].assignment_id
        runs = [
            ours(course, options.students * len(chapters())),
            ours(hardest, options.students * len(chapters()), name=f"Grad School, {HARDEST}"),
            ours(course, options.students, first, "--no-fork", name="Grad School, cold kernels, chapter 1"),
            stock(course, some, folder / "stock", options.students),
            otter(course, some, folder / "otter"),
        ]
        print(table(runs), flush=True)
        grown = growth(options.sizes, folder)
        print("\n" + growth_table(grown))
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(r) for r in [*runs, *grown]], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
