"""The gradebook: opened by its address (SQLite, or PostgreSQL), written by one grader at a time.

nbgrader's own class does the work. This module adds what it lacks: one clear sentence for every address that does not
lead to a gradebook, and a lock of the gradebook itself, so that graders on several machines may share it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Base, Course, Gradebook
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import URL, Engine, create_engine, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.file_lock import try_lock
from grader.settings import DB_VARIABLE
from grader.text import MOST_NAME, plain

COURSE = "gradschool"
LOCK = 0x67726164_73636830  # one number for every grader: PostgreSQL's advisory locks are named by numbers
VERSION = "alembic_version"  # the table that says which nbgrader's tables these are
PATIENCE = 60.0  # seconds that one grader waits for another; one entry takes some hundredths of a second
CONNECT = 10  # seconds for a server to answer
SAY = "say sqlite:///FOLDER/gradebook.db or postgresql://USER@HOST/DATABASE"


def address(course: CourseDirectory | str) -> URL:
    """Parse a gradebook's address; raise GraderError, which never shows the password, if it is none."""
    try:
        url = make_url(course if isinstance(course, str) else course.db_url)
        kind = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise GraderError(_NO_URL) from None
    if "@" in (url.host or ""):  # the rest of a password that has an @ of its own
        raise GraderError(_NO_URL)
    if kind not in ("sqlite", "postgresql"):
        raise GraderError(f"A gradebook cannot live in {kind}: {SAY}.")
    if not url.database:
        raise GraderError(f"The gradebook's address {redacted_url(url)} names no database: {SAY}.")
    return url


_NO_URL = (
    f"The gradebook's address (--db, {DB_VARIABLE}) is not a URL: {SAY}, "
    "with @ and % of a password written as %40 and %25."
)


def redacted_url(url: URL) -> str:
    """Return an address as it may be shown to anybody: no password, and nothing of what follows a question mark."""
    return url.set(drivername=url.get_backend_name(), query={}).render_as_string(hide_password=True)


@contextlib.contextmanager
def open_gradebook(course: CourseDirectory | str) -> Iterator[Gradebook]:
    """Open the gradebook of a course directory, or at an address; it is made on first use."""
    url = address(course)
    find_own_programs()
    with engine_of(url) as engine, gradebook_lock(engine):
        try:
            _make_whole(engine)
            book = Gradebook(url.render_as_string(hide_password=False), COURSE)
        except DBAPIError as error:
            raise GraderError(_why(url, error)) from None
    try:
        yield book
    finally:
        book.close()


def _make_whole(engine: Engine) -> None:
    """Make nbgrader's tables with their version, in one transaction: nbgrader itself makes them one by one.

    Tables without a version and without a row are what a process left that was killed while it made them.
    """
    names = set(inspect(engine).get_table_names())
    ours = [t for t in Base.metadata.sorted_tables if t.name in names]
    with engine.begin() as writing:
        if engine.dialect.name == "sqlite":
            writing.execute(text("BEGIN IMMEDIATE"))  # Python's driver begins nothing by itself before it writes rows
        versions = writing.execute(text("SELECT count(*) FROM alembic_version")).scalar() if VERSION in names else 0
        filled = [t for t in ours if t is not Course.__table__ and writing.execute(select(t).limit(1)).first()]
        if versions or filled or names - {VERSION, *(t.name for t in ours)}:
            return
        Base.metadata.create_all(writing)
        writing.execute(text(f"CREATE TABLE IF NOT EXISTS {VERSION} (version_num VARCHAR(32) NOT NULL)"))
        statement = text(f"INSERT INTO {VERSION} (version_num) VALUES (:version)")
        writing.execute(statement, {"version": tables_version()})


def tables_version() -> str:
    """Return the version of nbgrader's tables as alembic reads it; nbgrader starts a program of three seconds."""
    from alembic.script import ScriptDirectory

    (head,) = ScriptDirectory(ALEMBIC_DIR).get_heads()
    return head


def find_own_programs() -> None:
    """Put this environment's programs on the PATH: nbgrader starts alembic by name, also when it is not activated."""
    own = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", "")
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, path])


@contextlib.contextmanager
def engine_of(url: URL) -> Iterator[Engine]:
    """Make an engine that is known to reach its database; raise GraderError if it does not."""
    timeout = {"connect_timeout": CONNECT} if url.get_backend_name() == "postgresql" else {}
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=timeout)
        engine.connect().close()
    except ImportError:
        raise GraderError("A gradebook on PostgreSQL needs its driver: `pip install -e '.[postgres]'`.") from None
    except DBAPIError as error:
        raise GraderError(_why(url, error)) from None
    try:
        yield engine
    finally:
        engine.dispose()


def _why(url: URL, error: DBAPIError) -> str:
    """Say what is wrong, and what to do about it, by what the database said."""
    said = " ".join(str(error.orig).split())
    name, user = redacted_url(url), url.username or "your user"
    for words, sentence in (
        ("unable to open", f"The gradebook {name} cannot be opened: make its folder, with the right to write there."),
        ("not a database", f"{name} is a file that holds no gradebook: name another."),
        ("password", f"{name} refuses the password of {user}: fix it in the URL, in PGPASSWORD or in ~/.pgpass."),
        (
            r"role .* does not exist",
            f"{name} knows no user {user}: `createuser {user}` makes one, or name another.",
        ),
        (r"database .* does not exist", f"There is no database {name}: `createdb -O {user} {url.database}` makes it."),
        ("permission denied", f"{user} may not make tables in {name}: let {user} own the database."),
        ("too many", f"{name} has no connection left: end other programs, or raise its max_connections."),
    ):
        if re.search(words, said):
            return sentence
    if isinstance(error, OperationalError) and url.get_backend_name() == "postgresql":
        return f"No PostgreSQL answers at {name}: start the server, or mend the host and port. It said: {said[-160:]}"
    return f"The gradebook {name} does not answer ({said[:160]}). Fix it and run again."


@contextlib.contextmanager
def write_transaction(book: Gradebook) -> Iterator[None]:
    """Hold the gradebook's lock while writing; afterwards no transaction is left open, whatever happened inside.

    nbgrader looks whether a student or a submission is there, and then makes it: two graders could both see nothing.
    """
    with gradebook_lock(book.engine):
        try:
            yield
        finally:
            book.db.rollback()  # ends what was only read; what was written is committed by now


def enter_student(book: Gradebook, student: str) -> None:
    """Enter a student, with the id for a name if there is none: nbgrader's pages call the nameless "None, None"."""
    known = book.update_or_create_student(student)
    if not (known.first_name or known.last_name):
        known.first_name, known.last_name = "", student
        book.db.commit()


def display_name(student: Any) -> str:
    """Return a student's name as a person says it, or the id; an LMS's file may have brought any text."""
    names = [str(name) for name in (student.first_name, student.last_name) if name]
    return plain(" ".join(names) or student.id, MOST_NAME)


@contextlib.contextmanager
def gradebook_lock(engine: Engine) -> Iterator[None]:
    """Hold the gradebook's lock, which ends with the process; raise GraderError after a minute of waiting."""
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(engine.url.database or "").resolve()):
            yield
        return
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = {int(PATIENCE * 1000)}"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        except OperationalError as error:
            raise GraderError(_BUSY if "lock timeout" in str(error.orig) else _why(engine.url, error)) from None
        connection.commit()  # the lock is the connection's: no transaction stays open under it
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            connection.commit()


_BUSY = "Another grader has been writing to this gradebook for a minute: wait until it ends, and run again."


@contextlib.contextmanager
def _file_lock(database: Path) -> Iterator[None]:
    """Hold the lock of an SQLite gradebook: a file beside the database."""
    with open(database.with_name(f".{database.name}.lock"), "a", encoding="utf-8") as lock:
        until = time.monotonic() + PATIENCE
        while not try_lock(lock):
            if time.monotonic() > until:
                raise GraderError(_BUSY)
            time.sleep(0.02)
        yield
