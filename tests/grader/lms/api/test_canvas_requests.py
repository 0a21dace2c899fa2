"""How Canvas is asked: its limits, its errors, and a token that is nowhere to be seen."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms.api import session
from grader.lms.api.connect import connect
from grader.lms.api.interface import Lms, LmsError
from grader.lms.api.pull import pull
from grader.lms.api.push import push
from tests.support.commands import grader_here
from tests.support.fake_canvas import FakeCanvas
from tests.support.fake_lms import TOKEN, Answer, serving
from tests.support.lms_class import by
from tests.support.lms_marks import OPTIONS, totals


@pytest.mark.usefixtures("class_of_four")
@pytest.mark.parametrize(
    "answer",
    [Answer(429, "", {"Retry-After": "7"}), Answer(403, raw=b"403 Forbidden (Rate Limit Exceeded)\n"), Answer(500, "")],
    ids=["429", "403", "500"],
)
def test_a_busy_canvas_is_asked_again_after_a_while(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, slept: list[float], answer: Answer
) -> None:
    canvas.fail(2, answer, lambda asked: asked.path.endswith("/search_users"))
    assert pull(lms, course, [chain], dry_run=True).students == 4
    assert slept == ([7.0, 7.0] if answer.status == 429 else [1.0, 2.0])


def test_little_quota_left_slows_the_run_down(canvas: FakeCanvas, lms: Lms, slept: list[float]) -> None:
    canvas.before = lambda asked: Answer(body=[], headers={"X-Rate-Limit-Remaining": "40.0"})
    assert lms.students() == []
    assert slept == [6.0]


def test_a_wait_that_is_too_long_is_said(canvas: FakeCanvas, lms: Lms, slept: list[float]) -> None:
    canvas.before = lambda asked: Answer(429, "", {"Retry-After": "3600"})
    with pytest.raises(LmsError, match="asks to wait 3600 seconds"):
        lms.students()
    assert slept == []


def test_a_wrong_token_is_one_sentence_without_the_token(
    canvas: FakeCanvas, course: CourseDirectory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    monkeypatch.setenv("GRADSCHOOL_CANVAS_TOKEN", "wrong-token-0123456789")
    done = grader_here("lms", "pull", "--lms", "canvas", "--url", canvas.url, "--course", "77", course=course)
    assert done.returncode == 1
    assert done.stderr == (
        "grader: Canvas does not accept the token: make a new one (Account, Settings, New Access Token).\n"
    )
    assert "0123456789" not in done.stdout + done.stderr + caplog.text
    assert canvas.asked[0].headers["authorization"] == "Bearer wrong-token-0123456789"


@pytest.mark.usefixtures("class_of_four")
def test_the_token_is_in_no_log_file_or_error(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    pull(lms, course, [chain])
    push(lms, course, [chain], totals(chain, {"s0": 1}), OPTIONS, print)
    canvas.before = lambda asked: Answer(500, "")
    with pytest.raises(LmsError) as raised:
        lms.students()
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(vars(lms)["_token"])
    assert TOKEN not in told
    assert TOKEN[-4:] not in caplog.text
    assert not [f for f in course.work.rglob("*") if f.is_file() and TOKEN.encode() in f.read_bytes()]


def test_a_password_of_netrc_does_not_take_the_tokens_place(
    canvas: FakeCanvas, lms: Lms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert lms.students() == []
    assert canvas.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_an_address_without_encryption_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSCHOOL_CANVAS_TOKEN", TOKEN)
    for url in ("http://canvas.example.edu", "canvas.example.edu", "https://user:pw@canvas.example.edu"):
        with pytest.raises(LmsError):
            session.checked_url(url)
    assert session.checked_url("https://canvas.example.edu/") == "https://canvas.example.edu"
    with pytest.raises(LmsError, match="no course's number"):
        connect("canvas", "https://canvas.example.edu", "77/../8")


def test_a_file_of_another_host_is_asked_for_without_the_token(
    canvas: FakeCanvas, lms: Lms, course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    storage = FakeCanvas()
    with serving(storage):
        canvas.add(12001, "Curie, Marie", "mc", "loss_as_chain_rule.ipynb", by(blank, "mine"))
        storage.contents = canvas.contents
        for attached in canvas.submissions["12001"]["attachments"]:
            attached["url"] = attached["url"].replace(canvas.url, storage.url)
        assert pull(lms, course, [chain]).fetched == 1
        assert "authorization" not in storage.asked[0].headers
