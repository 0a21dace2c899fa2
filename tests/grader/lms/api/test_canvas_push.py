"""Marks and feedback to Canvas: a server on loopback, written after its documents. No live one was tried."""

from __future__ import annotations

import os
import signal

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms.api.interface import Lms, LmsError
from grader.lms.api.push import PushOptions, push
from tests.support.fake_canvas import FakeCanvas
from tests.support.fake_lms import Answer
from tests.support.lms_marks import OPTIONS, feedback, status, totals


@pytest.mark.usefixtures("class_of_four")
def test_marks_and_pages_go_out_once(canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter) -> None:
    feedback(course, chain, "s0", "s1")
    marks = totals(chain, {"s0": 59.5, "s1": 7.25, "s2": 3, "stranger": 1, "s3": 2}, waiting=("s3",))
    lines, notes = push(lms, course, [chain], marks, OPTIONS, print)
    assert status(lines) == {"s0": "sent", "s1": "sent", "s2": "sent", "stranger": "failed"}
    assert [line.note for line in lines if line.status == "failed"] == [
        "is not among the students of the course in Canvas"
    ]
    assert notes == ["1 marks wait for a person: left blank (--ungraded points takes what is there)."]
    assert [canvas.mark_of(12001 + i) for i in range(4)] == [59.5, 7.25, 3.0, None]
    assert canvas.uploads["80000"][1] == b"<p>s0</p>"
    (name,) = canvas.files_of(12001)
    assert name.startswith("loss_as_chain_rule-")
    count = len(canvas.writes)
    lines, _ = push(lms, course, [chain], marks, OPTIONS, print)
    assert set(status(lines).values()) == {"unchanged", "failed"}
    assert len(canvas.writes) == count
    feedback(course, chain, "s2")
    lines, _ = push(lms, course, [chain], marks, OPTIONS, print)
    assert [(line.student, line.note) for line in lines if line.status == "sent"] == [
        ("s2", "in place of 3, with feedback")
    ]


@pytest.mark.usefixtures("class_of_four")
def test_a_push_that_was_killed_goes_on_and_sends_nothing_twice(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    """Killed after Canvas took the second mark and before the run could note it."""
    feedback(course, chain, "s0", "s1", "s2", "s3")
    marks = totals(chain, {f"s{i}": 10.0 + i for i in range(4)})
    child = os.fork()
    if child == 0:
        try:
            push(lms, course, [chain], marks, OPTIONS, print)
        finally:
            os._exit(0)

    def kill(asked: object) -> None:
        if sum(write.startswith("PUT") for write in canvas.writes) == 2:
            os.kill(child, signal.SIGKILL)
            canvas.after = lambda asked: None

    canvas.after = kill
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended)
    assert [canvas.mark_of(12001 + i) for i in range(4)] == [10, 11, None, None]
    lines, _ = push(lms, course, [chain], marks, OPTIONS, print)
    assert status(lines) == {"s0": "unchanged", "s1": "unchanged", "s2": "sent", "s3": "sent"}
    assert [canvas.mark_of(12001 + i) for i in range(4)] == [10, 11, 12, 13]
    assert [len(canvas.files_of(12001 + i)) for i in range(4)] == [1, 1, 1, 1]


@pytest.mark.usefixtures("class_of_four")
def test_a_mark_that_was_changed_there_stays_unless_asked(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    push(lms, course, [chain], totals(chain, {"s0": 5}), OPTIONS, print)
    lines, _ = push(lms, course, [chain], totals(chain, {"s0": 6}), OPTIONS, print)
    assert (status(lines), canvas.mark_of(12001)) == ({"s0": "sent"}, 6.0)  # our own earlier mark is replaced
    canvas.submissions["12001"].update(entered_score=50.0, score=50.0)
    canvas.submissions["12002"].update(entered_score=40.0, score=40.0)
    lines, _ = push(lms, course, [chain], totals(chain, {"s0": 7, "s1": 8}), OPTIONS, print)
    assert {line.student: line.note for line in lines} == {
        "s0": "Canvas has 50 (6 was sent), the gradebook 7: --overwrite replaces it",
        "s1": "Canvas has 40 (never sent from here), the gradebook 8: --overwrite replaces it",
    }
    assert (status(lines)["s0"], canvas.mark_of(12001), canvas.mark_of(12002)) == ("kept", 50.0, 40.0)
    push(lms, course, [chain], totals(chain, {"s0": 7, "s1": 8}), PushOptions(overwrite=True), print)
    assert (canvas.mark_of(12001), canvas.mark_of(12002)) == (7.0, 8.0)


@pytest.mark.usefixtures("class_of_four")
def test_a_late_policy_of_canvas_is_no_change_of_the_mark(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    canvas.submissions["12001"].update(entered_score=5.0, score=4.0)
    lines, _ = push(lms, course, [chain], totals(chain, {"s0": 5}), OPTIONS, print)
    assert status(lines) == {"s0": "unchanged"}


@pytest.mark.usefixtures("class_of_four")
def test_a_mark_whose_request_failed_after_it_was_entered_is_not_sent_again(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    """Canvas takes the mark and the comment, and answers 502: a blind second try would comment twice."""
    feedback(course, chain, "s0")
    left = [1]

    def before(asked: object) -> Answer | None:
        if asked.method == "PUT" and left[0]:  # type: ignore[attr-defined]
            left[0] = 0
            canvas.answer(asked)  # type: ignore[arg-type]
            return Answer(502, "")
        return None

    canvas.before = before
    lines, _ = push(lms, course, [chain], totals(chain, {"s0": 5}), OPTIONS, lambda seconds: None)
    assert status(lines) == {"s0": "sent"}
    assert (canvas.mark_of(12001), len(canvas.files_of(12001))) == (5.0, 1)


@pytest.mark.usefixtures("class_of_four")
def test_one_student_whose_mark_fails_costs_that_one_and_a_dead_canvas_ends_the_run(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    broken = Answer(500, "")
    canvas.before = lambda asked: broken if asked.method == "PUT" and asked.path.endswith("12002") else None
    marks = totals(chain, {f"s{i}": 10.0 + i for i in range(4)})
    lines, _ = push(lms, course, [chain], marks, OPTIONS, lambda seconds: None)
    assert status(lines) == {"s0": "sent", "s1": "failed", "s2": "sent", "s3": "sent"}
    canvas.before = lambda asked: broken if asked.method == "PUT" else None
    with pytest.raises(LmsError, match="Canvas answers with an error \\(HTTP 500\\)"):
        push(lms, course, [chain], totals(chain, {f"s{i}": 20.0 for i in range(4)}), OPTIONS, lambda seconds: None)


def test_the_points_must_agree(canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter) -> None:
    canvas.add(12001, "Curie, Marie", "mc")
    lines, notes = push(lms, course, [chain], totals(chain, {"mc": 5}, most=58), OPTIONS, print)
    assert lines == []
    assert notes == [
        f"{chain.assignment_id}: nothing is sent, because Canvas has it out of 60 points and the chapter has 58: "
        "set it so there."
    ]
    assert canvas.writes == []


@pytest.mark.usefixtures("class_of_four")
def test_one_students_mark_alone_is_sent_and_no_list_is_asked_for_where_none_is(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    marks = totals(chain, {"s0": 5, "s1": 6, "s2": 7}, waiting=("s2",))
    lines, _ = push(lms, course, [chain], marks, PushOptions(student="s1"), print)
    assert (status(lines), canvas.mark_of(12001), canvas.mark_of(12002)) == ({"s1": "sent"}, None, 6.0)
    asked = len(canvas.asked)
    lines, _ = push(lms, course, [chain], marks, PushOptions(student="s2"), print)
    assert lines == []
    assert not [a for a in canvas.asked[asked:] if "/submissions" in a.path]
