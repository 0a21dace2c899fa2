"""Crews: processes here and a real Dask cluster give the same marks, whatever dies, hangs or does not fit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from grader import sample_class
from grader.autograde import autograde, submissions
from grader.cli.grading import _executor
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.executors.base import MOST_READY, Submission
from grader.executors.dask import DaskExecutor
from grader.executors.dask_task import worker_fingerprint
from grader.executors.local import KILLED_TWICE, LocalExecutor
from tests.support.dask_cluster import (
    CLASS,
    PATIENCE,
    QUICK,
    Cluster,
    Marks,
    grade_all,
    hand_in,
    keep,
    marks,
    ran,
    run_quick,
    until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick kernel as a program, and as something for a worker to load."""
    file = tmp_path_factory.mktemp("script") / "quick.py"
    file.write_text(QUICK.format(root=str(ROOT)))
    return file


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory, script: Path) -> Iterator[Cluster]:
    """A scheduler and one quick worker, which its nanny starts again whenever it dies."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.worker("stays", "--preload", str(script))
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_process(
    built: CourseDirectory, chain: Chapter, script: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CourseDirectory, Marks]:
    """The quick class, not graded, and the marks that one process alone gives it."""
    folder = tmp_path_factory.mktemp("one")
    course, graded = (CourseDirectory(folder / name, built.release) for name in ("work", "graded"))
    shutil.copytree(built.work, course.work)
    hand_in(course, chain, CLASS)
    shutil.copytree(course.work, graded.work)
    _, err = run_quick(graded, script, "--jobs", "1").communicate(timeout=600)
    assert err == ""
    found = marks(graded, chain)
    assert len({str(m) for m in found.values()}) == len(CLASS)
    return course, found


@pytest.fixture
def course(one_process: tuple[CourseDirectory, Marks], tmp_path: Path) -> CourseDirectory:
    """The quick class in a course directory of this test's own."""
    shutil.copytree(one_process[0].work, tmp_path / "work")
    return CourseDirectory(tmp_path / "work", one_process[0].release)


def test_here_a_killed_process_costs_a_second_try_and_nobody_else(
    course: CourseDirectory, chain: Chapter, script: Path, one_process: tuple[CourseDirectory, Marks]
) -> None:
    """And neither the order nor the number of processes changes a mark."""
    more = {"fatal": "dies", "unlucky": "xxx once"}
    hand_in(course, chain, more)
    out, err = run_quick(course, script, "--jobs", "2", "--json", REVERSED="1").communicate(timeout=600)
    assert err == ""
    found = {r["student"]: r for r in json.loads(out)}
    assert found["fatal"]["reason"] == KILLED_TWICE
    assert {r["status"] for s, r in found.items() if s != "fatal"} == {"graded"}
    graded = marks(course, chain)
    assert {s: graded[s] for s in CLASS} == one_process[1]
    assert graded["unlucky"] == graded["student-2"]
    assert ran(course.work) == dict.fromkeys(CLASS.values(), 1) | dict.fromkeys(more.values(), 2)


def test_one_worker_dies_and_one_hangs_and_nothing_is_lost_or_twice(
    course: CourseDirectory, chain: Chapter, script: Path, dask: Cluster, one_process: tuple[CourseDirectory, Marks]
) -> None:
    workers = {name: dask.worker(name, "--no-nanny", "--preload", str(script)) for name in ("dies", "hangs")}

    def disturb() -> None:
        until(lambda: ran(dask.place("dies")))
        workers["dies"].kill()
        until(lambda: ran(dask.place("hangs")))
        os.killpg(workers["hangs"].pid, signal.SIGSTOP)
        until(lambda: ran(dask.place("hangs")).keys() & ran(dask.place("stays")).keys())  # what it held is given up
        os.killpg(workers["hangs"].pid, signal.SIGCONT)  # its answer comes now, too late

    disturber = threading.Thread(target=disturb)
    disturber.start()
    said: list[str] = []
    found = grade_all(course, chain, DaskExecutor(_once_there(dask, 3), said.append, patience=PATIENCE))
    disturber.join()
    assert {r.status for r in found.values()} == {"graded"}
    assert marks(course, chain) == one_process[1]
    runs = ran(*map(dask.place, ("stays", *workers)))
    assert runs.keys() == set(CLASS.values())
    assert sorted(runs.values()) == [1] * 7 + [2] * 2  # the one that died and the one that hung, again
    assert [s.partition(" is not used")[2] for s in said] == [", nor is any other like it: it hangs."]
    workers["hangs"].kill()


def _once_there(dask: Cluster, workers: int) -> Callable[[], object]:
    """A client that is handed over once so many workers are there."""
    from distributed import Client

    def connect() -> Client:
        client = Client(dask.address, set_as_default=False)
        client.wait_for_workers(workers, timeout=600)
        return client

    return connect


def test_who_kills_two_workers_is_left_to_a_person(course: CourseDirectory, chain: Chapter, dask: Cluster) -> None:
    keep(course)
    hand_in(course, chain, {"ada": "x ", "bob": "xx dies", "cleo": "xxx "})
    found = grade_all(course, chain, DaskExecutor(dask.address, wait=180))
    assert found["bob"].reason == "The worker that ran this died, for the second time: look at it, and grade it again."
    assert [found[s].status for s in ("ada", "cleo")] == ["graded", "graded"]
    assert {t: n for t, n in ran(dask.place("stays")).items() if " " in t} == {"x ": 1, "xx dies": 2, "xxx ": 1}


def test_workers_with_another_grader_or_none_are_refused(
    course: CourseDirectory, chain: Chapter, tmp_path: Path, script: Path, dask: Cluster
) -> None:
    for folder in ("grader", "solutions", "src"):
        shutil.copytree(ROOT / folder, tmp_path / "other" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "other" / "grader" / "judging" / "server.py", "a") as file:
        file.write("# another one\n")
    strangers = [dask.worker("other", path=tmp_path / "other"), dask.worker("none", path=None)]
    said: list[str] = []
    found = grade_all(course, chain, DaskExecutor(_once_there(dask, 3), said.append))
    for process in strangers:
        os.killpg(process.pid, signal.SIGKILL)
    assert {r.status for r in found.values()} == {"graded"}
    assert not ran(dask.place("other"))
    assert [("has no grader" in s, "its grader of 01-loss-as-chain-rule is" in s) for s in sorted(said)] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )


def test_an_interrupted_run_on_a_cluster_goes_on(
    course: CourseDirectory, chain: Chapter, script: Path, dask: Cluster, one_process: tuple[CourseDirectory, Marks]
) -> None:
    before = ran(dask.place("stays"))
    run = run_quick(course, script, "--cluster", dask.address)
    until(lambda: list(course.autograded.glob("*/*/*.ipynb")))
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=600)
    assert run.returncode == 130
    assert err == "grader: stopped. What was entered stays; run the same command again to go on.\n"
    done = {f.parts[-3] for f in course.autograded.glob("*/*/*.ipynb")}
    assert 0 < len(done) < len(CLASS)
    out, err = run_quick(course, script, "--cluster", dask.address, "--json").communicate(timeout=600)
    assert err == ""
    assert {r["student"] for r in json.loads(out) if r["status"] == "unchanged"} == done
    assert marks(course, chain) == one_process[1]
    runs = ran(dask.place("stays")) - before
    assert runs.keys() == set(CLASS.values())
    assert {runs[CLASS[student]] for student in done} == {1}  # only what had not been entered ran again


def test_nobody_to_do_the_work_is_one_sentence(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    for address in ("tcp://127.0.0.1:9", "nowhere.json"):
        with pytest.raises(GraderError, match=f"There is no Dask scheduler to talk to at {address} "):
            grade_all(course, chain, DaskExecutor(address))
    alone = Cluster(tmp_path / "alone")
    try:
        with pytest.raises(GraderError, match="has had no worker to give work to for 1 s"):
            grade_all(course, chain, DaskExecutor(alone.address, wait=1))
        alone.worker("none", path=None)
        with pytest.raises(GraderError, match=r"No worker can be used: it has no grader .* start it with PYTHONPATH"):
            grade_all(course, chain, DaskExecutor(alone.address, wait=180))
    finally:
        alone.close()


def test_what_does_not_go_together_is_one_sentence(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GraderError, match="--jobs is for this machine alone"):
        _executor(2, "tcp://127.0.0.1:9", False, ExecutionConfig(course.work), print)
    with pytest.raises(GraderError, match="--no-fork is for this machine alone"):
        _executor(None, "tcp://127.0.0.1:9", True, ExecutionConfig(course.work), print)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GraderError, match=r"pip install -e '.\[cluster\]'"):
        grade_all(course, chain, DaskExecutor("tcp://127.0.0.1:9"))


def test_real_kernels_on_a_cluster_give_the_marks_of_one_machine(
    built: CourseDirectory, chain: Chapter, tmp_path: Path, dask: Cluster
) -> None:
    """Nothing replaced: two workers, one of them killed while it runs a notebook."""
    alone = Cluster(tmp_path / "real")
    here, there = (CourseDirectory(tmp_path / name, built.release) for name in ("here", "there"))
    shutil.copytree(built.work, here.work)
    sample_class.fill_class(here, chain, mistaken=1, misbehaving=False)
    keep(here, "perfect", "mistaken-1", "untouched", "damaged")
    shutil.copytree(here.work, there.work)
    try:
        dies = alone.worker("dies", "--no-nanny")
        alone.worker("stays", "--no-nanny")

        def disturb() -> None:
            until(lambda: list((alone.place("dies") / "tmp").glob("submission-*")))
            dies.kill()

        disturber = threading.Thread(target=disturb)
        disturber.start()
        found = grade_all(there, chain, DaskExecutor(_once_there(alone, 2)))
        disturber.join()
    finally:
        alone.close()
    expected = grade_all(here, chain, LocalExecutor(1))
    assert [r.status for _, r in sorted(found.items())] == ["failed", "graded", "graded", "graded"]
    for student, result in expected.items():
        other = found[student]
        assert (other.status, other.score, other.reason) == (result.status, result.score, result.reason)
        assert other.mistakes == result.mistakes
    assert marks(there, chain) == marks(here, chain)


class AtOnce:
    """A client whose one worker, of ten threads, answers at once."""

    def __init__(self) -> None:
        self.sent = 0
        self.notebook = nbformat.writes(nbformat.v4.new_notebook())

    def nthreads(self) -> dict[str, int]:
        return {"tcp://there": 10}

    def submit(self, function: Callable[..., object], *args: object, **_: object) -> Answer:
        self.sent += bool(args)
        return Answer((True, self.notebook) if args else worker_fingerprint())

    def cancel(self, futures: list[object], force: bool) -> None:
        pass

    def close(self, timeout: int) -> None:
        pass


@dataclass
class Answer:
    """A future that has come."""

    value: object

    def result(self, timeout: float) -> object:
        return self.value

    def add_done_callback(self, call: Callable[[Answer], None]) -> None:
        call(self)

    def release(self) -> None:
        pass


def test_quick_workers_do_not_fill_the_memory_of_a_slow_writer(chain: Chapter, tmp_path: Path) -> None:
    (tmp_path / "any.ipynb").write_text("{}")
    todo = [Submission(f"student-{k}", chain, tmp_path / "any.ipynb") for k in range(500)]
    client = AtOnce()
    steps = filter(None, DaskExecutor(lambda: client).run(todo, ExecutionConfig(tmp_path)))
    for _ in range(100):
        next(steps)
        time.sleep(0.002)  # time enough for ten answers
    assert 100 < client.sent <= 100 + MOST_READY + 2 * 10
    assert sum(1 for _ in steps) == 400


def test_the_scheduler_goes_away(
    course: CourseDirectory, chain: Chapter, dask: Cluster, one_process: tuple[CourseDirectory, Marks]
) -> None:
    """The last test here: it leaves no scheduler."""
    results = autograde(course, submissions(course, [chain]), executor=DaskExecutor(dask.address))
    done = [next(results).student]
    dask.scheduler.kill()
    with pytest.raises(GraderError, match=r"The scheduler is gone\. What was entered stays"):
        done += [r.student for r in results]
    assert marks(course, chain) == {s: one_process[1][s] for s in done}  # and nobody was blamed for it
