"""What a lesson teaches is not called by an answer: the package's own code refuses while an answer is examined.

Outside of an examination everything works, in lessons as well as while grading. An answer that copies such code earns
its points: this stops a call, not a reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_examined = ContextVar("examined", default="")  # of this thread: the grader examines several answers at a time


class NotForAnswers(RuntimeError):
    """What the package's own code raises when an answer calls it; its text is shown to the student as it is."""


@contextmanager
def examined(exercise_id: str) -> Iterator[None]:
    """Mark that the answer to this exercise is being called inside the block."""
    before = _examined.set(exercise_id)
    try:
        yield
    finally:
        _examined.reset(before)


def refuse_answers(what: str, *, unless: str = "-") -> None:
    """Refuse to work for an answer that is being examined.

    Parameters
    ----------
    what
        What is not for answers, as the sentence says it.
    unless
        How the ids of the exercises begin whose answers may call it.

    Raises
    ------
    NotForAnswers
        While the answer to any other exercise is being called.
    """
    exercise = _examined.get()
    if exercise and not exercise.startswith(unless):
        raise NotForAnswers(f"an answer to {exercise} does not call {what}: write it out")
