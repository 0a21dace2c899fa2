"""Moodle over its web services: a server on loopback, written after Moodle's own source. No live one was tried."""

from __future__ import annotations

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms import feedback_zip
from grader.lms import moodle as worksheets
from grader.lms.api.connect import connect
from grader.lms.api.interface import Lms, LmsError
from grader.lms.api.pull import pull
from grader.lms.api.push import PushOptions, push
from grader.lms.roster import Roster
from tests.support.commands import grader_here
from tests.support.fake_lms import TOKEN, Answer, Asked, serving
from tests.support.fake_moodle import FakeMoodle
from tests.support.lms_class import by, mark, table
from tests.support.lms_marks import OPTIONS, feedback, status, totals


def test_the_latest_attempt_of_each_student_is_fetched_and_a_draft_is_said(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    moodle.hand_in(501, "loss_as_chain_rule.ipynb", by(blank, "first"))
    run = pull(site, course, [chain])
    assert (run.students, run.fetched) == (3, 1)
    moodle.hand_in(501, "loss_as_chain_rule.ipynb", by(blank, "second"), attempt=1)
    moodle.hand_in(502, "../../loss_as_chain_rule.ipynb", by(blank, "other"))
    moodle.hand_in(503, "loss_as_chain_rule.ipynb", by(blank, "draft"), status="draft")
    run = pull(site, course, [chain])
    assert (run.fetched, run.present) == (2, 0)
    assert {r.student: r.status for r in run.collected} == {"s0": "replaced", "s1": "new"}
    assert run.notes == [f"{chain.assignment_id}: student number 503 has a draft that was not submitted."]
    handed_in = course.submitted / "s0" / chain.assignment_id
    assert (handed_in / f"{chain.notebook}.ipynb").read_bytes() == by(blank, "second")
    assert (handed_in / "timestamp.txt").read_text().startswith("2026-11-20 22:59:01")
    run = pull(site, course, [chain])
    assert (run.fetched, run.present) == (0, 2)
    assert {r.status for r in run.collected} == {"unchanged"}
    assert moodle.writes == []


def test_what_was_fetched_is_in_no_file_for_moodles_import(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    """Its worksheet and its zips go by the participant's number: the user's number may be another student's there."""
    moodle.hand_in(501, "loss_as_chain_rule.ipynb", by(blank, "mine"))
    pull(site, course, [chain])
    mark(course, chain, {"s0": 5})
    feedback(course, chain, "s0")
    assert feedback_zip.write_zips(course, [chain], course.work)[0] == []
    (file,), notes = worksheets.write_worksheets(course, [chain], course.work, Roster())
    assert table(file) == []
    assert notes == [f"Without a Moodle number for {chain.assignment_id}, so left out: s0."]


def test_marks_and_pages_go_out_once_and_a_persons_comment_is_not_replaced(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    feedback(course, chain, "s0")
    feedback(course, chain, "s1")
    moodle.grades[502], moodle.comments[502] = "-1.00000", "<p>See me.</p>"
    marks = totals(chain, {"s0": 59.5, "s1": 7.25, "s2": 3})
    lines, _ = push(site, course, [chain], marks, PushOptions(dry_run=True), print)
    assert status(lines) == {"s0": "would be sent", "s1": "kept", "s2": "would be sent"}
    assert moodle.writes == []
    lines, _ = push(site, course, [chain], marks, OPTIONS, print)
    assert status(lines) == {"s0": "sent", "s1": "kept", "s2": "sent"}
    assert lines[1].note == "a person wrote a comment: --overwrite sends the mark all the same"
    assert moodle.grades == {501: "59.50000", 502: "-1.00000", 503: "3.00000"}
    assert moodle.files[501][0].startswith("loss_as_chain_rule-")
    assert moodle.drafts[700][1] == b"<p>s0</p>"
    count = len(moodle.writes)
    assert status(push(site, course, [chain], marks, OPTIONS, print)[0])["s0"] == "unchanged"
    assert len(moodle.writes) == count
    push(site, course, [chain], marks, PushOptions(overwrite=True), print)
    assert (moodle.grades[502], moodle.comments[502]) == ("7.25000", "<p>See me.</p>")


def test_a_changed_mark_stays_and_a_failed_request_is_looked_at_before_it_is_repeated(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    moodle.grades[501] = "50.00000"
    lines, _ = push(site, course, [chain], totals(chain, {"s0": 7}), OPTIONS, print)
    assert lines[0].note == "Moodle has 50 (never sent from here), the gradebook 7: --overwrite replaces it"
    done = []

    def before(asked: Asked) -> Answer | None:
        if asked.get("wsfunction") == "mod_assign_save_grade" and not done:
            done.append(moodle.answer(asked))
            return Answer(502, "")
        return None

    moodle.before = before
    lines, _ = push(site, course, [chain], totals(chain, {"s1": 7}), OPTIONS, lambda seconds: None)
    assert (status(lines), moodle.writes) == ({"s1": "sent"}, ["save_grade 502"])


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [("teamsubmission", 1, "hands in by groups"), ("markingworkflow", 1, "uses a marking workflow"),
     ("blindmarking", 1, "is marked anonymously"), ("grade", -2, "is marked on a scale")],
)  # fmt: skip
def test_what_cannot_be_marked_this_way_is_said(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter, field: str, value: int, why: str
) -> None:
    moodle.assignment[field] = value
    lines, notes = push(site, course, [chain], totals(chain, {"s0": 7}), OPTIONS, print)
    assert (lines, moodle.writes) == ([], [])
    assert why in notes[0]


def test_without_feedback_files_in_the_assignment_marks_alone_go_out(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter
) -> None:
    feedback(course, chain, "s0")
    moodle.assignment["configs"].pop()
    lines, notes = push(site, course, [chain], totals(chain, {"s0": 7}), OPTIONS, print)
    assert (status(lines), moodle.writes) == ({"s0": "sent"}, ["save_grade 501"])
    assert notes == [f"{chain.assignment_id}: Moodle takes no feedback files there, so marks alone are sent."]


def test_a_busy_moodle_is_asked_again(moodle: FakeMoodle, site: Lms, slept: list[float]) -> None:
    moodle.fail(2, Answer(503, "", {"Retry-After": "5"}), lambda asked: True)
    assert [s.number for s in site.students()] == ["501", "502", "503"]
    assert slept == [5.0, 5.0]


def test_a_wrong_token_is_one_sentence_without_the_token(
    moodle: FakeMoodle, course: CourseDirectory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    monkeypatch.setenv("GRADSCHOOL_MOODLE_TOKEN", "wrongtoken0123456789")
    words = ("--lms", "moodle", "--url", moodle.url, "--course", "77")
    done = grader_here("lms", "pull", *words, course=course)
    assert done.returncode == 1
    assert done.stderr.startswith("grader: Moodle does not accept the token")
    assert done.stderr.count("\n") == 1
    assert "0123456789" not in done.stdout + done.stderr + caplog.text
    monkeypatch.delenv("GRADSCHOOL_MOODLE_TOKEN")
    monkeypatch.setattr("keyring.get_password", lambda service, name: None)
    done = grader_here("lms", "pull", *words, course=course)
    assert done.stderr == (
        f"grader: There is no token for {moodle.url}: put it into GRADSCHOOL_MOODLE_TOKEN, or run "
        f"`keyring set gradschool-moodle {moodle.url}`.\n"
    )


def test_a_redirect_does_not_carry_the_token_on(moodle: FakeMoodle, site: Lms) -> None:
    with serving(FakeMoodle()) as other:
        moodle.before = lambda asked: Answer(307, "", {"Location": f"{other.url}{asked.path}"})
        with pytest.raises(LmsError, match="sends on to another address"):
            site.students()
        assert other.asked == []


def test_a_file_on_another_host_is_not_asked_for(
    moodle: FakeMoodle, site: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    with serving(FakeMoodle()) as other:
        moodle.hand_in(501, "loss_as_chain_rule.ipynb", by(blank, "mine"))
        (area,) = moodle.submissions[0]["plugins"][0]["fileareas"]
        area["files"][0]["fileurl"] = area["files"][0]["fileurl"].replace(moodle.url, other.url)
        run = pull(site, course, [chain])
        assert [r.note for r in run.failed] == ["lies on another host, which must not get the token."]
        assert other.asked == []


def test_the_keyring_has_the_token_where_no_variable_has(moodle: FakeMoodle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADSCHOOL_MOODLE_TOKEN")
    kept = {("gradschool-moodle", moodle.url): TOKEN}
    monkeypatch.setattr("keyring.get_password", lambda service, name: kept.get((service, name)))
    assert len(connect("moodle", moodle.url + "/", "77", print).students()) == 3


@pytest.mark.parametrize("token", ["four words of text", "line\nbreak-in-token", "abc123"])
def test_what_cannot_be_a_token_is_not_sent_and_not_quoted(
    moodle: FakeMoodle, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("GRADSCHOOL_MOODLE_TOKEN", token)
    with pytest.raises(LmsError, match="is no token") as raised:
        connect("moodle", moodle.url, "77")
    assert token not in str(raised.value)
    assert moodle.asked == []
