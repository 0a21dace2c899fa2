"""Fixtures that all tests share: a course directory of its own for each test, with the release built once."""

from __future__ import annotations

import functools
import gc
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
from grader.execution import fork_client
from grader.publish.build import build
from tests.support.kept_fork_server import KeptForkServer
from tests.support.lms_class import NAMES, by

# Whoever starts the tests in the background may have Ctrl-C ignored, and what the tests start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests make little that the collector must find; with Python's own 700, it took a sixth of the examiner's tests' time.
gc.set_threshold(10_000, 10, 10)

HERE = Path(__file__).resolve().parent
# The files that take longest, in this order: half a minute and more.
LONGEST = (
    "grader/publish/test_site_in_browser.py",
    "grader/redteam/test_redteam.py",
    "grader/audit/test_bounded_audit.py",
    "grader/audit/test_known_mistakes.py",
    "browser/test_student_lesson.py",
    "grader/executors/test_dask.py",
    "integration/test_killed_runs.py",
    "integration/test_class.py",
    "grader/execution/test_fork_server.py",
    "grader/execution/test_canary.py",
    "grader/sandbox/test_hidden_exercises.py",
    "integration/test_end_to_end.py",
    "browser/test_lite.py",
    "integration/test_questions.py",
    "gradschool/diagnosis/test_explain_on_bank.py",
    "browser/test_instructor_pages.py",
    "gradexaminer/test_injected_faults.py",
    "grader/gradebook/test_postgres.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin, then those with most slow tests: no worker of ``--dist loadfile`` ends with one.

    A file stays on one worker: its tests share a server, a browser or a class, and some go on where the one before
    ended.
    """
    rank = {HERE / file: k for k, file in enumerate(LONGEST)}
    assert all(file.is_file() for file in rank), "a file of LONGEST is gone or has another name"
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (rank.get(item.path, len(rank)), -slow[item.path]))


def pytest_collection_finish() -> None:
    """Let the collector leave alone what was imported and collected: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _tables_version_asked_once() -> Iterator[None]:
    """nbgrader starts a program of two seconds, for each new gradebook, to learn the version of its own tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", functools.cache(api.get_alembic_version))
        yield


@pytest.fixture(scope="module")
def one_fork_server() -> Iterator[None]:
    """Runs of the grader in this process share a fork server, which stays from one to the next."""
    kept = KeptForkServer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fork_client, "shared_fork_server", kept.share)
        yield
    kept.end()


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
