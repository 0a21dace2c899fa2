"""The executor of other machines: the workers of a Dask cluster, reached through its scheduler's address.

Submissions travel as bytes and graded notebooks come back as text, so no disk is shared. What runs on a worker is
sent as a function by value and looks for the grader only there: the scheduler needs Dask alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.executors.base import Outcome, Submission
from grader.executors.dask_run import DaskRun


@dataclass(frozen=True)
class DaskExecutor:
    """The workers behind ``address``: tcp://HOST:PORT, tls://HOST:PORT or a scheduler file (.json).

    In place of an address it takes a function that returns a connected ``distributed.Client``. ``patience`` is how
    many seconds a submission may run before its worker is taken to hang (by default a little more than the
    limits allow any notebook); ``wait`` how long to wait while there is no worker at all. ``warn`` is told, in a
    sentence, of workers that are not used.
    """

    address: str | Callable[[], Any]
    warn: Callable[[str], None] = print
    patience: float | None = None
    wait: float = 60.0

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome | None]:
        """Yield the outcome of each submission once, as it ends, and None now and then while there is none.

        Of ``config`` the limits travel to the workers; whether they sandbox and fork is their environment's to say.
        """
        if not todo:
            return
        longest = config.limits.allowance(config.limits.notebook + config.limits.locked).wall + 60
        client = _connected(self.address)
        try:
            yield from DaskRun(client, config, self.patience or longest, self.wait, self.warn).run(todo)
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)


def _connected(address: str | Callable[[], Any]) -> Any:
    """Return a client of the scheduler at this address; raise GraderError if there is none."""
    try:
        import distributed
    except ImportError:
        raise GraderError("Grading on a cluster needs Dask: `python -m pip install -e '.[cluster]'`.") from None
    for name in [n for n in logging.root.manager.loggerDict if n.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it is said here, in one sentence
    if not isinstance(address, str):
        return address()
    try:
        is_file = address.endswith(".json")  # Dask itself would wait for the file without end
        at = json.loads(Path(address).read_text(encoding="utf-8"))["address"] if is_file else address
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared below
            client: Callable[..., Any] = distributed.Client  # which has no types
            return client(at, timeout=10, set_as_default=False)
    except Exception as error:  # of many kinds: no such host, nobody listens, no certificate, not Dask
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
        raise GraderError(f"There is no Dask scheduler to talk to at {address} ({why}).") from error
