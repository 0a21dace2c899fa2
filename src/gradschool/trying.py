"""Trying a student's function on one case: twice, on fresh copies, with what it prints kept apart."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradschool.answers import Tree, copied, plain
from gradschool.exercise import Exercise

MAX_PRINTED = 2_000


@dataclass(frozen=True)
class Raised:
    """The function raised instead of returning."""

    type: str
    message: str


@dataclass(frozen=True)
class Reply:
    """What came of one case: the first and the second call, the inputs after the first, and the rest."""

    first: Tree | Raised
    again: Tree | Raised
    inputs: Tree
    printed: str = ""
    seconds: float = 0.0


class _Bounded(io.StringIO):
    """Keeps the first few characters written and lets the rest go, so that printing costs no memory."""

    def write(self, text: str) -> int:
        room = MAX_PRINTED - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


def try_case(exercise: Exercise, answer: Callable[..., Any], args: Mapping[str, Any]) -> Reply:
    """Call the student's function on this case, and once more on fresh inputs, and report what happened."""
    given = copied(args)
    sink = _Bounded()
    started = time.perf_counter()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = _outcome(exercise, answer, given)
        seconds = time.perf_counter() - started
        again = _outcome(exercise, answer, copied(args))
    return Reply(first, again, plain(given), sink.getvalue(), seconds)


def _outcome(exercise: Exercise, answer: Callable[..., Any], args: Mapping[str, Any]) -> Tree | Raised:
    try:
        with np.errstate(all="ignore"):
            return plain(exercise.run(answer, args))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a student's exit() must not end the kernel
        return Raised(type(error).__name__, str(error)[:500])
