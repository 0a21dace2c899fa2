"""Roster and submissions from Canvas: a server on loopback, written after its documents. No live one was tried."""

from __future__ import annotations

from typing import Any

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms.api.interface import Lms
from grader.lms.api.pull import pull
from grader.lms.api.push import PushOptions, push
from tests.support.fake_canvas import FakeCanvas
from tests.support.lms_class import by
from tests.support.lms_marks import OPTIONS, feedback, status, totals


@pytest.mark.usefixtures("class_of_four")
def test_a_class_is_fetched_page_by_page_and_collected_under_its_logins(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    run = pull(lms, course, [chain])
    assert (run.students, run.fetched, run.present, run.failed) == (4, 4, 0, [])
    assert {r.student: r.status for r in run.collected} == {f"s{i}": "new" for i in range(4)}
    handed_in = course.submitted / "s1" / chain.assignment_id
    assert (handed_in / f"{chain.notebook}.ipynb").read_bytes() == by(blank, "李, 明")
    assert (handed_in / "timestamp.txt").read_text().startswith("2026-11-20 22:59:00")
    assert any(a.query.get("page") == ["2"] for a in canvas.asked)
    assert canvas.writes == []
    asked = len(canvas.asked)
    again = pull(lms, course, [chain])
    assert (again.fetched, again.present) == (0, 4)
    assert {r.status for r in again.collected} == {"unchanged"}
    assert not [a for a in canvas.asked[asked:] if a.path.startswith("/files/")]


@pytest.mark.usefixtures("class_of_four")
def test_a_pull_that_stopped_fetches_the_rest(lms: Lms, course: CourseDirectory, chain: Chapter) -> None:
    real, reads = type(lms).read, []

    def read(self: Lms, *args: Any) -> bytes:
        reads.append(args)
        if len(reads) == 3:
            raise KeyboardInterrupt
        return real(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(lms), "read", read)
        with pytest.raises(KeyboardInterrupt):
            pull(lms, course, [chain])
    run = pull(lms, course, [chain])
    assert (run.fetched, run.present) == (2, 2)
    assert len(run.collected) == 4


def test_a_dry_run_writes_nothing_here_or_there(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, class_of_four: None
) -> None:
    before = sorted(course.work.rglob("*"))
    run = pull(lms, course, [chain], dry_run=True)
    feedback(course, chain, "s0")
    lines, _ = push(lms, course, [chain], totals(chain, {"s0": 5, "s1": 6}), PushOptions(dry_run=True), print)
    assert len(run.would_fetch) == 4
    assert status(lines) == {"s0": "would be sent", "s1": "would be sent"}
    assert canvas.writes == []
    assert [f for f in sorted(course.work.rglob("*")) if "feedback" not in f.parts] == before
    assert not [a for a in canvas.asked if a.path.startswith("/files/")]


ODD = [
    "../../../etc/cron.d/x.ipynb",
    "..\\..\\loss.ipynb",
    ".ssh",
    "a_12000_67000_b.ipynb",
    "a\n\x1b[2J.ipynb",
    "x" * 400,
]  # as students call their files: a way out, a hidden file, another student's number, an escape, too long a name


def test_odd_names_lead_nowhere_else(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    canvas.add(12000, "Curie, Marie", "mc")
    for i, name in enumerate(ODD):
        canvas.add(12001 + i, "../.." if i else "/", f"../../x{i}", name, by(blank, name))
    before = set(course.work.parent.rglob("*"))
    run = pull(lms, course, [chain])
    assert (run.fetched, run.failed) == (len(ODD), [])
    new = {f for f in set(course.work.parent.rglob("*")) - before if f.is_file()}
    downloads = course.work / "lms" / "canvas-77" / "downloads" / chain.assignment_id
    assert len([f for f in new if f.parent == downloads]) == len(ODD)
    assert {f.relative_to(course.work).parts[0] for f in new} <= {
        "lms", "roster", "submitted", "collected.json", "collected-before"
    }  # fmt: skip
    assert all(f.name.isprintable() and len(f.name.encode()) < 200 for f in new)
    folders = {f"_=2E.=2F..=2Fx{i}" for i in range(len(ODD))}
    assert {f.name for f in course.submitted.iterdir()} == folders
    assert not (course.submitted / "mc").exists()


def test_a_file_that_is_too_large_is_not_fetched_and_one_that_lies_about_it_is_cut_off(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    canvas.add(12001, "Curie, Marie", "mc", "loss.ipynb", blank, size=200 * 2**20)
    canvas.add(12002, "Li, Ming", "lm", "loss.ipynb", b"x" * 5000, size=10)
    canvas.add(12003, "Ann", "ann", "loss_as_chain_rule.ipynb", b"{}", size=2)
    run = pull(lms, course, [chain], most=4096)
    assert [r.note for r in run.failed] == ["larger than 0.00390625 MB: ask for the notebook alone."] * 2
    assert not [a for a in canvas.asked if a.path == "/files/72001/download"]
    assert run.fetched == 1


def test_a_submission_of_an_unknown_user_is_left_out_and_said(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    canvas.add(12001, "Curie, Marie", "mc", "loss_as_chain_rule.ipynb", by(blank, "mine"))
    canvas.add(12002, "Gone", "gone", "loss_as_chain_rule.ipynb", by(blank, "gone"))
    canvas.users.pop()
    canvas.add(12003, "Typed", "typed")
    canvas.submissions["12003"]["submitted_at"] = "2026-11-20T22:59:00Z"
    run = pull(lms, course, [chain])
    assert run.notes == [f"{chain.assignment_id}: student number 12003 handed in no file: ask for the notebook."]
    assert [r.note for r in run.failed] == ["student number 12002 is not in the course's list of students: left out."]
    assert {r.student for r in run.collected} == {"mc"}


def test_a_roster_of_ones_own_decides_the_ids(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    canvas.add(12001, "Curie, Marie", "mc", "loss_as_chain_rule.ipynb", by(blank, "mine"))
    (course.work / "roster").mkdir()
    (course.work / "roster" / "own.csv").write_text("student_id,lms_id,name\n4711,12001,Marie Curie\n")
    run = pull(lms, course, [chain])
    assert {(r.student, r.status) for r in run.collected} == {("4711", "new")}
    lines, _ = push(lms, course, [chain], totals(chain, {"4711": 5}), OPTIONS, print)
    assert (status(lines), canvas.mark_of(12001)) == ({"4711": "sent"}, 5.0)
