"""Each test file of kernels begins and ends without a fork server."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from nbformat import NotebookNode

from grader import sample_class
from grader.course import Chapter, CourseDirectory
from grader.execution.fork_client import fork_server_pool
from grader.notebooks.source import source_notebook


@pytest.fixture(autouse=True)
def _nothing_failed_before() -> None:
    fork_server_pool().failures, fork_server_pool().shared = 0, None


@pytest.fixture(scope="module", autouse=True)
def _no_server_stays() -> Iterator[None]:
    yield
    fork_server_pool().end()


@pytest.fixture
def solved(chain: Chapter, built: CourseDirectory) -> NotebookNode:
    """The release with every solution filled in."""
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source_notebook(chain).cells if "nbgrader" in c.metadata}
    released = nbformat.read(built.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)
    return sample_class.filled(released, chain, lambda e: cells[e.exercise.grade_id + "-solution"])
