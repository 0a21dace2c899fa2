"""Gymnasium, or the gym that came before it: what a script takes its environments from."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

NAMES = ("gymnasium", "gym")
NEW = (0, 26)  # from this version of gym on, `step` tells terminated from truncated


@dataclass(frozen=True)
class Library:
    """One of the two, by name."""

    name: str

    @property
    def module(self) -> Any:
        """The package itself."""
        return importlib.import_module(self.name)

    @property
    def spaces(self) -> Any:
        """Its module of spaces."""
        return importlib.import_module(f"{self.name}.spaces")

    @property
    def is_old(self) -> bool:
        """Whether `reset` returns an observation alone, and `step` four things."""
        version = str(getattr(self.module, "__version__", "")).split(".")
        return self.name == "gym" and tuple(int(x) for x in version[:2] if x.isdigit()) < NEW


def installed() -> list[Library]:
    """Return those that can be imported here, the one that is kept up first."""
    return [Library(name) for name in NAMES if importlib.util.find_spec(name) is not None]


def library(name: str = "") -> Library:
    """Return the one of this name, or the first that is installed.

    Raises
    ------
    ModuleNotFoundError
        If there is none.
    """
    found = [Library(name)] if name else installed()
    if not found:
        raise ModuleNotFoundError("No module named 'gymnasium'")
    return found[0]
