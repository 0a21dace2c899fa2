"""The gradebook on PostgreSQL: a real server, the marks of SQLite, several graders at once, moved there and back."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory as NbgraderDirectory
from sqlalchemy import create_engine, text
from traitlets.config import Config

from grader import sample_class
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook import connection as gradebooks
from grader.gradebook import migrate
from grader.gradebook.connection import gradebook_lock, open_gradebook, write_transaction
from grader.nbgrader_bridge.setup import configure
from grader.publish.build import build
from grader.publish.marks import export_csv
from tests.support.class_without_kernels import grade, hand_in
from tests.support.postgres_server import Server, running
from tests.support.quick_kernels import QUICK

pytestmark = pytest.mark.slow

STUDENTS = 10


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def remote(course: CourseDirectory, chain: Chapter, server: Server) -> CourseDirectory:
    """A house whose gradebook is a database of its own, with chapter 1 built."""
    there = replace(course, db=server.new())
    build(chain, there)
    return there


def grader(course: CourseDirectory, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``python -m grader`` for this house."""
    done = subprocess.run(
        [sys.executable, "-m", "grader", *words], cwd=ROOT, env=env(course), capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def env(course: CourseDirectory) -> dict[str, str]:
    places = {"GRADSCHOOL_WORK_DIR": course.work, "GRADSCHOOL_RELEASE": course.release, "GRADSCHOOL_DB": course.db}
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


def exported(course: CourseDirectory, chain: Chapter) -> bytes:
    """The marks as the office gets them."""
    file = course.work.parent / "exported.csv"
    export_csv(course, [chain], file)
    return file.read_bytes()


def by_hand(course: CourseDirectory, chain: Chapter, student: str, points: float, words: str) -> None:
    """What a person enters in the formgrader: marks and a comment for the written answer."""
    where = (chain.notebook, chain.assignment_id, student)
    with open_gradebook(course) as book:
        book.find_grade("chain-reflection", *where).manual_score = points
        book.find_comment("chain-reflection", *where).manual_comment = words
        book.db.commit()


def test_a_class_in_real_kernels_has_the_marks_it_has_on_sqlite(
    course: CourseDirectory, chain: Chapter, server: Server, tmp_path: Path
) -> None:
    """Build, grade, mark by hand, grade again after a resubmission, feedback, export: by command, on both."""
    sample_class.fill_class(course, chain, mistaken=1, misbehaving=False)
    for name in ("alternative", "alternative-2", "renamed"):
        shutil.rmtree(course.submitted / name)
    there = replace(course, db=server.new())
    grader(there, "build", "chain")
    grader(there, "autograde", "chain")
    file = course.notebook_path(course.submitted, "untouched", chain)
    file.write_bytes(course.notebook_path(course.submitted, "perfect", chain).read_bytes())
    by_hand(there, chain, "untouched", 4, "Well seen.")
    grader(there, "autograde", "chain")
    grader(there, "feedback", "chain")
    assert "Well seen." in (course.feedback / "untouched" / chain.assignment_id / f"{chain.notebook}.html").read_text()
    grader(there, "export", "chain", "--to", str(tmp_path / "there.csv"))
    rows = list(csv.DictReader((tmp_path / "there.csv").open()))
    assert {r["student"] for r in rows} == {"perfect", "untouched", "mistaken-1", "damaged"}
    assert [r["score"] for r in rows if (r["student"], r["exercise"]) == ("untouched", "chain-reflection")] == ["4.0"]
    # The same class into SQLite: what is graded is entered there without being run again.
    grader(course, "autograde", "chain", "--db", course.db_url)
    by_hand(course, chain, "untouched", 4, "Well seen.")
    grader(course, "autograde", "chain", "--student", "untouched", "--force", "--db", course.db_url)
    grader(course, "export", "chain", "--to", str(tmp_path / "here.csv"), "--db", course.db_url)
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()
    plain = [
        Path(sys.executable).with_name("nbgrader"),
        "autograde",
        chain.assignment_id,
        "--student",
        "mistaken-1",
        "--force",
    ]
    done = subprocess.run(plain, cwd=ROOT / "grader", env=env(there), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert exported(there, chain) == (tmp_path / "there.csv").read_bytes()


def test_what_is_marked_by_hand_survives_a_regrade(remote: CourseDirectory, chain: Chapter) -> None:
    hand_in(remote, chain, "ada", 5, "A thought.")
    grade(remote, chain)
    by_hand(remote, chain, "ada", 2.5, "kept")
    hand_in(remote, chain, "ada", 9, "A second thought.")
    (result,) = grade(remote, chain)
    assert result.status == "graded"
    with open_gradebook(remote) as book:
        where = (chain.notebook, chain.assignment_id, "ada")
        written = book.find_grade("chain-reflection", *where)
        assert (written.manual_score, written.needs_manual_grade) == (2.5, True)  # a person looks again
        assert book.find_comment("chain-reflection", *where).manual_comment == "kept"
        assert book.find_grade("chain-adam-step", *where).auto_score == pytest.approx(
            0.9 * book.find_grade("chain-adam-step", *where).max_score
        )


def test_the_formgraders_pages_find_everything_on_postgresql(
    remote: CourseDirectory, course: CourseDirectory, chain: Chapter
) -> None:
    """Its lists are made of SQL that was written for SQLite: both must say the same."""
    build(chain, course)
    for student, tenths in (("ada", 3), ("bob", 10)):
        hand_in(course, chain, student, tenths)
    assert pages(remote, chain) == pages(course, chain)


RANDOM = ("id", "index")  # nbgrader lists submissions by random ids, so that nobody knows whom they grade


def pages(course: CourseDirectory, chain: Chapter) -> list:
    """What the formgrader's lists show, but for what is random."""
    grade(course, chain, force=True)
    config = configure(Config(), course)
    lists = NbGraderAPI(NbgraderDirectory(config=config), config=config)
    found = [
        lists.get_assignments(),
        lists.get_notebooks(chain.assignment_id),
        lists.get_submissions(chain.assignment_id),
        lists.get_notebook_submissions(chain.assignment_id, chain.notebook),
        lists.get_students(),
        lists.get_student_submissions("ada"),
        lists.get_student_notebook_submissions("ada", chain.assignment_id),
    ]
    lists.gradebook.close()
    return [
        sorted(repr([(k, _rounded(v)) for k, v in row.items() if k not in RANDOM]) for row in rows) for rows in found
    ]


def _rounded(value: object) -> object:
    """A sum in another order ends in another last digit."""
    return round(value, 9) if isinstance(value, float) else value


# Several graders at once


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


# An address that leads nowhere


SECRET = "sesame-4711"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("gradebook.db", "is not a URL: say sqlite:///FOLDER/gradebook.db or postgresql://USER@HOST/DATABASE"),
        (f"postgresql://ada:p@{SECRET}@127.0.0.1/x", "is not a URL"),  # an @ of the password's own
        (f"postgresql://ada:{SECRET}@127.0.0.1:http/x", "is not a URL"),
        (f"mysql://ada:{SECRET}@127.0.0.1/x", "cannot live in mysql"),
        (f"postgresql://ada:{SECRET}@127.0.0.1/", "names no database"),
        (
            f"postgresql://ada:{SECRET}@127.0.0.1:1/x?password={SECRET}",
            "No PostgreSQL answers at postgresql://ada:***@",
        ),
        ("sqlite:////no-such-folder/gradebook.db", "cannot be opened: make its folder"),
        ("sqlite://", "names no database"),
        ("sqlite:///PAPER", "holds no gradebook"),
        (f"postgresql://ada:{SECRET}@/walled?host=SERVER", "refuses the password of ada"),
        ("postgresql://ada@/walled?host=SERVER", "refuses the password of ada"),
        ("postgresql://stranger@/postgres?host=SERVER", "knows no user stranger: `createuser stranger`"),
        ("postgresql://grader@/nowhere?host=SERVER", "There is no database postgresql://grader@/nowhere: `createdb"),
        ("postgresql://guest@/postgres?host=SERVER", "guest may not make tables"),
    ],
)
def test_an_address_that_does_not_open_gets_one_sentence_and_no_password(
    address: str, sentence: str, server: Server, tmp_path: Path
) -> None:
    paper = tmp_path / "paper"
    paper.write_text("no gradebook", encoding="utf-8")
    address = address.replace("SERVER", str(server.folder)).replace("PAPER", str(paper))
    with (
        pytest.raises(GraderError) as trouble,
        open_gradebook(CourseDirectory(Path(), Path(), address)),
    ):
        pass
    assert sentence in str(trouble.value)
    assert SECRET not in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert trouble.value.__cause__ is None  # whose text might show what ours hides


def test_a_right_password_opens(server: Server) -> None:
    with open_gradebook(
        CourseDirectory(Path(), Path(), f"postgresql://ada:p%40ss/w%25rd@/walled?host={server.folder}")
    ) as book:
        assert book.course_id == "gradschool"


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(GraderError, match=r"pip install -e '\.\[postgres\]'"),
        open_gradebook("postgresql+psycopg://a@127.0.0.1/b"),
    ):
        pass


def test_a_command_ends_with_the_sentence_and_one(course: CourseDirectory, server: Server) -> None:
    """Whatever it is that opens the gradebook: nothing else is said, and the password nowhere."""
    closed = f"postgresql://ada:{SECRET}@/walled?host={server.folder}"
    for words in (["export", "chain", "--db", closed], ["migrate-gradebook", "--to", closed]):
        done = grader(course, *words, code=1)
        assert done.stderr.startswith("grader: postgresql://ada:***@/walled refuses the password of ada")
        assert len(done.stderr.splitlines()) == 1
        assert SECRET not in done.stdout + done.stderr


# Moving


@pytest.fixture
def moved_from(course: CourseDirectory, chain: Chapter) -> CourseDirectory:
    """A class on SQLite with everything in it: marks of both kinds, comments, a deadline, an extension, a late one."""
    for k in range(4):
        hand_in(course, chain, f"student-{k}", 3 * k, "Ein Gedanke: ∂L/∂w, 'quoted'.")
    grade(course, chain)
    by_hand(course, chain, "student-1", 3.1, "Schön, 李明!\nA second line.")
    with open_gradebook(course) as book:
        book.update_or_create_assignment(chain.assignment_id, duedate="2026-10-01 12:00:00.123456 UTC")
        book.update_or_create_submission(chain.assignment_id, "student-2", timestamp="2026-10-02 08:00:00 UTC")
        book.grant_extension(chain.assignment_id, "student-2", hours=5)
        late = book.find_submission_notebook(chain.notebook, chain.assignment_id, "student-2")
        late.late_submission_penalty, late.flagged = 0.1 + 0.2, True  # a float that no decimal short of 17 digits holds
        book.update_or_create_student("student-3", first_name="Zoë", last_name="O'Neill", email="z@example.org")
        book.db.commit()
    return course


def content(course: CourseDirectory, url: str, chain: Chapter) -> tuple:
    """Everything in a gradebook, in no order of the database's, and what is exported of it."""
    with (
        migrate.engine_of(migrate.address(CourseDirectory(Path(), Path(), url).db_url)) as engine,
        engine.connect() as reading,
    ):
        rows = {t.name: sorted(map(repr, map(tuple, reading.execute(t.select())))) for t in migrate.TABLES}
    return rows, exported(replace(course, db=url), chain)


def test_there_and_back_again_nothing_is_lost(
    moved_from: CourseDirectory, chain: Chapter, server: Server, tmp_path: Path
) -> None:
    there, back = server.new(), f"sqlite:///{tmp_path / 'back.db'}"
    before = content(moved_from, moved_from.db_url, chain)
    file = hashlib.sha256((moved_from.work / "gradebook.db").read_bytes()).digest()
    grader(moved_from, "migrate-gradebook", "--to", there)
    assert content(moved_from, there, chain) == before
    done = grader(moved_from, "migrate-gradebook", "--from", there, "--to", back)
    assert "4 students, 4 submissions" in done.stdout
    assert content(moved_from, back, chain) == before
    assert hashlib.sha256((moved_from.work / "gradebook.db").read_bytes()).digest() == file
    (late,) = [r for r in before[0]["submitted_notebook"] if "0.30000000000000004" in r]
    assert "True" in late
    assert server.sql("SELECT count(*) FROM pg_sequences", database=there.split("/")[3].split("?")[0]) == [(0,)]
    hand_in(moved_from, chain, "student-0", 10)  # and the new gradebook is one to go on with
    again = {r.student: r.status for r in grade(replace(moved_from, db=there), chain)}
    assert again == {"student-0": "graded", **{f"student-{k}": "unchanged" for k in (1, 2, 3)}}


def test_only_an_empty_gradebook_is_moved_into_and_only_from_one(
    moved_from: CourseDirectory, chain: Chapter, server: Server
) -> None:
    url = server.new()
    with open_gradebook(CourseDirectory(Path(), Path(), url)) as book:
        book.update_or_create_student("somebody")
    with pytest.raises(GraderError, match=r"is not empty \(it has rows in student\)"):
        migrate.migrate(moved_from.db_url, url)
    with pytest.raises(GraderError, match="There is no gradebook"):
        migrate.migrate("sqlite:////no-such-folder/x.db", server.new())
    with pytest.raises(GraderError, match="There is no gradebook"):
        migrate.migrate(server.new(), server.new())
    with pytest.raises(GraderError, match="is where the gradebook is already"):
        migrate.migrate(url, url)


def test_a_gradebook_of_another_version_is_not_moved(moved_from: CourseDirectory, server: Server) -> None:
    with open_gradebook(moved_from) as book:
        book.db.execute(text("UPDATE alembic_version SET version_num = 'older'"))
        book.db.commit()
    with pytest.raises(GraderError, match="`nbgrader db upgrade`"):
        migrate.migrate(moved_from.db_url, server.new())


def students_in(url: str) -> int:
    with open_gradebook(CourseDirectory(Path(), Path(), url)) as book:
        return len(book.students)


def test_killed_in_the_middle_nothing_has_arrived(
    moved_from: CourseDirectory, chain: Chapter, server: Server, tmp_path: Path
) -> None:
    there, back = server.new(), f"sqlite:///{tmp_path / 'back.db'}"
    for source, target in ((moved_from.db_url, there), (there, back)):
        script = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from grader.gradebook import migrate
rows = migrate._rows
def some(connection, table, into):
    for found in rows(connection, table, into):
        yield found
        if table.name == "grade":
            os.kill(os.getpid(), 9)
migrate._rows = some
migrate.migrate({source!r}, {target!r})
"""
        assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == -signal.SIGKILL
        assert students_in(target) == 0
        assert migrate.migrate(source, target).students == 4
    assert content(moved_from, back, chain) == content(moved_from, moved_from.db_url, chain)


def test_what_does_not_fit_or_does_not_arrive_moves_nothing(
    moved_from: CourseDirectory, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, insert = server.new(), migrate.Sum.add
    monkeypatch.setattr(migrate.Sum, "add", lambda found, row: insert(found, [*row, time.perf_counter()]))
    with pytest.raises(GraderError, match="did not arrive as they were"):
        migrate.migrate(moved_from.db_url, url)
    monkeypatch.undo()
    with open_gradebook(moved_from) as book:
        book.update_or_create_student("x" * 200)  # SQLite does not mind
    with pytest.raises(GraderError, match=r"A row of student does not fit \(value too long"):
        migrate.migrate(moved_from.db_url, url)
    assert students_in(url) == 0
