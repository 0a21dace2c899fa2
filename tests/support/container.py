"""The container of an autograder, for tests; `grader.redteam.container` makes it."""

from __future__ import annotations

import os

from grader.redteam.container import inside
from tests.support.programs import cannot, needs

__all__ = ["inside", "needs_root"]


def needs_root() -> None:
    """Skip, and say why, unless this is root; in CI, which is root, fail."""
    needs("bwrap")
    if os.geteuid() != 0:
        cannot("only root can start a kernel as another OS user")
