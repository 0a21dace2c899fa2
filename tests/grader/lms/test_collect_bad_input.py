"""Collecting what is odd: a line for each oddity, the rest is taken, and nothing is written elsewhere."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.lms import roster
from tests.support import sample_downloads as sample
from tests.support.lms_class import by, handed_in, take


def odd_zip(to: Path, blank: bytes) -> Path:
    """A download with one of everything that may go wrong, and one good file."""
    link = zipfile.ZipInfo("linkann_2_2_loss.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("homework/victim_1_999_loss.ipynb", by(blank, "zipped"))
        packed.writestr("../../escape.ipynb", blank)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good_1_1_loss_as_chain_rule.ipynb", blank)
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../../evil_3_3_loss.ipynb", blank)
        archive.writestr("/abs_4_4_loss.ipynb", blank)
        archive.writestr("bomb_5_5_loss.ipynb", b"0" * (51 * 2**20))
        archive.writestr("word_6_6_loss.docx", b"PK")
        archive.writestr("typed_7_text.html", b"<p>see my repo</p>")
        archive.writestr("other_8_8_diary.ipynb", b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
        archive.writestr("cut_9_9_loss_as_chain_rule.ipynb", blank[:500])
        archive.writestr("zipped_10_10_hw.zip", inner.getvalue())
        archive.writestr("nobody.ipynb", blank)
        archive.writestr("__MACOSX/._good_1_1_loss.ipynb", b"noise")
    return to


def test_every_oddity_is_one_line_and_the_rest_is_taken(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    course.submitted.mkdir()
    before = sorted(tmp_path.rglob("*"))
    said = {t.path: t for t in take(course, odd_zip(tmp_path / "in" / "odd.zip", blank))}
    notes = {path: t.note for path, t in said.items() if t.status == "failed" and path}
    assert {path: t.student for path, t in said.items() if t.status == "new"} == {
        "good_1_1_loss_as_chain_rule.ipynb": "1",
        "cut_9_9_loss_as_chain_rule.ipynb": "9",  # the grader will say what is amiss with it
        "zipped_10_10_hw.zip/homework/victim_1_999_loss.ipynb": "10",
    }
    assert "not JSON" in said["cut_9_9_loss_as_chain_rule.ipynb"].note
    assert notes["linkann_2_2_loss.ipynb"].startswith("a link")
    assert notes["../../evil_3_3_loss.ipynb"].startswith("its name leads out")
    assert notes["zipped_10_10_hw.zip/../../escape.ipynb"].startswith("its name leads out")
    assert notes["bomb_5_5_loss.ipynb"].startswith("larger than 50 MB")
    assert notes["word_6_6_loss.docx"] == "not a notebook (.docx): ask for the .ipynb."
    assert notes["typed_7_text.html"].startswith("text that was typed")
    assert "no cell of any chapter" in notes["other_8_8_diary.ipynb"]
    assert notes["nobody.ipynb"].startswith("its name says neither")
    assert len(said) == 13  # the noise has no line; those who handed in no notebook are under the path ""
    there = [p for p in tmp_path.rglob("*") if p not in before and not p.is_relative_to(course.submitted)]
    assert {p.name for p in there} == {"odd.zip", "collected.json", "collected-before", "journal.json"}  # no more


def test_who_handed_in_no_notebook_is_named(course: CourseDirectory, blank: bytes, tmp_path: Path) -> None:
    without = sorted(t.student for t in take(course, odd_zip(tmp_path / "odd.zip", blank)) if not t.path)
    assert without == ["5", "6", "7", "8"]


def test_a_claimed_size_decides_nothing(
    course: CourseDirectory, blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header that claims a few bytes for a large member: reading stops at the bound, or the zip is damaged."""
    file = tmp_path / "lie.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("liar_1_1_loss_as_chain_rule.ipynb", blank)
        archive.infolist()[0].file_size = 10
    (taken, _) = sorted(take(course, file), key=lambda t: t.path, reverse=True)
    assert (taken.status, taken.note) == ("failed", "damaged in its zip: ask for it again.")


def test_links_in_a_folder_are_not_followed(course: CourseDirectory, blank: bytes, tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret.ipynb", tmp_path / "in"
    secret.write_bytes(blank)
    (folder / "real").mkdir(parents=True)
    (folder / "ann_1_1_loss.ipynb").symlink_to(secret)
    (folder / "Ann_2_assignsubmission_file_").symlink_to(tmp_path)
    os.mkfifo(folder / "bob_3_3_loss.ipynb")
    notes = sorted(t.note for t in take(course, folder))
    assert [n.split(":")[0] for n in notes] == [
        "a link to somewhere else",
        "a link to somewhere else",
        "not a plain file",
    ]
    assert not course.submitted.exists()


def test_nothing_is_written_through_a_link_in_submitted(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    course.submitted.mkdir(parents=True)
    (course.submitted / "12001").symlink_to(tmp_path / "elsewhere")
    taken = take(course, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    assert sorted(t.status for t in taken) == ["failed", "new", "new", "new"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_several_notebooks_the_one_with_the_lessons_name_counts(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "Ann_2_assignsubmission_file_"
    folder.mkdir(parents=True)
    for name in ("a copy", chain.notebook, "scratch"):
        (folder / f"{name}.ipynb").write_bytes(by(blank, name))
        os.utime(folder / f"{name}.ipynb", (1e9, 1e9))
    assert sorted(t.status for t in take(course, tmp_path / "in")) == ["new", "older", "older"]
    assert handed_in(course)[f"2/{chain.assignment_id}/{chain.notebook}.ipynb"] == by(blank, chain.notebook)


def test_what_is_no_roster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("a,b\n1,2\n")
    with pytest.raises(GraderError, match="is not a roster"):
        roster.read([tmp_path / "r.csv"])
