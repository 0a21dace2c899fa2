"""Collecting from a folder into which every student writes: nobody's submission is another's, and no link is read."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from nbgrader.coursedir import CourseDirectory as NbgraderDirectory
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback, collect
from nbgrader.utils import notebook_hash
from traitlets.config import Config

from grader.course import SECRET, Chapter, CourseDirectory
from grader.nbgrader_bridge.exchange import CollectOwnFiles, ReleaseToOwners
from grader.publish.feedback import write_feedback
from tests.support.class_without_kernels import grade, hand_in

ME = pwd.getpwuid(os.geteuid()).pw_name
CHAPTER, EARLY, LATE = "01-loss-as-chain-rule", "2026-11-20 10:00:00.5 UTC", "2026-11-21 10:00:00.5 UTC"


@pytest.fixture
def folders(tmp_path: Path) -> NbgraderDirectory:
    """A course and its exchange."""
    (tmp_path / "exchange" / "rl" / "inbound").mkdir(parents=True)
    c = Config()
    c.CourseDirectory.root = str(tmp_path)
    c.CourseDirectory.course_id = "rl"
    c.CourseDirectory.assignment_id = CHAPTER
    c.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    return NbgraderDirectory(config=c)


@pytest.fixture(autouse=True)
def _no_due_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbgrader's own collector makes a gradebook, in seconds, to ask for a due date that it does not use."""
    book = MagicMock()
    book.return_value.__enter__.return_value.find_assignment.return_value.duedate = None
    monkeypatch.setattr(collect, "Gradebook", book)


def submitted(root: Path, who: str, when: str = EARLY, text: str = "work") -> Path:
    """A submission as `nbgrader submit` leaves it."""
    folder = root / "exchange" / "rl" / "inbound" / f"{who}+{CHAPTER}+{when}+x1"
    folder.mkdir()
    (folder / "lesson.ipynb").write_text(text)
    (folder / "timestamp.txt").write_text(when)
    (folder / "submission_secret.txt").write_text(f"secret of {who}")
    return folder


def collected(kind: type[ExchangeCollect], folders: NbgraderDirectory) -> dict[str, str]:
    """What lies in submitted/ after collecting, by path."""
    c = Config()
    c.Exchange.root = str(Path(folders.root) / "exchange")
    kind(coursedir=folders, config=c, update=True).start()
    there = Path(folders.root) / "submitted"
    return {str(f.relative_to(there)): f.read_text() for f in sorted(there.rglob("*")) if f.is_file()}


def of_me(text: str = "work", when: str = EARLY) -> dict[str, str]:
    beside = f"{ME}/{CHAPTER}"
    return {
        f"{beside}/lesson.ipynb": text,
        f"{beside}/submission_secret.txt": f"secret of {ME}",
        f"{beside}/timestamp.txt": when,
    }


@pytest.mark.parametrize("kind", [ExchangeCollect, CollectOwnFiles])
def test_the_latest_is_collected_as_nbgrader_does(kind: Any, folders: NbgraderDirectory, tmp_path: Path) -> None:
    submitted(tmp_path, ME, LATE, "second")
    submitted(tmp_path, ME, EARLY, "first")
    assert collected(kind, folders) == of_me("second", LATE)
    submitted(tmp_path, ME, "2026-11-22 10:00:00 UTC", "third")
    assert collected(kind, folders) == of_me("third", "2026-11-22 10:00:00 UTC")


def test_a_link_is_not_read(folders: NbgraderDirectory, tmp_path: Path) -> None:
    """nbgrader would hand the instructor's solutions in, and the student would read them in the feedback."""
    (tmp_path / "solutions.ipynb").write_text("the instructor's")
    work = submitted(tmp_path, ME) / "lesson.ipynb"
    work.unlink()
    work.symlink_to(tmp_path / "solutions.ipynb")
    mine = {k: v for k, v in of_me().items() if "lesson" not in k}
    assert collected(CollectOwnFiles, folders) == mine
    folders.submitted_directory = "submitted-2"
    assert collected(ExchangeCollect, folders) == mine  # of the first run; nbgrader's own lies in the other folder
    assert (tmp_path / "submitted-2" / ME / CHAPTER / "lesson.ipynb").read_text() == "the instructor's"


def test_a_linked_folder_is_no_submission(folders: NbgraderDirectory, tmp_path: Path) -> None:
    real = submitted(tmp_path, ME)
    real.rename(tmp_path / "elsewhere")
    real.symlink_to(tmp_path / "elsewhere")
    assert collected(CollectOwnFiles, folders) == {}


def test_a_pipe_does_not_stop_the_collector(folders: NbgraderDirectory, tmp_path: Path) -> None:
    os.mkfifo(submitted(tmp_path, ME) / "more.ipynb")
    assert collected(CollectOwnFiles, folders) == of_me()


def test_a_submission_in_anothers_name_is_left_out(folders: NbgraderDirectory, tmp_path: Path) -> None:
    submitted(tmp_path, "ada", LATE, "forged")
    submitted(tmp_path, ME)
    assert collected(CollectOwnFiles, folders) == of_me()


def test_a_name_without_a_time_stops_nobody(folders: NbgraderDirectory, tmp_path: Path) -> None:
    submitted(tmp_path, ME)
    submitted(tmp_path, ME, "soon")
    assert collected(CollectOwnFiles, folders) == of_me()
    with pytest.raises(ValueError, match="soon"):
        collected(ExchangeCollect, folders)


def test_a_course_without_a_release_is_named(folders: NbgraderDirectory, tmp_path: Path) -> None:
    (tmp_path / "exchange" / "rl" / "inbound").rmdir()
    with pytest.raises(Exception, match="Nothing was released in this course yet"):
        collected(CollectOwnFiles, folders)


def release(kind: type[ExchangeReleaseFeedback], folders: NbgraderDirectory) -> set[str]:
    c = Config()
    c.Exchange.root = str(Path(folders.root) / "exchange")
    kind(coursedir=folders, config=c).start()
    return {f.name for f in (Path(folders.root) / "exchange" / "rl" / "feedback").iterdir()}


def test_feedback_is_released_although_one_student_used_mail(folders: NbgraderDirectory, tmp_path: Path) -> None:
    for who, secret in (("ada", "hers"), ("mailed", "")):
        (page := tmp_path / "feedback" / who / CHAPTER).mkdir(parents=True)
        (page / "lesson.html").write_text(f"{who}'s page")
        if secret:
            (page / "submission_secret.txt").write_text(secret)
            (page / "timestamp.txt").write_text(EARLY)
    with pytest.raises(FileNotFoundError):
        release(ExchangeReleaseFeedback, folders)
    assert release(ReleaseToOwners, folders) == {f"{notebook_hash(secret='hers', notebook_id='lesson')}.html"}


def test_our_own_grading_keeps_what_feedback_is_released_by(course: CourseDirectory, chain: Chapter) -> None:
    for who in ("ada", "bob"):
        hand_in(course, chain, who, 5)
    beside = [course.notebook_path(course.submitted, who, chain).with_name(SECRET) for who in ("ada", "bob")]
    beside[0].write_text("hers")
    beside[1].symlink_to(beside[0])
    grade(course, chain)
    write_feedback(course, chain, "ada")
    assert [f.read_text() for tree in (course.autograded, course.feedback) for f in tree.rglob(SECRET)] == ["hers"] * 2
