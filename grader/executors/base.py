"""What every executor has in common: a submission, its outcome, and the protocol of whoever runs notebooks.

An executor is given submissions and yields an outcome for each, in whatever order they end. It knows no gradebook: that
has one writer, :func:`grader.autograde.autograde`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import nbformat
from nbformat import NotebookNode

from grader.course import Chapter
from grader.errors import GraderError, SubmissionError
from grader.execution.config import ExecutionConfig

PAUSE = 0.2  # seconds after which an executor says that nothing has ended
MOST_READY = 100  # graded notebooks that may wait for the writer; each takes about a megabyte


@dataclass(frozen=True)
class Submission:
    """One student's file for one chapter; ``problem`` says why it cannot even be tried."""

    student: str
    chapter: Chapter
    file: Path
    problem: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission with its graded notebook; ``text`` is the notebook's file, where a worker has written it already."""

    submission: Submission
    notebook: NotebookNode
    text: str = ""


@dataclass(frozen=True)
class Failed:
    """A submission that could not be graded, and a sentence that says why.

    ``grader_fault``: the machine, the lesson or the grader is the reason, and not the student's file.
    """

    submission: Submission
    reason: str
    grader_fault: bool = False


Outcome = Graded | Failed
# From a worker: True and the notebook as text; or why there is none, with False where the student's file is the reason
# and None where the machine, the lesson or the grader is.
Reply = tuple[bool | None, str]


class Executor(Protocol):
    """Whoever runs notebooks."""

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome | None]:
        """Yield the outcome of each submission once, as it ends, and None now and then while there is none."""


def outcome_of(submission: Submission, reply: Reply) -> Outcome:
    """Return a worker's reply about a submission as its outcome."""
    graded, text = reply
    if graded:
        return Graded(submission, deserialize(text), text)
    return Failed(submission, text, grader_fault=graded is None)


def error_reply(error: Exception) -> Reply:
    """Return a worker's reply about a submission that ended in this error."""
    return (False if isinstance(error, SubmissionError) else None), error_sentence(error)


def serialize(notebook: NotebookNode) -> str:
    """Return a graded notebook as the text of its file: on one line, which takes a twentieth of nbformat's time."""
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"


def deserialize(text: str) -> NotebookNode:
    """Return the notebook that :func:`serialize` made this text of."""
    notebook: NotebookNode = nbformat.from_dict(json.loads(text))
    return notebook


def error_sentence(error: Exception) -> str:
    """Return what to tell the instructor of a submission that ended in an error: it must not stop the class."""
    if isinstance(error, GraderError):
        return str(error)
    return f"Grading failed with {type(error).__name__} ({str(error)[:200]}): please report this."
