"""All rows, suite by suite. Two suites need Stable-Baselines3, and are left out where it is not installed."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from bench.examiner.rows import Row

PLAIN = ("taxonomy.TAXONOMY", "drlinter.DRLINTER", "questions.QUESTIONS")
LIBRARY = ("rlmutation.RLMUTATION", "muprl.MUPRL")


def has_library() -> bool:
    """Whether Stable-Baselines3 is installed."""
    return find_spec("stable_baselines3") is not None


def rows(*, library: bool) -> list[Row]:
    """Rows of all suites; without `library`, of those that need nothing but PyTorch and Gymnasium."""
    found: list[Row] = []
    for name in (*LIBRARY, *PLAIN) if library else PLAIN:
        module, _, constant = name.partition(".")
        found += getattr(importlib.import_module(f"bench.examiner.{module}"), constant)
    return found
