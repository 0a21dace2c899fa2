"""Our adapters: the few lines that hand somebody's update to the examiner."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from bench.corpus.registry import ENTRIES, Entry


def load(modules: Sequence[str] = ()) -> dict[str, Entry]:
    """Every entry of these modules, or of all that lie in this folder."""
    for name in modules or [f"{__name__}.{m.name}" for m in pkgutil.iter_modules(__path__)]:
        importlib.import_module(name)
    return ENTRIES
