"""One fork server for all runs of a test file in this process: each start takes three seconds of a processor.

How a run starts a server of its own and ends it is tested where commands run as processes of their own, and in
``tests/grader/execution/test_fork_server.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grader.execution.config import ExecutionConfig
from grader.execution.fork_client import ForkServer, ForkServerHandle


class KeptForkServer:
    """Stands for ``fork_client.shared_fork_server``: the server stays from one run to the next."""

    def __init__(self) -> None:
        self._server: ForkServer | None = None

    @contextmanager
    def share(self, config: ExecutionConfig) -> Iterator[ForkServerHandle | None]:
        """Yield the server's handle, of a new one where there is none that lives; None where kernels start cold."""
        if not config.forks_kernels:
            yield None
            return
        if self._server is None or not self._server.is_alive():
            self.end()
            self._server = ForkServer(config.work_dir)
        yield self._server.handle

    def end(self) -> None:
        """End the server, if there is one."""
        if self._server is not None:
            self._server.end()
            self._server = None
