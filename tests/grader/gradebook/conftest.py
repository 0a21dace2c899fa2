"""A PostgreSQL server of the tests' own, and a course directory whose gradebook is on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from grader.course import Chapter, CourseDirectory
from grader.publish.build import build
from tests.support.postgres_server import Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def built_remotely(built: CourseDirectory, chain: Chapter, server: Server) -> str:
    """The name of a database with chapter 1 built, for each test to have one like it."""
    there = replace(built, db=server.new())
    build(chain, there)
    return str(make_url(there.db).database)


@pytest.fixture
def remote(course: CourseDirectory, server: Server, built_remotely: str) -> CourseDirectory:
    """A course directory whose gradebook is a database of its own, with chapter 1 built."""
    return replace(course, db=server.new(like=built_remotely))
