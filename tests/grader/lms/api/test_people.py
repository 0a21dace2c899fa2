"""Student ids of the LMS's students, names of their files, and which assignment is which chapter."""

from __future__ import annotations

import json
from typing import cast

import pytest

from grader.course import Chapter, CourseDirectory
from grader.errors import UsageError
from grader.lms.api.interface import Assignment, Lms, LmsError, Student
from grader.lms.api.naming import file_name
from grader.lms.api.people import by_chapter, class_ids, numbers_by_student, student_ids


class Named:
    """As much of an LMS as the ids depend on."""

    course = "77"

    def __init__(self, kind: str) -> None:
        self.kind = self.name = kind


def ids_of(course: CourseDirectory, kind: str, *students: Student) -> dict[str, str]:
    return class_ids(course, cast(Lms, Named(kind)), students)


def roster(course: CourseDirectory, text: str) -> None:
    (course.work / "roster").mkdir(exist_ok=True)
    (course.work / "roster" / "own.csv").write_text(text, encoding="utf-8")


def test_the_first_login_that_is_nobody_elses_is_the_id() -> None:
    """Moodle's ID number may be given twice; two students are never one."""
    students = [
        Student("12", "B", ("x", "b@uni.example")),
        Student("7", "A", ("x", "a@uni.example")),
        Student("13", "C", ("X",)),
        Student("14", "D"),
    ]
    found = student_ids(students, {})
    assert found == {"7": "x", "12": "b@uni.example", "13": "13", "14": "14"}
    assert student_ids(students[::-1], {}) == found


def test_a_login_that_a_roster_uses_comes_first(course: CourseDirectory) -> None:
    roster(course, "Identifier,Full name,Email address,Grade\nParticipant 9,Ann Lee,ann@uni.example,\n")
    assert ids_of(course, "moodle", Student("501", "Ann Lee", ("4711", "ann@uni.example"))) == {
        "501": "ann@uni.example"
    }


def test_moodles_number_of_an_assignment_is_not_taken_for_the_users(course: CourseDirectory) -> None:
    """In the roster 501 is Ann's number in an assignment; in the course it is Ben's."""
    roster(course, "student_id,lms_id,name\nann,501,Ann Lee\n")
    assert ids_of(course, "moodle", Student("501", "Ben Kay", ("ben",))) == {"501": "ben"}
    assert ids_of(course, "moodle", Student("501", "Ann Lee", ("4711",))) == {"501": "ann"}


def test_canvas_students_who_were_collected_without_a_roster_are_found_by_their_number(course: CourseDirectory) -> None:
    entry = {"lms": "canvas", "lms_id": "12001", "shared": False}
    students = {"12001": {"01-x": entry}, "12002": {"01-x": {**entry, "lms": "moodle", "lms_id": "12002"}}}
    (course.work / "collected.json").write_text(json.dumps({"students": students}))
    assert numbers_by_student(course, "canvas", {"12001": "mc", "12002": "lm"}) == {
        "mc": "12001", "lm": "12002", "12001": "12001"
    }  # fmt: skip
    assert numbers_by_student(course, "moodle", {"12001": "mc"}) == {"mc": "12001"}


def test_an_assignment_is_found_by_its_title_or_chosen_by_its_number(chain: Chapter) -> None:
    some = [Assignment("1", "Week 3: Loss as chain rule!", 60.0), Assignment("2", "Other", 60.0)]
    assert by_chapter([chain], some, {}) == ({chain.assignment_id: some[0]}, [])
    assert by_chapter([chain], some, {chain.assignment_id: "2"})[0] == {chain.assignment_id: some[1]}
    with pytest.raises(LmsError, match="several assignments have its name"):
        by_chapter([chain], [some[0], Assignment("3", "loss_as_chain_rule (again)", 60.0)], {})
    with pytest.raises(LmsError, match=r"no assignment has its name\. The course has 2 \(Other\)"):
        by_chapter([chain], some[1:], {})
    with pytest.raises(UsageError, match="no assignment 9"):
        by_chapter([chain], some, {chain.assignment_id: "9"})


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../.ssh/loss_as_chain_rule.ipynb", "loss_as_chain_rule.ipynb"),
        ("C:\\x\\a_12_34_b.ipynb", "a-12-34-b.ipynb"),
        ("..", "file"),
        ("con.ipynb", "_con.ipynb"),
        ("é" * 90 + ".ipynb", "é" * 47 + ".ipynb"),
    ],
)
def test_a_files_name_names_no_folder_and_no_number_of_the_lms(name: str, safe: str) -> None:
    assert file_name(name) == safe
