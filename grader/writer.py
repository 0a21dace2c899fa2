"""The one writer: graded notebooks into the gradebook, many in one transaction, and then into their places.

Marks are entered before a graded notebook is put in place, in one move. So a run that is stopped at any point, and
started again, ends as one that was not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from grader.course import EXCHANGE_FILES, STUDENT_ID, TIMESTAMP, CourseDirectory
from grader.executors.base import Failed, Graded, Outcome, Submission, serialize
from grader.gradebook.connection import write_transaction
from grader.gradebook.entering import Row, Score, enter, row_of
from grader.results import GradeRecord, note_ungraded

MOST_BESIDE = 4096  # bytes of a file beside a submission
MOST_AT_ONCE = 50  # submissions in one transaction
HELD = 0.5  # seconds that a graded notebook may wait for others
REFUSED = "The gradebook refused it ({error}), and nothing of it is entered: please report this."


class Status(StrEnum):
    """What came of a submission."""

    GRADED = "graded"
    UNCHANGED = "unchanged"  # this very file was graded before, by this very grader
    FAILED = "failed"  # it could not be graded


@dataclass(frozen=True)
class Result:
    """What came of one submission; ``reason`` says why it could not be graded.

    ``grader_fault``: the machine, the lesson or the grader is the reason, not the student. ``errors`` says of each
    answer's cell that failed what it raises, and in which line.
    """

    student: str
    chapter: str
    status: Status
    score: float | None = None
    max_score: float | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    mistakes: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    grader_fault: bool = False


@dataclass
class Writer:
    """Enters outcomes as they come; ``held`` are those that wait for others, to be entered in one transaction."""

    gradebook: Gradebook
    course: CourseDirectory
    held: list[Outcome] = field(default_factory=list)
    since: float = 0.0

    def enter_as_they_come(self, steps: Iterator[Outcome | None]) -> Iterator[Result]:
        """Enter what an executor yields, and yield each result once it is entered; nothing is lost by its error."""
        try:
            for outcome in steps:
                if outcome is not None:
                    self.since = self.since if self.held else time.monotonic()
                    self.held.append(outcome)
                if len(self.held) >= MOST_AT_ONCE or (self.held and time.monotonic() - self.since > HELD):
                    yield from self.enter_held()
        except Exception:
            yield from self.enter_held()
            raise
        except BaseException:  # Ctrl-C, or the results are wanted no more
            list(self.enter_held())
            raise
        yield from self.enter_held()

    def enter_held(self) -> Iterator[Result]:
        """Enter all that has been held back."""
        outcomes, self.held = self.held, []
        if outcomes:
            yield from self.enter(outcomes)

    def enter(self, outcomes: Sequence[Outcome]) -> Iterator[Result]:
        """Enter these outcomes in one transaction; if the gradebook refuses one of them, each in its own.

        So a submission that cannot be entered costs itself alone. A gradebook that does not answer is an error.
        """
        try:
            entered = self._enter_at_once(outcomes)
        except OperationalError:
            raise
        except (SQLAlchemyError, MissingEntry) as error:
            if len(outcomes) > 1:
                for outcome in outcomes:
                    yield from self.enter([outcome])
                return
            submission, why = outcomes[0].submission, REFUSED.format(error=type(error).__name__)
            note_ungraded(self.course, submission.student, submission.chapter, why)
            entered = [_failure(Failed(submission, why, grader_fault=True))]
        yield from entered

    def _enter_at_once(self, outcomes: Sequence[Outcome]) -> list[Result]:
        """Enter outcomes, and then put the graded notebooks in place.

        One that could not be graded is known to the gradebook, without marks, and left to a person. Marks of an earlier
        submission stay in the gradebook. Where the student is not at fault, they are not exported.
        """
        named = [o for o in outcomes if STUDENT_ID.fullmatch(o.submission.student)]
        for failed in [o for o in named if isinstance(o, Failed)]:
            reason = failed.reason if failed.grader_fault else ""
            note_ungraded(self.course, failed.submission.student, failed.submission.chapter, reason)
        with write_transaction(self.gradebook):
            found = dict(zip(map(id, named), enter(self.gradebook, [_row(o) for o in named]), strict=True))
        return [self._finish(outcome, found.get(id(outcome))) for outcome in outcomes]

    def _finish(self, outcome: Outcome, score: Score | None) -> Result:
        if isinstance(outcome, Failed):
            return _failure(outcome)
        assert score is not None, "a graded notebook has a score once it is entered"
        put_in_place(self.course, outcome)
        return result_of(outcome.submission, Status.GRADED, GradeRecord.read(outcome.notebook), score)


def put_in_place(course: CourseDirectory, graded: Graded) -> None:
    """Move a graded notebook to where it belongs, with what nbgrader's exchange has put beside the submission."""
    submission = graded.submission
    file = course.notebook_path(course.autograded, submission.student, submission.chapter)
    file.parent.mkdir(parents=True, exist_ok=True)
    for name in EXCHANGE_FILES:
        if (kept := _beside(submission, name)) and kept.stat().st_size <= MOST_BESIDE:
            shutil.copyfile(kept, file.parent / name)
    partial = file.with_suffix(".partial")
    partial.write_text(graded.text or serialize(graded.notebook), encoding="utf-8")
    os.replace(partial, file)
    note_ungraded(course, submission.student, submission.chapter, "")


def result_of(submission: Submission, status: Status, record: GradeRecord, score: Score) -> Result:
    """Return what came of a graded submission."""
    return Result(
        submission.student,
        submission.chapter.assignment_id,
        status,
        score.score,
        score.max_score,
        notes=list(record.notes),
        mistakes=record.mistakes(),
        errors=dict(record.errors),
    )


def _failure(failed: Failed) -> Result:
    submission, chapter = failed.submission, failed.submission.chapter.assignment_id
    return Result(submission.student, chapter, Status.FAILED, reason=failed.reason, grader_fault=failed.grader_fault)


def _row(outcome: Outcome) -> Row:
    submission = outcome.submission
    notebook = outcome.notebook if isinstance(outcome, Graded) else None
    return row_of(submission.student, submission.chapter, _handed_in(submission), notebook)


def _handed_in(submission: Submission) -> datetime | None:
    """Return when a submission was handed in, by nbgrader's file beside it; None if it does not say."""
    found: datetime | None = None
    if stamp := _beside(submission, TIMESTAMP):
        with contextlib.suppress(ValueError, OverflowError):
            found = parse_utc(stamp.read_text(errors="replace").strip()[:100])
    return found


def _beside(submission: Submission, name: str) -> Path | None:
    """Return a file of nbgrader's exchange beside a submission; a link could lead to any file of the instructor's."""
    file = submission.file.parent / name
    return file if file.is_file() and not file.is_symlink() else None
