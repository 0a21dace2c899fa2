"""Many graded notebooks entered in one transaction: each step of it is one statement for all of them.

nbgrader's own way takes five transactions and some forty statements for one notebook. The rows are the same:
students, submissions with an empty grade and comment for each cell, marks, late penalties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import bindparam, insert, select, true, update

from grader.course import Chapter
from grader.errors import GraderError
from grader.gradebook.grades import Marks, lacks, marks_of
from grader.gradebook.late_penalty import penalty_for

GRADED, COMMENTED = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")  # the kinds of cells with either entry


@dataclass(frozen=True)
class Row:
    """What is entered of one submission: when it was handed in, and its marks if it could be graded."""

    student: str
    chapter: Chapter
    handed_in: datetime | None
    marks: Marks | None


@dataclass(frozen=True)
class Score:
    """The points of one submitted notebook, with those given by hand, and how many there are."""

    score: float
    max_score: float


@dataclass
class _Master:
    """A chapter's assignment in the gradebook: its id and due date, its notebooks, and their cells by kind and name."""

    assignment: str
    duedate: datetime | None
    notebooks: dict[str, str] = field(default_factory=dict)  # ids by name
    cells: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # (id, kind, name) by notebook's id


def row_of(student: str, chapter: Chapter, handed_in: datetime | None, notebook: NotebookNode | None) -> Row:
    """Return what of a submission is entered; without a graded notebook it becomes known, and has no marks."""
    return Row(student, chapter, handed_in, None if notebook is None else marks_of(notebook))


def enter(book: Gradebook, rows: Sequence[Row]) -> list[Score | None]:
    """Enter these submissions and return the scores of those with marks. All of them are entered, or none is.

    Marks and comments given by hand stay; where there is one, the cell is flagged for manual grading again.
    A student of whom there are several rows counts with the last one of each chapter.
    """
    try:
        _students(book, {row.student for row in rows})
        found: dict[tuple[str, str], Score] = {}
        by_chapter = sorted(rows, key=lambda row: row.chapter.assignment_id)
        for _, some in groupby(by_chapter, key=lambda row: row.chapter.assignment_id):
            found |= _chapter(book, {row.student: row for row in some})
        book.db.commit()
    except BaseException:
        book.db.rollback()
        raise
    return [found.get((row.student, row.chapter.assignment_id)) for row in rows]


def _students(book: Gradebook, names: Collection[str]) -> None:
    """Enter the students who are new, with the id for a name, which those get as well who have none."""
    known = {i: first or last for i, first, last in book.db.execute(_of_students(names))}
    if new := [{"id": name, "first_name": "", "last_name": name} for name in sorted(names) if name not in known]:
        book.db.execute(insert(Student.__table__), new)
    if nameless := [{"its": name, "to": name} for name, shown in sorted(known.items()) if not shown]:
        table = Student.__table__
        change = update(table).where(table.c.id == bindparam("its")).values(first_name="", last_name=bindparam("to"))
        book.db.execute(change, nameless)


def _of_students(names: Collection[str]) -> Any:
    return select(Student.id, Student.first_name, Student.last_name).where(Student.id.in_(names))


def _chapter(book: Gradebook, rows: Mapping[str, Row]) -> dict[tuple[str, str], Score]:
    """Enter the submissions of one chapter, by student, and return the scores of those with marks."""
    chapter = next(iter(rows.values())).chapter
    master = _master(book, chapter)
    late = _submissions(book, master, rows)
    graded = {student: row.marks for student, row in rows.items() if row.marks is not None}
    if not graded:
        return {}
    where = _submitted_notebooks(book, master, chapter, graded)
    _marks(book, chapter, {where[student]: marks for student, marks in graded.items()})
    scores = _scores(book, where)
    _penalties(book, where, scores, late)
    return {(student, chapter.assignment_id): score for student, score in scores.items()}


def _master(book: Gradebook, chapter: Chapter) -> _Master:
    """Return a chapter's assignment; raise MissingEntry if the gradebook has none."""
    name = chapter.assignment_id
    found = book.db.execute(select(Assignment.id, Assignment.duedate).where(Assignment.name == name)).first()
    if found is None:
        raise MissingEntry(f"No such assignment: {name}")
    master = _Master(*found)
    notebooks = select(Notebook.name, Notebook.id).where(Notebook.assignment_id == master.assignment)
    master.notebooks = {str(name): str(key) for name, key in book.db.execute(notebooks)}
    master.cells = {key: [] for key in master.notebooks.values()}
    table = BaseCell.__table__
    cells = select(table.c.notebook_id, table.c.id, table.c.type, table.c.name)
    for notebook, *cell in book.db.execute(cells.where(table.c.notebook_id.in_(master.cells))):
        master.cells[notebook].append((cell[0], cell[1], cell[2]))
    return master


def _submissions(book: Gradebook, master: _Master, rows: Mapping[str, Row]) -> dict[str, float]:
    """Make the submissions that are new, with an entry for each cell; return how many seconds each one is late."""
    table = SubmittedAssignment.__table__
    asked = select(table.c.student_id, table.c.id, table.c.timestamp, table.c.extension)
    asked = asked.where(table.c.assignment_id == master.assignment, table.c.student_id.in_(rows))
    known = {student: (key, at, longer) for student, key, at, longer in book.db.execute(asked)}
    _new_submissions(book, master, [row for student, row in rows.items() if student not in known])
    again = [row for student, row in rows.items() if student in known and row.handed_in is not None]
    if again:
        change = update(table).where(table.c.id == bindparam("its")).values(timestamp=bindparam("at"))
        book.db.execute(change, [{"its": known[row.student][0], "at": row.handed_in} for row in again])
    late = {}
    for student, row in rows.items():
        _, before, longer = known.get(student, (None, None, None))
        at, due = row.handed_in or before, master.duedate
        if at is not None and due is not None:
            late[student] = max(0.0, (at - (due + longer if longer else due)).total_seconds())
    return late


def _new_submissions(book: Gradebook, master: _Master, rows: Iterable[Row]) -> None:
    submissions: list[dict[str, Any]] = []
    notebooks: list[dict[str, Any]] = []
    entries: dict[type[Grade | Comment], list[dict[str, Any]]] = {Grade: [], Comment: []}
    for row in rows:
        submission = {"id": new_uuid(), "assignment_id": master.assignment, "student_id": row.student}
        submissions.append({**submission, "timestamp": row.handed_in})
        for notebook, cells in master.cells.items():
            key = new_uuid()
            notebooks.append({"id": key, "notebook_id": notebook, "assignment_id": submission["id"]})
            for kind, kinds in ((Grade, GRADED), (Comment, COMMENTED)):
                entries[kind] += [{"cell_id": c, "notebook_id": key} for c, type_, _ in cells if type_ in kinds]
    tables = (SubmittedAssignment, submissions), (SubmittedNotebook, notebooks), *entries.items()
    for table, values in tables:
        if values:
            book.db.execute(insert(table.__table__), values)


def _submitted_notebooks(
    book: Gradebook, master: _Master, chapter: Chapter, students: Collection[str]
) -> dict[str, str]:
    """Return the id of each student's submitted notebook; raise MissingEntry if one is not there."""
    mine, submitted = SubmittedNotebook.__table__, SubmittedAssignment.__table__
    asked = select(submitted.c.student_id, mine.c.id).join(mine, mine.c.assignment_id == submitted.c.id)
    asked = asked.where(submitted.c.assignment_id == master.assignment, submitted.c.student_id.in_(students))
    asked = asked.where(mine.c.notebook_id == master.notebooks.get(chapter.notebook))
    found = {str(student): str(key) for student, key in book.db.execute(asked)}
    for student in students:
        if student not in found:
            raise MissingEntry(f"No such submitted notebook: {chapter.assignment_id} of {student}")
    return found


def _marks(book: Gradebook, chapter: Chapter, marks: Mapping[str, Marks]) -> None:
    """Enter automatic marks and comments, by submitted notebook, their rows locked until the commit."""
    grades, comments = Grade.__table__, Comment.__table__
    by_hand = grades.c.manual_score.is_not(None)
    points = [
        {"its": key, "points": mark, "open": mark is None}
        for key, mark in _by_row(book, chapter, Grade, {where: found.points for where, found in marks.items()})
    ]
    told = [
        {"its": key, "told": text}
        for key, text in _by_row(book, chapter, Comment, {where: found.comments for where, found in marks.items()})
    ]
    if points:
        change = update(grades).where(grades.c.id == bindparam("its")).values(auto_score=bindparam("points"))
        book.db.execute(change.values(needs_manual_grade=bindparam("open")), points)
        flagged = update(grades).where(grades.c.notebook_id.in_(marks), by_hand)
        book.db.execute(flagged.values(needs_manual_grade=true()))
    if told:
        change = update(comments).where(comments.c.id == bindparam("its")).values(auto_comment=bindparam("told"))
        book.db.execute(change, told)


def _by_row(
    book: Gradebook, chapter: Chapter, kind: type[Grade | Comment], wanted: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, Any]]:
    """Return what is wanted of each cell of each notebook, by the id of its row in the gradebook."""
    table, cells = kind.__table__, BaseCell.__table__
    asked = select(table.c.id, table.c.notebook_id, cells.c.name).join(cells, cells.c.id == table.c.cell_id)
    asked = asked.where(table.c.notebook_id.in_(wanted)).with_for_update(of=table)
    keys = {(where, name): key for key, where, name in book.db.execute(asked)}
    try:
        return [(keys[where, name], value) for where, some in wanted.items() for name, value in some.items()]
    except KeyError as missing:
        raise GraderError(lacks(missing.args[0][1], chapter)) from None


def _scores(book: Gradebook, where: Mapping[str, str]) -> dict[str, Score]:
    """Return each student's score as nbgrader sums it up."""
    asked = select(SubmittedNotebook.id, SubmittedNotebook.score, SubmittedNotebook.max_score)
    found = {key: Score(float(score), float(most)) for key, score, most in book.db.execute(
        asked.where(SubmittedNotebook.id.in_(where.values())))}  # fmt: skip
    return {student: found[key] for student, key in where.items()}


def _penalties(
    book: Gradebook, where: Mapping[str, str], scores: Mapping[str, Score], late: Mapping[str, float]
) -> None:
    """Enter what lateness costs; nothing where a submission is not late, also if an earlier one was."""
    table = SubmittedNotebook.__table__
    costly = table.c.late_submission_penalty.is_not(None)
    book.db.execute(update(table).where(table.c.id.in_(where.values()), costly).values(late_submission_penalty=None))
    found = [
        {"its": where[student], "costs": penalty_for(student, scores[student].score, seconds)}
        for student, seconds in late.items()
        if seconds > 0 and student in where
    ]
    if found:
        change = update(table).where(table.c.id == bindparam("its"))
        book.db.execute(change.values(late_submission_penalty=bindparam("costs")), found)
