"""A PostgreSQL server of the tests' own, and a course directory whose gradebook is on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.course import Chapter, CourseDirectory
from grader.publish.build import build
from tests.support.postgres_server import Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def remote(course: CourseDirectory, chain: Chapter, server: Server) -> CourseDirectory:
    """A course directory whose gradebook is a database of its own, with chapter 1 built."""
    there = replace(course, db=server.new())
    build(chain, there)
    return there
