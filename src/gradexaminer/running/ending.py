"""The end of a script that would run on: at a step of its environment, or wherever it is after its CPU seconds."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

TO_CONCLUDE = 15  # CPU seconds beyond a program's own, in which is said what was seen


class EnoughError(BaseException):
    """Ends a script that would run on; no `except Exception` of its own catches it."""


def limit(seconds: int, most_bytes: int) -> None:
    """Limit the size of files and this process's CPU seconds, after which it is told so, and ended some time later."""
    if importlib.util.find_spec("resource") is None:  # Windows
        return
    system = vars(importlib.import_module("resource"))
    hard = seconds + TO_CONCLUDE
    for name, soft, most in (("CPU", seconds, hard), ("FSIZE", most_bytes, most_bytes), ("CORE", 0, 0)):
        system["setrlimit"](system[f"RLIMIT_{name}"], (soft, most))
    signals = vars(importlib.import_module("signal"))

    def over(*_: Any) -> None:
        system["setrlimit"](system["RLIMIT_CPU"], (hard, hard))  # else it is told so each second
        raise EnoughError(f"it used up its {seconds} CPU seconds (more with --seconds)")

    signals["signal"](signals["SIGXCPU"], over)
