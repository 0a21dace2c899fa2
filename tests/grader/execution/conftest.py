"""Each test file of kernels begins and ends without a fork server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.execution.fork_client import fork_server_pool


@pytest.fixture(autouse=True)
def _nothing_failed_before() -> None:
    fork_server_pool().failures, fork_server_pool().shared = 0, None


@pytest.fixture(scope="module", autouse=True)
def _no_server_stays() -> Iterator[None]:
    yield
    fork_server_pool().end()
