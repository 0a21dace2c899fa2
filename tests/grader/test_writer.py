"""The one writer: many notebooks in one transaction, with the rows that nbgrader makes one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from nbgrader.api import Base, Gradebook
from nbgrader.utils import parse_utc
from sqlalchemy import select, text

from grader import writer as writing
from grader.autograde import Result, Status, autograde, submissions
from grader.course import TIMESTAMP, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.executors.base import Outcome, Submission
from grader.gradebook import entering, late_penalty
from grader.gradebook.connection import enter_student, open_gradebook
from grader.gradebook.grades import save_grades
from grader.results import ungraded
from tests.support.class_without_kernels import FakeExecutor, grade, hand_in

IN_TIME, LATE = "2026-11-20 11:00:00 UTC", "2026-11-20 13:00:00 UTC"
CLASS = {"ann": (9, IN_TIME), "bob": (5, LATE), "cyd": (0, ""), "dee": (10, LATE)}


@pytest.fixture
def waiting(course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch) -> CourseDirectory:
    """A class that has handed in, two of them late; one is known already, with a mark and a comment given by hand."""
    with open_gradebook(course) as book:
        book.update_or_create_assignment(chain.assignment_id, duedate="2026-11-20 12:00:00 UTC")
        book.add_student("ann", first_name="Ann", last_name="Lee")
        book.add_student("cyd")  # without a name
        book.add_submission(chain.assignment_id, "ann", timestamp="2026-11-19 11:00:00 UTC")
        book.add_submission(chain.assignment_id, "dee" if book.add_student("dee") else "")
        book.find_submission(chain.assignment_id, "dee").extension = timedelta(hours=3)
        kept = book.find_submission_notebook(chain.notebook, chain.assignment_id, "ann")
        kept.grades[0].manual_score, kept.late_submission_penalty = 1.5, 3.0
        kept.comments[0].manual_comment = "well done"
        book.db.commit()
    for student, (tenths, at) in CLASS.items():
        hand_in(course, chain, student, tenths, "A thought." if tenths else "")
        if at:
            course.notebook_path(course.submitted, student, chain).with_name(TIMESTAMP).write_text(at)
    monkeypatch.setattr(late_penalty, "rule", lambda: Halved())
    return course


class Halved:
    """A rule: half of the score for whatever is late."""

    def late_submission_penalty(self, student: str, score: float, seconds: float) -> float:
        return score / 2


def nbgraders_way(course: CourseDirectory, chain: Chapter) -> None:
    """Enter the same notebooks with nbgrader's own functions, one by one."""
    todo = submissions(course, [chain])
    with open_gradebook(course) as book:
        for graded in FakeExecutor().run(todo, ExecutionConfig(course.work)):
            student = graded.submission.student
            enter_student(book, student)
            at = {"timestamp": CLASS[student][1]} if CLASS[student][1] else {}
            book.update_or_create_submission(chain.assignment_id, student, **at)
            save_grades(book, graded.notebook, student, chain)  # type: ignore[union-attr]
            late_penalty.apply_late_penalty(book, student, chain)


def rows(course: CourseDirectory) -> dict[str, list[str]]:
    """Every row of the gradebook, by table; in place of a made-up id stands the row that it names."""
    named: dict[Any, str] = {}
    found: dict[str, list[str]] = {}
    with Gradebook(course.db_url) as book:
        for table in Base.metadata.sorted_tables:  # a table comes after those that it names rows of
            own = [dict(row) for row in book.db.execute(select(table)).mappings()]
            told = [str({k: named.get(v, v) for k, v in row.items() if not (k == "id" and _made_up(v))}) for row in own]
            named |= {row["id"]: text for row, text in zip(own, told, strict=True) if _made_up(row.get("id"))}
            found[table.name] = sorted(told)
    return found


def _made_up(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32


def test_the_rows_are_those_that_nbgrader_makes(
    waiting: CourseDirectory, chain: Chapter, built: CourseDirectory
) -> None:
    before = (waiting.work / "gradebook.db").read_bytes()
    nbgraders_way(waiting, chain)
    want = rows(waiting)
    (waiting.work / "gradebook.db").write_bytes(before)
    found = {r.student: r for r in grade(waiting, chain)}
    assert rows(waiting) == want
    with Gradebook(waiting.db_url) as book:
        for student, result in found.items():
            entered = book.find_submission_notebook(chain.notebook, chain.assignment_id, student)
            assert (result.score, result.max_score) == (entered.score, entered.max_score)
            lateness = entered.late_submission_penalty
            assert lateness == (entered.score / 2 if student == "bob" else None)  # an extension, and one in time
        assert book.find_submission(chain.assignment_id, "bob").timestamp == parse_utc(LATE)
        kept = book.find_submission_notebook(chain.notebook, chain.assignment_id, "ann")
        assert [g.manual_score for g in kept.grades if g.manual_score is not None] == [1.5]
        assert next(g.needs_manual_grade for g in kept.grades if g.manual_score is not None)
    grade(waiting, chain, force=True)
    assert rows(waiting) == want  # entered once more, as the same


def test_many_are_entered_in_few_transactions(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(7):
        hand_in(course, chain, f"student-{k}", k)
    entered: list[int] = []
    monkeypatch.setattr(writing, "enter", lambda book, some: entered.append(len(some)) or entering.enter(book, some))
    monkeypatch.setattr(writing, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(writing, "HELD", 3600.0)
    assert [r.status for r in grade(course, chain)] == [Status.GRADED] * 7
    assert entered == [3, 3, 1]


class Slow(FakeExecutor):
    """An executor that has nothing for a while after each notebook, and then stops with an error."""

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome | None]:  # type: ignore[override]
        for outcome in super().run(todo, config):
            yield outcome
            yield None
        raise GraderError("the scheduler is gone")


@pytest.mark.parametrize(("held", "want"), [(-1.0, [1, 1, 1]), (3600.0, [3])])
def test_nothing_is_held_back_for_long_and_nothing_is_lost_by_an_error(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch, held: float, want: list[int]
) -> None:
    for k in range(3):
        hand_in(course, chain, f"student-{k}", k)
    entered: list[int] = []
    monkeypatch.setattr(writing, "enter", lambda book, some: entered.append(len(some)) or entering.enter(book, some))
    monkeypatch.setattr(writing, "HELD", held)
    found: list[Result] = []
    steps = autograde(course, submissions(course, [chain]), executor=Slow())
    with pytest.raises(GraderError, match="the scheduler is gone"):
        found.extend(steps)
    assert (len(found), entered) == (3, want)


def test_a_submission_that_the_gradebook_refuses_costs_itself_alone(course: CourseDirectory, chain: Chapter) -> None:
    for student in ("ann", "bob", "cyd"):
        hand_in(course, chain, student, 9)
    with Gradebook(course.db_url) as book:
        book.db.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON submitted_assignment WHEN NEW.student_id = 'bob' "
                "BEGIN SELECT RAISE(ABORT, 'not him'); END"
            )
        )
        book.db.commit()
    found = {r.student: r for r in grade(course, chain)}
    assert {s: r.status for s, r in found.items()} == {"ann": "graded", "bob": "failed", "cyd": "graded"}
    assert found["bob"].grader_fault
    assert found["bob"].reason.startswith("The gradebook refused it (IntegrityError)")
    assert list(ungraded(course, chain)) == ["bob"]
    assert not course.notebook_path(course.autograded, "bob", chain).exists()
    with Gradebook(course.db_url) as book:
        assert {s.student_id for s in book.assignment_submissions(chain.assignment_id)} == {"ann", "cyd"}
        book.db.execute(text("DROP TRIGGER refuse"))
        book.db.commit()
    assert {r.student: r.status for r in grade(course, chain)} == {
        "ann": "unchanged",
        "bob": "graded",
        "cyd": "unchanged",
    }
    assert not ungraded(course, chain)


def test_a_gradebook_without_a_cell_is_one_sentence(course: CourseDirectory, chain: Chapter) -> None:
    hand_in(course, chain, "ann", 9)
    with Gradebook(course.db_url) as book:
        book.db.execute(text("UPDATE base_cell SET name = 'renamed' WHERE name = 'chain-sgd-step'"))
        book.db.commit()
    with pytest.raises(GraderError, match=r"lacks the cell 'chain-sgd-step' of .*: run `python -m grader build` first"):
        grade(course, chain)
    with Gradebook(course.db_url) as book:
        assert not book.assignment_submissions(chain.assignment_id)  # nothing of it was entered
