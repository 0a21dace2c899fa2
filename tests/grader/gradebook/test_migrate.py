"""Moving a gradebook from one database to another, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import get_alembic_version
from sqlalchemy import Engine, event, text

from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook import connection, migrate
from grader.gradebook.connection import open_gradebook
from tests.support.class_without_kernels import grade, hand_in
from tests.support.gradebooks import by_hand, exported, grader
from tests.support.postgres_server import Server

pytestmark = pytest.mark.slow


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
from grader.gradebook import connection, migrate
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


def killed_at(statement: int, url: str) -> bool:
    """Make a gradebook in a process that is killed after so many statements, and return whether it was."""
    if (child := os.fork()) == 0:
        left = [statement]

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "after_cursor_execute", count)
        try:
            students_in(url)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_killed_while_the_target_is_made_it_can_be_made_all_the_same(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every fourth statement on SQLite, after some on PostgreSQL."""
    connection.find_own_programs()
    head = get_alembic_version()
    assert connection.tables_version() == head
    monkeypatch.setattr(connection, "tables_version", lambda: head)
    for new, each in ((lambda: f"sqlite:///{tmp_path / os.urandom(8).hex()}.db", 4), (server.new, 17)):
        statement = 1
        while killed_at(statement, url := new()):
            assert students_in(url) == 0
            with migrate.engine_of(migrate.address(url)) as engine, engine.connect() as reading:
                assert reading.execute(text(migrate.VERSION)).scalar_one() == head
            statement += each
        assert statement > 20


@pytest.mark.parametrize("left", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
def test_what_an_older_grader_left_unfinished_is_moved_into(
    moved_from: CourseDirectory, tmp_path: Path, left: str
) -> None:
    target = f"sqlite:///{tmp_path / 'half.db'}"
    with open_gradebook(target) as book:
        book.db.execute(text(left))
        book.db.execute(text("DROP TABLE comment"))
        book.db.commit()
    assert migrate.migrate(moved_from.db_url, target).students == 4
    with open_gradebook(moved_from) as book:  # with work in it, it is no unfinished one, and left alone
        book.db.execute(text(left))
        book.db.commit()
    with open_gradebook(moved_from) as book:
        assert len(book.students) == 4
        assert book.db.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")).scalar() == (
            0 if left.startswith("DROP") else 1
        )


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
