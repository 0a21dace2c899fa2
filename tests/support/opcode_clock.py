"""A clock that counts the interpreter's instructions: what is timed by it comes out the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from gradschool.core import speed_check

SECONDS_EACH = 3e-8  # about what one instruction takes; work inside NumPy counts for nothing


@contextmanager
def opcode_clock() -> Iterator[None]:
    """Let :mod:`gradschool.core.speed_check` count instructions instead of seconds inside the ``with`` block."""
    ticks = 0

    def count(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal ticks
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        ticks += event == "opcode"
        return count

    before = sys.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed_check, "now", lambda: ticks * SECONDS_EACH)
        sys.settrace(count)
        try:
            yield
        finally:
            sys.settrace(before)
