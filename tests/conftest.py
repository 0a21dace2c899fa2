"""Fixtures that all tests share: a course directory of its own for each test, with the release built once."""

from __future__ import annotations

import functools
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grader  # noqa: F401  # isort: skip  # before any test imports jsonschema: see there

from nbgrader import api

from grader.course import Chapter, CourseDirectory, chapter
from grader.publish.build import build
from tests.support.lms_class import NAMES, by

# Whoever starts the tests in the background may have Ctrl-C ignored, and what the tests start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files with the most slow tests begin, so that neither worker of ``--dist loadfile`` ends with a long one.

    A file stays on one worker: its tests share a server, a browser or a class, and some go on where the one before
    ended.
    """
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session", autouse=True)
def _tables_version_asked_once() -> Iterator[None]:
    """nbgrader starts a program of two seconds, for each new gradebook, to learn the version of its own tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", functools.cache(api.get_alembic_version))
        yield


@pytest.fixture(scope="session")
def chain() -> Chapter:
    """Chapter 1."""
    return chapter("chain")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, chain: Chapter) -> CourseDirectory:
    """Return a course directory with chapter 1 built; tests copy it rather than write into it."""
    folder = tmp_path_factory.mktemp("built")
    course = CourseDirectory(folder / "work", folder / "course")
    build(chain, course)
    return course


@pytest.fixture
def course(built: CourseDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CourseDirectory:
    """Return a built course directory of this test's own, named in the environment for commands that it starts."""
    shutil.copytree(built.work, tmp_path / "work")
    shutil.copytree(built.release, tmp_path / "course")
    monkeypatch.setenv("GRADSCHOOL_WORK_DIR", str(tmp_path / "work"))
    monkeypatch.setenv("GRADSCHOOL_RELEASE", str(tmp_path / "course"))
    return CourseDirectory(tmp_path / "work", tmp_path / "course")


@pytest.fixture(scope="session")
def blank(built: CourseDirectory, chain: Chapter) -> bytes:
    """Chapter 1 as handed out."""
    return (built.release / chain.assignment_id / f"{chain.notebook}.ipynb").read_bytes()


@pytest.fixture
def work(blank: bytes) -> dict[str, bytes]:
    """A class of four, each notebook a little different from the others."""
    return {name: by(blank, name) for name in NAMES}
