"""Several graders at once share one gradebook, on either database."""

from __future__ import annotations

import csv
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy import create_engine

from grader.course import ROOT, Chapter, CourseDirectory
from grader.desk import marks
from grader.desk.questions import Question, find_question
from grader.errors import GraderError
from grader.gradebook import connection as gradebooks
from grader.gradebook.connection import gradebook_lock, open_gradebook, write_transaction
from tests.support.class_without_kernels import grade, hand_in
from tests.support.gradebooks import env, exported
from tests.support.postgres_server import Server
from tests.support.quick_kernels import QUICK

pytestmark = pytest.mark.slow

STUDENTS = 10


def start(course: CourseDirectory, folder: Path, *words: str) -> subprocess.Popen[str]:
    """Grade by the real command, but for the kernels."""
    script = folder / "quick.py"
    script.write_text(QUICK.format(root=str(ROOT)))
    command = [sys.executable, str(script), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=env(course), **pipes)  # type: ignore[call-overload]


def test_graders_with_folders_of_their_own_share_one_gradebook(
    remote: CourseDirectory, course: CourseDirectory, chain: Chapter, tmp_path: Path
) -> None:
    """Two commands with half of their students in common, and a person who marks while they run."""
    for k in range(STUDENTS):
        hand_in(course, chain, f"student-{k}", k, "A thought.")
    other = replace(remote, work=tmp_path / "other")
    shutil.copytree(course.submitted, other.submitted)
    for k in range(3):
        shutil.rmtree(course.submitted / f"student-{k}")
        shutil.rmtree(other.submitted / f"student-{STUDENTS - 1 - k}")
    runs = [start(h, tmp_path, "autograde", "chain", "--jobs", "1", "--force") for h in (remote, other)]
    marked: dict[str, int] = {}
    while any(run.poll() is None for run in runs):
        with Gradebook(remote.db_url, "gradschool") as book:
            for k in range(STUDENTS):
                try:
                    found = book.find_grade("chain-reflection", chain.notebook, chain.assignment_id, f"student-{k}")
                except MissingEntry:
                    continue
                found.manual_score = marked[f"student-{k}"] = marked.get(f"student-{k}", 0) + 1
                book.db.commit()
        time.sleep(0.05)
    words = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], words
    shutil.copytree(other.autograded, remote.autograded, dirs_exist_ok=True)
    rows = list(csv.DictReader(exported(remote, chain).decode().splitlines()))
    assert len({(r["student"], r["exercise"]) for r in rows}) == len(rows)
    for k in range(STUDENTS):
        mine = [r for r in rows if r["student"] == f"student-{k}"]
        wanted = [round(float(r["max_score"]) * k / 10, 2) for r in mine[:-1]]
        assert [float(r["score"]) for r in mine] == [*wanted, marked[f"student-{k}"]]


def at_once(n: int, job: Callable[[], Any]) -> list[Any]:
    """The same job in n threads at one moment: what each returned; what one of them raised is raised here."""
    ready = threading.Barrier(n)

    def start(_: int) -> Any:
        ready.wait()
        return job()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(start, range(n)))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_is_made_twice(
    kind: str, course: CourseDirectory, remote: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbgrader looks for a student and then makes one; here every look takes so long that all would see nobody."""
    where, look = (remote if kind == "postgresql" else course), Gradebook.find_student

    def slow_look(book: Gradebook, name: str) -> object:
        try:
            return look(book, name)
        finally:
            time.sleep(0.1)

    monkeypatch.setattr(Gradebook, "find_student", slow_look)

    def enter() -> None:
        with open_gradebook(where) as book, write_transaction(book):
            book.update_or_create_student("ada")
            book.update_or_create_submission(chain.assignment_id, "ada")

    at_once(3, enter)
    with open_gradebook(where) as book:
        assert [s.student_id for s in book.assignment_submissions(chain.assignment_id)] == ["ada"]


def one_answer(where: CourseDirectory, chain: Chapter) -> tuple[marks.Entry, Question]:
    """An answer that waits for a person, as two who open the marking desk see it."""
    hand_in(where, chain, "ada", 5, "A thought.")
    grade(where, chain)
    question = find_question(chain, "chain-reflection")
    (entry,) = marks.entries_of(where, question)
    assert entry.mark.waiting
    return entry, question


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_marks_at_one_moment_the_second_is_told_of_the_first(
    kind: str, course: CourseDirectory, remote: CourseDirectory, chain: Chapter
) -> None:
    """Two desks save points for one answer that both saw unmarked; then nbgrader's page comes in between, unlocked."""
    where = remote if kind == "postgresql" else course
    entry, question = one_answer(where, chain)
    points = iter((2.0, 5.0))

    def save() -> marks.Outcome:
        change = marks.Change(entry.key, entry.mark.version, next(points), "mine")
        return marks.save(where, question, [change])[0]

    second, first = sorted(at_once(2, save), key=lambda outcome: outcome.saved)
    assert (first.saved, second.saved) == (True, False)
    assert second.mark == first.mark == marks.entries_of(where, question)[0].mark
    assert first.mark.manual in (2.0, 5.0)

    def formgrader_first(book: Gradebook, *rest: Any) -> bool:
        with Gradebook(where.db_url, "gradschool") as other:
            other.find_grade_by_id(grade_id).manual_score = 4
            other.db.commit()
        return swap(book, *rest)

    swap = marks._swap
    with open_gradebook(where) as book:
        grade_id = book.find_grade("chain-reflection", chain.notebook, chain.assignment_id, "ada").id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "_swap", formgrader_first)
        (late,) = marks.save(where, question, [marks.Change(entry.key, first.mark.version, 1.0, "late")])
    assert (late.saved, late.mark.manual, late.mark.comment) == (False, 4.0, "mine")
    assert marks.save(where, question, [marks.Change(entry.key, late.mark.version, 1.0, "late")])[0].saved


def test_many_may_open_a_new_gradebook_at_the_same_moment(server: Server) -> None:
    """Making the tables is a race of its own."""
    url = server.new()

    def course() -> str:
        with open_gradebook(CourseDirectory(Path(), Path(), url)) as book:
            return book.course_id

    assert at_once(4, course) == ["gradschool"] * 4


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_lock_is_waited_for_and_dies_with_its_process(
    kind: str, course: CourseDirectory, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = course.db_url if kind == "sqlite" else CourseDirectory(Path(), Path(), server.new()).db_url
    held = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from grader.gradebook.connection import address, engine_of, gradebook_lock
with engine_of(address({url!r})) as engine, gradebook_lock(engine):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", held], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        engine = create_engine(url)
        monkeypatch.setattr(gradebooks, "PATIENCE", 0.3)
        with pytest.raises(GraderError, match="Another grader has been writing"), gradebook_lock(engine):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        monkeypatch.setattr(gradebooks, "PATIENCE", 20.0)
        with gradebook_lock(engine):
            pass
        engine.dispose()
