"""What students are called in the gradebook, and so in nbgrader's pages."""

from __future__ import annotations

import pytest

from grader.course import Chapter, CourseDirectory
from grader.gradebook.connection import enter_student, open_gradebook
from tests.support import class_without_kernels


def called(course: CourseDirectory) -> dict[str, tuple[str | None, str | None]]:
    with open_gradebook(course) as book:
        return {s.id: (s.last_name, s.first_name) for s in book.students}


def test_a_student_without_a_name_is_called_by_the_id_and_a_name_stays(course: CourseDirectory, chain: Chapter) -> None:
    with open_gradebook(course) as book:
        book.update_or_create_student("zoe", first_name="Zoë", last_name="O'Neill")
        book.update_or_create_student("nameless")  # entered before there was a rule
    for student in ("ann", "nameless", "zoe"):
        class_without_kernels.hand_in(course, chain, student, 5)
    class_without_kernels.grade(course, chain)
    assert called(course) == {"ann": ("ann", ""), "nameless": ("nameless", ""), "zoe": ("O'Neill", "Zoë")}


@pytest.mark.parametrize("given", [{"first_name": "Ann"}, {"last_name": "Lee"}])
def test_half_a_name_is_a_name(course: CourseDirectory, given: dict[str, str]) -> None:
    with open_gradebook(course) as book:
        book.update_or_create_student("ann", **given)
        enter_student(book, "ann")
    assert called(course) == {"ann": (given.get("last_name"), given.get("first_name"))}


def test_who_hands_in_what_cannot_be_graded_has_a_name_too(course: CourseDirectory, chain: Chapter) -> None:
    (course.submitted / "ben" / chain.assignment_id).mkdir(parents=True)
    (result,) = class_without_kernels.grade(course, chain)
    assert result.status == "failed"
    assert called(course) == {"ben": ("ben", "")}
