"""What a lesson teaches is not called by an answer: the package's own code refuses while an answer is examined.

Outside of an examination everything works, in lessons as well as while grading. An answer that copies such code earns
its points: this stops a call, not a reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_PASSES = 100  # of one call: walking through rows one by one takes at most 18, measuring every slope takes hundreds


@dataclass
class _Call:
    """One call of an answer: the exercise, and how often it has put numbers through the course's networks."""

    exercise: str
    passes: int = 0


# Of this thread: the grader examines several answers at a time, while its references use the same networks.
_examined: ContextVar[_Call | None] = ContextVar("examined", default=None)


class NotForAnswers(RuntimeError):
    """What the package's own code raises when an answer calls it; its text is shown to the student as it is."""


@contextmanager
def examined(exercise_id: str) -> Iterator[None]:
    """Mark that the answer to this exercise is being called inside the block."""
    before = _examined.set(_Call(exercise_id))
    try:
        yield
    finally:
        _examined.reset(before)


def refuse_answers(what: str, *, unless: str = "-", instead: str = "write it out") -> None:
    """Refuse to work for an answer that is being examined.

    Parameters
    ----------
    what
        What is not for answers, as the sentence says it.
    unless
        How the ids of the exercises begin whose answers may call it.
    instead
        What the student is to do.

    Raises
    ------
    NotForAnswers
        While the answer to any other exercise is being called.
    """
    call = _examined.get()
    if call is not None and not call.exercise.startswith(unless):
        raise NotForAnswers(f"an answer to {call.exercise} does not call {what}: {instead}")


def count_pass(*arrays: np.ndarray) -> None:
    """Count one pass of an answer's numbers through a network of the course; free outside of an examination.

    Raises
    ------
    NotForAnswers
        If slopes are being measured: with complex numbers, with more digits than float64 has, or by more than
        ``MOST_PASSES`` passes in one call.
    """
    call = _examined.get()
    if call is None:
        return
    call.passes += 1
    if any(_is_unusual(np.asarray(x).dtype) for x in arrays):
        raise NotForAnswers("the course's networks take float64 numbers: derive the gradient, do not measure it")
    if call.passes > MOST_PASSES:
        raise NotForAnswers(
            f"more than {MOST_PASSES} passes through the networks in one call: derive the gradient, do not measure it"
        )


def _is_unusual(dtype: np.dtype[Any]) -> bool:
    return dtype.kind not in "fiub" or dtype.itemsize > 8
