"""Marks given by hand: read from nbgrader's gradebook, and written there at once.

Two people may mark the same class. A change names the mark that its author saw; if another stands there by now, nothing
is written and the other mark comes back. The comparison is part of the database's own update, so it also holds against
nbgrader's pages, which ask for no lock.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import and_, update
from sqlalchemy.orm import aliased

from grader.course import Chapter, CourseDirectory
from grader.desk.questions import Question
from grader.errors import GraderError, UsageError
from grader.gradebook.connection import open_gradebook, write_transaction
from grader.gradebook.late_penalty import apply_late_penalty

MOST_COMMENT = 5_000  # characters
MOST_CHANGES = 1_000  # at once
MOST_USED = 40  # comments offered again


@dataclass(frozen=True)
class Mark:
    """One student's mark for one question: the judge's points, a person's, the comment; ``waiting`` for a person."""

    auto: float | None
    manual: float | None
    waiting: bool
    comment: str

    @property
    def version(self) -> str:
        """A digest of what a person saw."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    @property
    def points(self) -> float | None:
        """The points that count, None if nobody has given any."""
        return self.auto if self.manual is None else self.manual


@dataclass(frozen=True)
class Entry:
    """A student's place in the gradebook for one question. ``key`` is nbgrader's random id, which names nobody."""

    key: str
    student: str
    name: str
    flagged: bool
    mark: Mark


@dataclass(frozen=True)
class Change:
    """What a person decided about one answer whose mark was ``seen``.

    ``points`` None takes a mark given by hand back; ``keep`` leaves the points as they are and changes the comment
    alone. ``waiting`` is given by an undo, which puts back what was.
    """

    key: str
    seen: str
    points: float | None = None
    comment: str = ""
    keep: bool = False
    waiting: bool | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a change: the mark that stands now, and the one before; not ``saved`` if it was another's."""

    key: str
    student: str
    saved: bool
    before: Mark
    mark: Mark


def entries_of(course: CourseDirectory, question: Question) -> list[Entry]:
    """Return everybody's mark for one question, in an order that says nothing of names."""
    with open_gradebook(course) as book:
        found = _entries(book, question)
        book.db.rollback()
    return found


@dataclass(frozen=True)
class Count:
    """How far one question is: answers, those that wait for a person, those with points given by hand."""

    answers: int = 0
    waiting: int = 0
    by_hand: int = 0


def counts(course: CourseDirectory, chapters: Sequence[Chapter]) -> dict[tuple[str, str], Count]:
    """Return how far each graded cell is, by chapter and cell, of the answers whose graded notebooks are here."""
    here = {
        (c.assignment_id, file.parent.parent.name)
        for c in chapters
        for file in course.autograded.glob(f"*/{c.assignment_id}/{c.notebook}.ipynb")
    }
    found: dict[tuple[str, str], Count] = {}
    columns = (Assignment.name, Student.id, BaseCell.name, Grade.needs_manual_grade, Grade.manual_score)
    with open_gradebook(course) as book:
        for chapter, student, cell, waiting, manual in _joined(book.db.query(*columns).select_from(Grade)):
            if (chapter, student) in here:
                old = found.get((chapter, cell), Count())
                by_hand = old.by_hand + (manual is not None)
                found[chapter, cell] = Count(old.answers + 1, old.waiting + bool(waiting), by_hand)
        book.db.rollback()
    return found


def _joined(query: Any) -> Any:
    return (
        query.join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(Student, Student.id == SubmittedAssignment.student_id)
    )


def _entries(book: Gradebook, question: Question, key: str = "") -> list[Entry]:
    """Return the entries of one question, or of one answer to it."""
    answer_cell = aliased(BaseCell)
    asked = book.db.query(Grade, Comment, SubmittedNotebook, Student).select_from(Grade)
    asked = _joined(asked).outerjoin(answer_cell, _is_answer_cell(answer_cell, question))
    asked = asked.outerjoin(Comment, and_(Comment.notebook_id == Grade.notebook_id, Comment.cell_id == answer_cell.id))
    asked = asked.filter(BaseCell.name == question.cell, Assignment.name == question.chapter.assignment_id)
    if key:
        asked = asked.filter(SubmittedNotebook.id == key)
    rows = asked.populate_existing().all()
    return sorted((_entry(*row) for row in rows), key=lambda e: e.key)


def _is_answer_cell(cell: Any, question: Question) -> Any:
    same_notebook = cell.notebook_id == BaseCell.notebook_id
    return and_(same_notebook, cell.name == question.answer_cell, cell.type == "SolutionCell")


def _entry(grade: Grade, comment: Comment | None, notebook: SubmittedNotebook, student: Student) -> Entry:
    said = (comment.manual_comment or "") if comment else ""
    mark = Mark(grade.auto_score, grade.manual_score, bool(grade.needs_manual_grade), said)
    name = " ".join(part for part in (student.first_name, student.last_name) if part) or student.id
    return Entry(notebook.id, student.id, name, bool(notebook.flagged), mark)


def save(course: CourseDirectory, question: Question, changes: list[Change]) -> list[Outcome]:
    """Enter what a person decided, each answer by itself; what somebody else has changed meanwhile stays."""
    if len(changes) > MOST_CHANGES:
        raise UsageError(f"At most {MOST_CHANGES} answers can be marked at once.")
    for change in changes:
        _require_sound(question, change)
    with open_gradebook(course) as book, write_transaction(book):
        return [_save(book, question, change) for change in changes]


def _require_sound(question: Question, change: Change) -> None:
    """Raise UsageError for points or a comment that the gradebook should not get."""
    if change.points is not None:
        if not math.isfinite(change.points) or change.points < 0:
            raise UsageError("Points are a number from 0 up.")
        if change.points > question.points:
            raise UsageError(f"This question has {question.points:g} points: extra credit is given in the formgrader.")
    if len(change.comment) > MOST_COMMENT:
        raise UsageError(f"A comment has at most {MOST_COMMENT} characters.")
    if not question.written and change.points is not None and not change.comment.strip():
        raise UsageError("The judge's verdict is overridden with a reason: write it into the comment.")


def _save(book: Gradebook, question: Question, change: Change) -> Outcome:
    found = _entries(book, question, change.key)
    if not found:
        raise GraderError("The gradebook no longer has this answer: load the page again.")
    (entry,) = found
    before, after = entry.mark, _after(entry.mark, change)
    saved = before.version == change.seen and _swap(book, question, change.key, before, after)
    if not saved:
        book.db.rollback()
        return Outcome(change.key, entry.student, False, before, _entries(book, question, change.key)[0].mark)
    book.db.commit()
    _apply_lateness(book, question, entry.student)
    return Outcome(change.key, entry.student, True, before, after)


def _after(before: Mark, change: Change) -> Mark:
    manual = before.manual if change.keep else change.points
    waiting = before.waiting if change.keep else manual is None and before.auto is None
    comment = change.comment.replace("\0", "").encode("utf-8", "replace").decode().strip()
    return Mark(before.auto, manual, waiting if change.waiting is None else change.waiting, comment)


def _swap(book: Gradebook, question: Question, key: str, before: Mark, after: Mark) -> bool:
    """Put one mark in place of another, if that one still stands there; return whether it did."""
    cell = book.db.query(BaseCell.id).join(Grade, Grade.cell_id == BaseCell.id)
    cell = cell.filter(Grade.notebook_id == key, BaseCell.name == question.cell).scalar_subquery()
    grade = (
        update(Grade)
        .where(Grade.notebook_id == key, Grade.cell_id == cell)
        .where(Grade.manual_score.is_not_distinct_from(before.manual))
        .where(Grade.auto_score.is_not_distinct_from(before.auto))
        .where(Grade.needs_manual_grade == before.waiting)
        .values(manual_score=after.manual, needs_manual_grade=after.waiting)
        .execution_options(synchronize_session=False)
    )
    if book.db.execute(grade).rowcount != 1:
        return False
    return before.comment == after.comment or _swap_comment(book, question, key, before.comment, after.comment)


def _swap_comment(book: Gradebook, question: Question, key: str, before: str, after: str) -> bool:
    rows = (
        book.db.query(Comment.id, Comment.manual_comment)
        .join(BaseCell, BaseCell.id == Comment.cell_id)
        .filter(Comment.notebook_id == key, BaseCell.name == question.answer_cell, BaseCell.type == "SolutionCell")
        .all()
    )
    if len(rows) != 1 or (rows[0].manual_comment or "") != before:
        return False
    change = (
        update(Comment)
        .where(Comment.id == rows[0].id, Comment.manual_comment.is_not_distinct_from(rows[0].manual_comment))
        .values(manual_comment=after or None)
        .execution_options(synchronize_session=False)
    )
    return bool(book.db.execute(change).rowcount == 1)


def _apply_lateness(book: Gradebook, question: Question, student: str) -> None:
    """Enter what lateness costs anew: it is a share of marks that have changed."""
    book.db.expire_all()
    if book.find_submission(question.chapter.assignment_id, student).total_seconds_late > 0:
        apply_late_penalty(book, student, question.chapter)


def flag(course: CourseDirectory, question: Question, key: str, flagged: bool) -> None:
    """Put a flag on a submission, or take it away, as the formgrader does."""
    with open_gradebook(course) as book, write_transaction(book):
        if not _entries(book, question, key):
            raise GraderError("The gradebook no longer has this answer: load the page again.")
        book.find_submission_notebook_by_id(key).flagged = flagged
        book.db.commit()


def used_comments(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Return the comments that were given for this question, most used first, and how often: to be used again."""
    return Counter(e.mark.comment for e in entries if e.mark.comment).most_common(MOST_USED)
