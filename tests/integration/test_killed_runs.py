"""Nothing lost: runs killed at any moment, a full disk, a locked gradebook; the marks are those of a quiet run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook

from grader import sample_class
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from tests.support import warm_programs
from tests.support.programs import needs
from tests.support.quick_kernels import QUICK

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("GRADSCHOOL_KILLS", "30"))
REAL_KILLS = 5
STUDENTS = 10
PATIENCE = 900.0  # seconds for what ends by itself, on a machine that has much else to do


@pytest.fixture
def quick(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> CourseDirectory:
    """A class of ten whose marks all differ, and a command that grades it quickly."""
    released = nbformat.read(course.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)
    for k in range(STUDENTS):
        mine = nbformat.from_dict(dict(released))
        mine.cells = [nbformat.v4.new_markdown_cell("x" * k), *released.cells]
        sample_class.submit(course, chain, f"student-{k}", mine)
    (tmp_path / "quick.py").write_text(QUICK.format(root=str(ROOT)))
    (tmp_path / "warm.py").write_text((WARM_WORKERS + QUICK).format(root=str(ROOT)))
    return course


class Run(Protocol):
    """A run of the grader, started from nothing or warm."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...
    def communicate(self, timeout: float | None = None) -> tuple[str, str]: ...
    def kill(self) -> None: ...


def start(course: CourseDirectory, *words: str) -> warm_programs.WarmProgram:
    """Start grading with stand-ins for kernels."""
    program = course.work.parent / "warm.py"
    return warm_programs.WarmProgram(program, ("autograde", "chain", "--jobs", "1", *words), environment(course), ROOT)


def environment(course: CourseDirectory) -> dict[str, str]:
    return {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}


def kill_and_see_all_gone(run: Run) -> None:
    """kill -9 for the run's first process alone: its workers, fork server and kernels end by themselves."""
    family = warm_programs.workers()
    with suppress(psutil.NoSuchProcess):  # the run may have ended between the timeout and this line
        family += psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    left = psutil.wait_procs(family, timeout=PATIENCE)[1]
    assert not [p for p in left if p.status() != psutil.STATUS_ZOMBIE]


def state(course: CourseDirectory, chain: Chapter) -> dict[str, Any]:
    """Everybody's marks, each of which must stand beside a whole graded notebook; the ids in the gradebook once."""
    with Gradebook(course.db_url, "gradschool") as book:
        found = {
            s.student_id: sorted((g.name, g.auto_score) for g in s.notebooks[0].grades)
            for s in book.assignment_submissions(chain.assignment_id)
        }
        assert len(found) == len(book.assignment_submissions(chain.assignment_id))
    for student in found:
        nbformat.read(course.notebook_path(course.autograded, student, chain), as_version=4)
    assert not list(course.work.rglob("*.partial"))
    return found


def whole(course: CourseDirectory, chain: Chapter) -> None:
    """What a killed run left: no half-written notebook, nobody twice in the gradebook."""
    for file in course.autograded.rglob("*.ipynb"):
        nbformat.read(file, as_version=4)
    with Gradebook(course.db_url, "gradschool") as book:
        names = [s.student_id for s in book.assignment_submissions(chain.assignment_id)]
    assert len(names) == len(set(names))


def quiet(course: CourseDirectory, chain: Chapter) -> tuple[dict[str, Any], float]:
    """The marks of a run that nobody disturbs, in a copy of this course directory, and how long it took."""
    other = CourseDirectory(course.work.parent / "quiet" / "work", course.release)
    shutil.copytree(course.work, other.work)
    shutil.copy(course.work.parent / "warm.py", other.work.parent)
    process = start(other)
    started = time.monotonic()  # when the warm process is there
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err + out
    return state(other, chain), time.monotonic() - started


# Workers are forked, as the runs themselves are; else each would import everything before it can be killed.
WARM_WORKERS = """
import multiprocessing, sys
sys.path.insert(0, {root!r})
from grader.executors import process_context
process_context.context = lambda *_: multiprocessing.get_context("forkserver")
"""
REAL = """
import sys
sys.path.insert(0, {root!r})
from grader.cli.main import main
if __name__ == "__main__":
    main()
"""


def real(course: CourseDirectory) -> warm_programs.WarmProgram:
    """Start grading with kernels in their sandbox."""
    program = course.work.parent / "real.py"
    program.write_text(REAL.format(root=str(ROOT)))
    return warm_programs.WarmProgram(program, ("autograde", "chain", "--jobs", "1"), environment(course), ROOT)


def from_nothing(course: CourseDirectory) -> subprocess.Popen[str]:
    """Start grading as an instructor does: a new interpreter, in a session of its own."""
    command = [sys.executable, "-m", "grader", "autograde", "chain", "--jobs", "1"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=environment(course), start_new_session=True, **pipes)


def finish(run: Run) -> None:
    _, err = run.communicate(timeout=PATIENCE)
    assert run.wait() == 0, err


def test_killed_with_real_kernels_under_it(course: CourseDirectory, chain: Chapter) -> None:
    """Five more kills, of a class of two whose notebooks really run: the kernels go too, and the marks are the same."""
    sample_class.fill_class(course, chain, mistaken=1)
    for folder in course.submitted.iterdir():
        if folder.name not in ("perfect", "mistaken-1"):
            shutil.rmtree(folder)
    other = CourseDirectory(course.work.parent / "quiet" / "work", course.release)
    shutil.copytree(course.work, other.work)
    started = time.monotonic()
    finish(real(other))
    want, length = state(other, chain), time.monotonic() - started
    assert len(want) == 2
    rng, kills = random.Random(1_509_2971), 0
    while kills < REAL_KILLS:
        process = real(course)
        try:
            process.wait(rng.uniform(0.2, 0.9) * length)
            process.communicate()
            shutil.rmtree(course.autograded)  # the class was done before its turn to be killed: once more
        except subprocess.TimeoutExpired:
            kill_and_see_all_gone(process)
            kills += 1
            whole(course, chain)
    finish(real(course))
    assert state(course, chain) == want


def test_killed_with_nobody_to_clean_up(course: CourseDirectory, chain: Chapter) -> None:
    """kill -9 for the one process that an instructor started, once a kernel runs: in a moment nothing is left of it."""
    sample_class.fill_class(course, chain, mistaken=0)
    run = from_nothing(course)
    family: list[psutil.Process] = []
    until = time.monotonic() + PATIENCE
    while not any("bwrap" in p.name() for p in family) and time.monotonic() < until:
        time.sleep(0.2)
        family = _alive(psutil.Process(run.pid).children(recursive=True))
    kinds = {p.name() for p in family}
    assert "bwrap" in kinds, kinds
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    assert not psutil.wait_procs(family, timeout=60.0)[1]


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_killed_at_any_moment_and_started_again(quick: CourseDirectory, chain: Chapter) -> None:
    """kill -9 at seeded moments of a class run; then one run to the end gives the marks of a quiet run."""
    want, length = quiet(quick, chain)
    assert len(want) == STUDENTS
    rng, kills = random.Random(20_150_909), 0
    while kills < KILLS:
        process = start(quick, *(["--force"] if rng.random() < 0.5 else []))
        try:
            process.wait(rng.uniform(0.2, 1.0) * length)
            process.communicate()
        except subprocess.TimeoutExpired:
            kill_and_see_all_gone(process)
            kills += 1
            whole(quick, chain)
    process = start(quick)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert state(quick, chain) == want


# On a disk of its own: grade until it is full, make room, grade again, and bring everything home.
FULL_DISK = """
cp -r "$WORK" "$SMALL/work" && cp "$WORK/../quick.py" "$SMALL" && head -c $BALLAST /dev/zero > "$SMALL/ballast"
for k in 1 2; do
    "$PYTHON" "$SMALL/quick.py" autograde chain --jobs 1 > "$HOME_AGAIN/out$k" 2> "$HOME_AGAIN/err$k"
    echo $? > "$HOME_AGAIN/code$k"
    rm -f "$SMALL/ballast"
done
cp -r "$SMALL/work" "$HOME_AGAIN"
"""
BALLAST, ROOM = 30_000_000, 400_000


def test_a_full_disk_costs_nothing_but_time(quick: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    """Everything a run writes on a file system that fills up; once there is room, the same marks."""
    needs("bwrap")
    want, _ = quiet(quick, chain)
    small, again = tmp_path / "small", tmp_path / "again"
    small.mkdir()
    again.mkdir()
    size = sum(f.stat().st_size + 4096 for f in quick.work.rglob("*")) + BALLAST + ROOM
    resources = ["bwrap", "--dev-bind", "/", "/", "--size", str(size), "--tmpfs", str(small)]
    places = {"WORK": quick.work, "SMALL": small, "HOME_AGAIN": again, "PYTHON": sys.executable, "BALLAST": BALLAST}
    course = {"GRADSCHOOL_WORK_DIR": small / "work", "GRADSCHOOL_RELEASE": quick.release, "GRADSCHOOL_UNSANDBOXED": 1}
    env = {**os.environ, **{name: str(value) for name, value in {**places, **course}.items()}}
    done = subprocess.run([*resources, "sh", "-c", FULL_DISK], env=env)
    said = {f.name: f.read_text() for f in again.iterdir() if f.is_file()}
    assert done.returncode == 0, said
    assert [said["code1"].strip(), said["code2"].strip()] == ["1", "0"], said
    assert len(said["err1"].strip().splitlines()) == 1, said["err1"]
    assert "full" in said["err1"], said["err1"]
    assert state(CourseDirectory(again / "work", quick.release), chain) == want


def test_a_locked_gradebook_is_waited_for_or_named(quick: CourseDirectory, chain: Chapter) -> None:
    want, _ = quiet(quick, chain)
    lock = sqlite3.connect(quick.work / "gradebook.db", isolation_level=None)
    lock.execute("begin exclusive")
    process = start(quick)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "locked" in err
    assert len(err.strip().splitlines()) == 1, err
    lock.execute("rollback")
    lock.close()
    process = start(quick)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert state(quick, chain) == want


def test_resubmission_replaces_and_marks_by_hand_stay(quick: CourseDirectory, chain: Chapter) -> None:
    start(quick).communicate(timeout=PATIENCE)
    counted = next(e for e in entries("chain").values() if not e.warm_up)
    name = counted.exercise.grade_id
    where = (chain.notebook, chain.assignment_id, "student-3")
    with Gradebook(quick.db_url, "gradschool") as book:
        book.find_grade(name, *where).manual_score = 0.5
        book.find_comment(f"{name}-solution", *where).manual_comment = "kept"
        book.db.commit()
    file = quick.notebook_path(quick.submitted, "student-3", chain)
    again = nbformat.read(file, as_version=4)
    again.cells[0].source = "x" * 9
    nbformat.write(again, file)
    start(quick).communicate(timeout=PATIENCE)
    with Gradebook(quick.db_url, "gradschool") as book:
        grade = book.find_grade(name, *where)
        assert (grade.manual_score, grade.needs_manual_grade) == (0.5, True)
        assert book.find_comment(f"{name}-solution", *where).manual_comment == "kept"
        assert len([s for s in book.assignment_submissions(chain.assignment_id) if s.student_id == "student-3"]) == 1
        scores = {g.name: g.auto_score for g in book.find_submission_notebook(*where).grades}
    assert scores[name] == pytest.approx(counted.marks * 0.9)
