"""Migrating a gradebook: every table of one database into an empty one, in one transaction, compared afterwards.

The source is only read. Whatever goes wrong on the way, the target is as empty as before. nbgrader's tables name their
rows by random ids, so PostgreSQL has no counters to set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import fsum
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Base, Course, Grade, Student, SubmittedAssignment
from sqlalchemy import URL, Connection, Table, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import address, engine_of, gradebook_lock, open_gradebook, redacted_url

TABLES: list[Table] = Base.metadata.sorted_tables  # each after those that it points to
VERSION = "SELECT version_num FROM alembic_version"
ROWS = 500  # at once, so that memory does not grow with the class


@dataclass
class Sum:
    """A table's content in two numbers: its rows, and a digest that does not depend on their order."""

    rows: int = 0
    digest: int = 0

    def add(self, row: Iterable[Any]) -> None:
        """Add one row."""
        self.rows += 1
        digest = hashlib.sha256(repr(tuple(row)).encode("utf-8", "surrogatepass")).digest()
        self.digest = (self.digest + int.from_bytes(digest[:16], "big")) % 2**128


@dataclass(frozen=True)
class MigrationSummary:
    """Counts of what was migrated. ``points`` sums all marks, those given by hand in place of the automatic ones."""

    assignments: int
    students: int
    submissions: int
    grades: int
    points: float
    rows: dict[str, int] = field(default_factory=dict)


def migrate(source: str, target: str) -> MigrationSummary:
    """Copy the gradebook at one address to another.

    Raises
    ------
    GraderError
        If that cannot be done in full; then nothing was changed.
    """
    here, there = (address(CourseDirectory(Path(), Path(), url).db_url) for url in (source, target))
    if here == there:
        raise GraderError(f"{redacted_url(here)} is where the gradebook is already: name another with --to.")
    _require_existing(here)
    with ExitStack() as stack:
        origin = stack.enter_context(engine_of(here))
        stack.enter_context(gradebook_lock(origin))
        reading = stack.enter_context(origin.connect())
        version = _version(reading, here)
        book = stack.enter_context(open_gradebook(there.render_as_string(hide_password=False)))
        stack.enter_context(gradebook_lock(book.engine))
        with book.engine.begin() as writing:
            _require_empty(writing, version, there)
            return _copy(reading, writing, here)


def _require_existing(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise GraderError(f"There is no gradebook {redacted_url(url)}: name the one to move with --from.")


def _version(reading: Connection, url: URL) -> str:
    """Return the version of the source's tables, and begin a transaction that reads it as it stands at this moment."""
    if not inspect(reading).has_table("alembic_version"):
        raise GraderError(f"There is no gradebook in {redacted_url(url)}: name the one to move with --from.")
    reading.rollback()
    if reading.dialect.name == "sqlite":
        reading.execute(text("BEGIN"))  # Python's driver begins nothing by itself before it writes
    else:
        reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    return str(reading.execute(text(VERSION)).scalar_one())


def _require_empty(writing: Connection, version: str, url: URL) -> None:
    full = [t.name for t in TABLES if t is not Course.__table__ and writing.scalar(select(func.count()).select_from(t))]
    if full:
        raise GraderError(
            f"The gradebook {redacted_url(url)} is not empty (it has rows in {', '.join(full)}): name an empty one."
        )
    if (own := str(writing.execute(text(VERSION)).scalar_one())) != version:
        raise GraderError(
            f"The gradebook to move is of another nbgrader (its tables have version {version}, and not {own}): "
            "`nbgrader db upgrade` brings it up to date."
        )
    writing.execute(Course.__table__.delete())  # opening it wrote the course's name


def _copy(reading: Connection, writing: Connection, url: URL) -> MigrationSummary:
    sums = {}
    for table in TABLES:
        read = Sum()
        try:
            for rows in _rows(reading, table, read):
                writing.execute(table.insert(), rows)
        except DBAPIError as error:
            why = " ".join(str(error.orig).split())[:200]
            raise GraderError(f"A row of {table.name} does not fit ({why}): fix it in {redacted_url(url)}.") from None
        sums[table.name] = read
    for table in TABLES:
        arrived = Sum()
        for _ in _rows(writing, table, arrived):
            pass
        if arrived != sums[table.name]:
            raise GraderError(f"The rows of {table.name} did not arrive as they were; nothing was changed.")
    return _summary(writing, {name: found.rows for name, found in sums.items()})


def _rows(connection: Connection, table: Table, into: Sum) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table in lists of at most ``ROWS``, and add each to a sum."""
    query = select(table).execution_options(yield_per=ROWS)
    for rows in connection.execute(query).partitions():
        for row in rows:
            into.add(row)
        yield [dict(row._mapping) for row in rows]


def _summary(writing: Connection, rows: dict[str, int]) -> MigrationSummary:
    points = fsum(float(score) for score in writing.scalars(select(Grade.score)))
    kinds = {"assignments": Assignment, "students": Student, "submissions": SubmittedAssignment, "grades": Grade}
    counts = {name: rows[kind.__tablename__] for name, kind in kinds.items()}
    return MigrationSummary(**counts, points=points, rows=rows)
