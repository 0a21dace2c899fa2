"""Programs that some tests need, such as a browser or a database server."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needs(*programs: str) -> None:
    """Skip, saying what is missing; in CI, where `make` installs everything, a missing program fails the test."""
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        cannot(f"{', '.join(missing)} is missing here (see the Makefile for what installs it)")


def cannot(reason: str) -> NoReturn:
    """Skip for this reason; in CI fail."""
    say = pytest.fail if os.environ.get("GRADSCHOOL_NO_SKIPS") else pytest.skip
    say(reason)
