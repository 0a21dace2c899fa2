"""`python -m grader lms`: what it prints, its exit status, and what it asks for."""

from __future__ import annotations

import json

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms.totals import chapter_totals, max_score
from tests.support.commands import grader_here
from tests.support.fake_canvas import FakeCanvas
from tests.support.lms_class import mark
from tests.support.lms_marks import feedback


@pytest.mark.usefixtures("class_of_four")
def test_pull_and_push_from_the_command_line(canvas: FakeCanvas, course: CourseDirectory, chain: Chapter) -> None:
    words = ("--lms", "canvas", "--url", canvas.url + "/", "--course", "77")
    done = grader_here("lms", "pull", *words, "--dry-run", "1", course=course)
    assert (done.returncode, done.stdout.count("Would fetch 01-loss-as-chain-rule/")) == (0, 4)
    done = grader_here("lms", "pull", *words, "1", course=course)
    assert done.returncode == 0
    assert done.stdout.endswith("4 students; 4 fetched, 0 were here, 0 could not be fetched; 4 new, 0 replaced.\n")
    mark(course, chain, {"s0": 5, "s1": 1.5})
    feedback(course, chain, "s0")
    canvas.assignment["points_possible"] = max_score(chain, chapter_totals(course, [chain]))
    done = grader_here("lms", "push", *words, "--json", course=course)
    assert done.returncode == 0
    assert [(m["student"], m["status"], m["mark"]) for m in json.loads(done.stdout)["marks"]] == [
        ("s0", "sent", 5.0), ("s1", "sent", 1.5)
    ]  # fmt: skip
    assert (canvas.mark_of(12001), canvas.mark_of(12002), len(canvas.files_of(12001))) == (5.0, 1.5, 1)
    canvas.users.pop(1)
    canvas.submissions["12001"].update(entered_score=9.0)
    done = grader_here("lms", "push", *words, course=course)
    assert done.returncode == 1
    assert done.stdout.endswith("1 kept, 1 failed.\n")
    assert "Canvas has 9 (5 was sent), the gradebook 5" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "http://canvas.example.edu", "--course", "1"), "say https://"),
        (("--url", "https://canvas.example.edu", "--course", "rl"), "'rl' is no course's number"),
        (("--url", "https://canvas.example.edu", "--course", "1", "--assignment", "x"), "say it as CHAPTER=NUMBER"),
    ],
)
def test_what_cannot_work_is_one_sentence(
    canvas: FakeCanvas, course: CourseDirectory, words: tuple[str, ...], said: str
) -> None:
    done = grader_here("lms", "pull", "--lms", "canvas", *words, course=course)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_option_takes_a_token(course: CourseDirectory) -> None:
    for command in ("pull", "push"):
        options = grader_here("lms", command, "--help", course=course).stdout
        assert "--course" in options
        assert "token" not in options.lower()
