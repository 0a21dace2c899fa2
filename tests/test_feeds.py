"""Feeds: what an LMS hands over ends under the right student, once, the latest; marks go back to the same people."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import needs
from nbgrader.plugins import LateSubmissionPlugin
from typer.testing import CliRunner

from grader import gradesheets, late, record, roster, sample_class
from grader import sample_downloads as sample
from grader.autograde import autograde, submissions
from grader.bank import entries
from grader.cli import app
from grader.collect import Collection, Taken, ledger
from grader.crew import Submission
from grader.gradebook import opened
from grader.house import ROOT, Chapter, House, Trouble
from grader.lms import label_of
from grader.roster import Roster
from grader.source import source_notebook, template
from grader.transplant import transplant
from gradschool.assess import Report

NAMES = ("Marie Curie", "李 明", "Zoë O'Neill-Smith", "Ana de la Cruz")


@pytest.fixture(scope="module")
def blank(built: House, chain: Chapter) -> bytes:
    """Chapter 1 as handed out."""
    return (built.release / chain.name / f"{chain.notebook}.ipynb").read_bytes()


@pytest.fixture
def work(blank: bytes) -> dict[str, bytes]:
    """A class of four, each notebook a little different from the others."""
    return {name: by(blank, name) for name in NAMES}


def by(blank: bytes, words: str) -> bytes:
    """The notebook with these words at its end."""
    notebook = json.loads(blank)
    notebook["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": words})
    return json.dumps(notebook).encode()


def take(house: House, *sources: Path, known: Roster | None = None, dry_run: bool = False) -> list[Taken]:
    """Collect these downloads."""
    return Collection(house, known or Roster(), dry_run).collect(sources)


def status(taken: list[Taken]) -> dict[str, str]:
    return {t.student: t.status for t in taken if t.student}


def handed_in(house: House) -> dict[str, bytes]:
    """Everything below submitted/, by path."""
    return {
        f.relative_to(house.submitted).as_posix(): f.read_bytes()
        for f in sorted(house.submitted.rglob("*"))
        if not f.is_dir()
    }


def canvas_roster(house: House, work: dict[str, bytes], chapters: list[Chapter]) -> Roster:
    file = sample.canvas_export(house.work / "canvas.csv", work, chapters, {c.name: 60 for c in chapters})
    return roster.read([file])


# -- names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "lms", "lms_id", "file", "late", "order"),
    [
        ("curiemarie_12_34_loss.ipynb", "canvas", "12", "loss.ipynb", False, (34, 0)),
        ("curiemarie_LATE_12_34_loss-2.ipynb", "canvas", "12", "loss-2.ipynb", True, (34, 2)),
        ("o_neil_12_34_a_5_6_b.ipynb", "canvas", "12", "a_5_6_b.ipynb", False, (34, 0)),
        ("anon_aB3xY_34_loss.ipynb", "canvas", "anon_aB3xY", "loss.ipynb", False, (34, 0)),
        ("LATE_anon_aB3xY_34_loss.ipynb", "canvas", "anon_aB3xY", "loss.ipynb", True, (34, 0)),
        ("李明_12_34_作业.ipynb", "canvas", "12", "作业.ipynb", False, (34, 0)),
        ("Marie Curie_77_assignsubmission_file_/a/loss.ipynb", "moodle", "77", "loss.ipynb", False, (0, 0)),
        ("Marie Curie_77_assignsubmission_file/loss.ipynb", "moodle", "77", "loss.ipynb", False, (0, 0)),
        ("Marie Curie_77_assignsubmission_file_my_loss.ipynb", "moodle", "77", "my_loss.ipynb", False, (0, 0)),
        ("a+b+01-x+2026-11-20 22:59:30.1 UTC+aB_-9=/loss.ipynb", "nbgrader", "a+b", "loss.ipynb", False, (0, 0)),
        ("ann+01-x+2026-11-20 22:59:30.1 UTC/loss.ipynb", "nbgrader", "ann", "loss.ipynb", False, (0, 0)),
    ],
)  # fmt: skip
def test_names_of_each_system_are_read(path: str, lms: str, lms_id: str, file: str, late: bool, order: tuple) -> None:
    label = label_of(path)
    assert label is not None
    assert (label.lms, label.lms_id, label.file, label.late, label.order) == (lms, lms_id, file, late, order)


@pytest.mark.parametrize("path", ["loss.ipynb", "12.ipynb", "ann/01-x/loss.ipynb", "a_b_c.ipynb", "x+y/loss.ipynb", ""])
def test_other_names_belong_to_nobody(path: str) -> None:
    assert label_of(path) is None


def test_what_a_student_named_a_file_cannot_make_it_another_students() -> None:
    """The outermost part of the path is the LMS's; everything further in is the student's own word."""
    inner = "Marie Curie_77_assignsubmission_file_/Victim_99_assignsubmission_file_/loss.ipynb"
    assert label_of(inner).lms_id == "77"
    assert label_of("curie_12_34_hw.zip/victim_99_1000_loss.ipynb").lms_id == "12"
    assert label_of("Marie Curie_77_assignsubmission_file_/v+01-x+2026-11-20 22:59:30 UTC/loss.ipynb").lms_id == "77"


# -- collecting -----------------------------------------------------------------------------------------------


def test_canvas_with_its_own_gradebook_export_as_roster(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work, late=frozenset({"Marie Curie"}))
    taken = take(house, archive, known=canvas_roster(house, work, [chain]))
    assert status(taken) == {sample.login(n): "new" for n in NAMES}
    assert {t.student for t in taken if t.late} == {"mariecurie"}
    for name, content in work.items():
        assert house.notebook_path(house.submitted, sample.login(name), chain).read_bytes() == content
    assert ledger(house)["mariecurie"][chain.name]["late"] is True
    assert ledger(house)["李明"][chain.name]["late"] is False


def test_moodle_ties_the_numbers_of_two_assignments_to_one_student(house: House, chain: Chapter, work: dict) -> None:
    sheets = [sample.moodle_worksheet(house.work / f"{n}.csv", work, n, 60) for n in (0, 1)]
    known = roster.read(sheets, "Europe/Berlin")
    first = take(house, sample.moodle_zip(house.work / "0.zip", chain, work, 0), known=known)
    again = take(house, sample.moodle_zip(house.work / "1.zip", chain, work, 1, folders=False), known=known)
    assert status(first) == {f"{sample.login(n)}@uni.example": "new" for n in NAMES}
    assert status(again) == {f"{sample.login(n)}@uni.example": "unchanged" for n in NAMES}
    stamp = house.notebook_path(house.submitted, "mariecurie@uni.example", chain).with_name("timestamp.txt")
    assert stamp.read_text().strip() == "2026-11-20 22:00:00.000000 UTC"  # 11 PM in Berlin


def test_without_a_roster_the_lms_number_is_the_student(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    taken = take(house, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    assert status(taken) == {str(sample.canvas_id(work, n)): "new" for n in NAMES}


def test_nbgraders_exchange_keeps_the_time_and_the_latest(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    inbound = sample.exchange(tmp_path / "inbound", chain, {"Ann": by(blank, "second")}, "2026-11-20 10:00:00.5 UTC")
    sample.exchange(tmp_path / "inbound", chain, {"Ann": by(blank, "first")}, "2026-11-19 10:00:00.5 UTC")
    taken = take(house, inbound)
    assert sorted(t.status for t in taken) == ["new", "older"]
    assert handed_in(house)[f"ann/{chain.name}/{chain.notebook}.ipynb"] == by(blank, "second")
    assert handed_in(house)[f"ann/{chain.name}/timestamp.txt"] == b"2026-11-20 10:00:00.500000 UTC\n"


def test_the_latest_wins_in_whatever_order_downloads_come(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    downloads = [
        sample.canvas_zip(tmp_path / f"{turn}.zip", chain, {"Ann Lee": by(blank, str(turn))}, turn=turn)
        for turn in range(3)
    ]
    steps = [status(take(house, downloads[turn]))["12001"] for turn in (1, 0, 2, 1, 2)]
    assert steps == ["new", "older", "replaced", "older", "unchanged"]
    assert handed_in(house)[f"12001/{chain.name}/{chain.notebook}.ipynb"] == by(blank, "2")


def test_collecting_twice_changes_nothing(house: House, chain: Chapter, work: dict, tmp_path: Path) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    take(house, archive)
    before = {f: f.stat().st_mtime_ns for f in house.submitted.rglob("*.ipynb")}, ledger(house)
    assert set(status(take(house, archive)).values()) == {"unchanged"}
    assert ({f: f.stat().st_mtime_ns for f in house.submitted.rglob("*.ipynb")}, ledger(house)) == before


def test_a_dry_run_says_the_same_and_writes_nothing(house: House, chain: Chapter, work: dict, tmp_path: Path) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    said = take(house, archive, dry_run=True)
    assert not house.submitted.exists()
    assert not (house.work / "collected.json").exists()
    assert take(house, archive) == said


def test_a_submission_that_came_another_way_is_not_overwritten(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    file = house.notebook_path(house.submitted, "12001", chain)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"mine")
    (taken,) = [t for t in take(house, archive) if t.student == "12001"]
    assert taken.status == "older"
    assert "did not come this way" in taken.note
    assert file.read_bytes() == b"mine"


def test_somebody_who_is_not_in_the_roster_is_one_line_and_the_rest_is_taken(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    known = canvas_roster(house, dict(list(work.items())[:3]), [chain])
    taken = take(house, sample.canvas_zip(tmp_path / "c.zip", chain, work), known=known)
    assert sorted(t.status for t in taken) == ["new", "new", "new", "trouble"]
    assert [t.note for t in taken if t.status == "trouble"] == [
        "cruzanadela (number 12004) is nobody in the roster: add a line for the number."
    ]


def test_a_namesake_who_is_not_in_canvas_roster_is_not_taken_for_another(
    house: House, chain: Chapter, blank: bytes
) -> None:
    known = canvas_roster(house, {"Ann Lee": blank}, [chain])
    archive = house.work / "c.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"leeann_99999_5_{chain.notebook}.ipynb", blank)
    assert [t.status for t in take(house, archive, known=known)] == ["trouble"]


# -- what may go wrong ----------------------------------------------------------------------------------------


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
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    house.submitted.mkdir()
    before = sorted(tmp_path.rglob("*"))
    said = {t.path: t for t in take(house, odd_zip(tmp_path / "in" / "odd.zip", blank))}
    notes = {path: t.note for path, t in said.items() if t.status == "trouble" and path}
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
    there = [p for p in tmp_path.rglob("*") if p not in before and not p.is_relative_to(house.submitted)]
    assert {p.name for p in there} == {"odd.zip", "collected.json"}  # nothing else came to be


def test_who_handed_in_no_notebook_is_named(house: House, blank: bytes, tmp_path: Path) -> None:
    without = sorted(t.student for t in take(house, odd_zip(tmp_path / "odd.zip", blank)) if not t.path)
    assert without == ["5", "6", "7", "8"]


def test_a_claimed_size_decides_nothing(
    house: House, blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header that claims a few bytes for a large member: reading stops at the bound, or the zip is damaged."""
    file = tmp_path / "lie.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("liar_1_1_loss_as_chain_rule.ipynb", blank)
        archive.infolist()[0].file_size = 10
    (taken, _) = sorted(take(house, file), key=lambda t: t.path, reverse=True)
    assert (taken.status, taken.note) == ("trouble", "damaged in its zip: ask for it again.")


def test_too_many_files_and_too_many_bytes_end_in_a_line(
    house: House, chain: Chapter, work: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    monkeypatch.setattr("grader.parcels.Budget.__init__.__defaults__", (2, 10**9))
    assert sorted(t.status for t in take(house, archive)) == ["new", "new", "trouble"]
    monkeypatch.setattr("grader.parcels.Budget.__init__.__defaults__", (100, 10))
    assert {t.status for t in take(house, archive) if t.path} == {"trouble"}


def test_links_in_a_folder_are_not_followed(house: House, blank: bytes, tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret.ipynb", tmp_path / "in"
    secret.write_bytes(blank)
    (folder / "real").mkdir(parents=True)
    (folder / "ann_1_1_loss.ipynb").symlink_to(secret)
    (folder / "Ann_2_assignsubmission_file_").symlink_to(tmp_path)
    os.mkfifo(folder / "bob_3_3_loss.ipynb")
    notes = sorted(t.note for t in take(house, folder))
    assert [n.split(":")[0] for n in notes] == [
        "a link to somewhere else",
        "a link to somewhere else",
        "not a plain file",
    ]
    assert not house.submitted.exists()


def test_nothing_is_written_through_a_link_in_submitted(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    house.submitted.mkdir(parents=True)
    (house.submitted / "12001").symlink_to(tmp_path / "elsewhere")
    taken = take(house, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    assert sorted(t.status for t in taken) == ["new", "new", "new", "trouble"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_several_notebooks_the_one_with_the_lessons_name_counts(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "Ann_2_assignsubmission_file_"
    folder.mkdir(parents=True)
    for name in ("a copy", chain.notebook, "scratch"):
        (folder / f"{name}.ipynb").write_bytes(by(blank, name))
        os.utime(folder / f"{name}.ipynb", (1e9, 1e9))
    assert sorted(t.status for t in take(house, tmp_path / "in")) == ["new", "older", "older"]
    assert handed_in(house)[f"2/{chain.name}/{chain.notebook}.ipynb"] == by(blank, chain.notebook)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "is not a roster"),
        ("student_id,lms_id\nann,1\nbob,1\n", "gives the number 1 to 'ann' and to 'bob'"),
        ("student_id,lms_id\nann,1\nann,2\n", "two lines for the student 'ann'"),
        ("student_id,lms_id\n../evil,1\n", "line 2: '../evil' cannot be a student id"),
    ],
)
def test_a_roster_that_cannot_be_right_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "r.csv").write_text(content)
    with pytest.raises(Trouble, match=said.replace("(", r"\(")):
        roster.read([tmp_path / "r.csv"])


# -- marks back -----------------------------------------------------------------------------------------------


def mark(house: House, chain: Chapter, scores: dict[str, float], waiting: tuple[str, ...] = ()) -> None:
    """Enter marks as grading would: ``scores`` for the first exercise, zero for the others."""
    with opened(house) as gradebook:
        for student, score in scores.items():
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(chain.name, student)
            for i, grade in enumerate(gradebook.find_submission_notebook(chain.notebook, chain.name, student).grades):
                written = grade.name == "chain-reflection"
                grade.auto_score = None if written and student in waiting else (score if i == 0 else 0.0)
                grade.needs_manual_grade = written and student in waiting
        gradebook.db.commit()


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.open(encoding="utf-8", newline="")))


def test_canvas_round_trip_ends_under_the_ids_that_it_came_with(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    known = canvas_roster(house, work, [chain])
    take(house, sample.canvas_zip(tmp_path / "c.zip", chain, work), known=known)
    mark(house, chain, {sample.login(n): i + 0.25 for i, n in enumerate(NAMES)}, waiting=("李明",))
    (file,), said = gradesheets.canvas(house, [chain], tmp_path, known)
    title = "Loss as chain rule (900)"
    points, *rows = table(file)
    assert list(points) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    assert points["Student"].strip() == "Points Possible"
    assert {r["ID"]: r[title] for r in rows} == {"12001": "0.25", "12002": "", "12003": "2.25", "12004": "3.25"}
    assert {r["ID"]: r["Student"] for r in rows}["12003"] == "O'Neill-Smith, Zoë"
    assert said[0].startswith("1 marks wait for a person: left blank")
    assert any("Canvas has 01-loss-as-chain-rule out of 60.00 points" in s for s in said) == (points[title] != "60")
    (file,), _ = gradesheets.canvas(house, [chain], tmp_path, known, waiting="points")
    assert {r["ID"]: r[title] for r in table(file)}["12002"] == "1.25"


def test_canvas_without_a_roster_has_the_ids_of_the_collected_files(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(house, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    mark(house, chain, {str(sample.canvas_id(work, n)): i for i, n in enumerate(NAMES)})
    (file,), _ = gradesheets.canvas(house, [chain], tmp_path, Roster())
    rows = table(file)[1:]
    assert {r["ID"]: r[chain.name] for r in rows} == {"12001": "0", "12002": "1", "12003": "2", "12004": "3"}


def test_canvas_export_with_two_columns_for_the_name_comes_back_so(
    house: House, chain: Chapter, tmp_path: Path
) -> None:
    """Canvas writes LastName and FirstName where the instructor asked for it, and semicolons in some countries."""
    (tmp_path / "r.csv").write_text(
        "LastName;FirstName;ID;SIS Login ID;Section;Loss as chain rule (7)\n    Points Possible;;;;;60.00\n"
        "Curie;Marie;12;mc;A;\nStudent;Test;13;t;A;\n"
    )
    known = roster.read([tmp_path / "r.csv"])
    assert known.find(label_of("curiemarie_12_34_loss.ipynb"))[0] == "mc"
    mark(house, chain, {"mc": 1.5})
    (file,), _ = gradesheets.canvas(house, [chain], tmp_path / "out", known)
    points, row, other = table(file)
    assert list(points) == ["LastName", "FirstName", "ID", "SIS Login ID", "Section", "Loss as chain rule (7)"]
    assert points["LastName"].strip() == "Points Possible"
    assert list(row.values()) == ["Curie", "Marie", "12", "mc", "A", "1.5"]
    assert other["Loss as chain rule (7)"] == ""


@pytest.mark.parametrize("folders", [True, False])
def test_moodle_round_trip_fills_its_own_worksheet_in(
    house: House, chain: Chapter, work: dict, tmp_path: Path, folders: bool
) -> None:
    known = roster.read([sample.moodle_worksheet(tmp_path / f"{n}.csv", work, n, 60) for n in (0, 1)])
    take(house, sample.moodle_zip(tmp_path / "m.zip", chain, work, 1, folders), known=known)
    students = {n: f"{sample.login(n)}@uni.example" for n in NAMES}
    mark(house, chain, {students[n]: i + 0.5 for i, n in enumerate(NAMES)}, waiting=(students["李 明"],))
    (file,), _ = gradesheets.moodle(house, [chain], tmp_path / "out", known)
    rows = table(file)
    assert list(rows[0])[:6] == ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]
    assert {r["Identifier"]: r["Grade"] for r in rows} == {
        "Participant 601": "0.5", "Participant 602": "", "Participant 603": "2.5", "Participant 604": "3.5",
    }  # fmt: skip
    assert {r["Last modified (grade)"] for r in rows} == {"-"}  # as it came: Moodle compares it
    assert rows[1]["Feedback comments"] == "A person has still to mark a part of this."


def test_moodle_without_a_worksheet_has_the_columns_that_moodle_asks_for(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(house, sample.moodle_zip(tmp_path / "m.zip", chain, work))
    mark(house, chain, {**{str(sample.participant(work, n, 0)): i for i, n in enumerate(NAMES)}, "walkin": 1})
    (file,), said = gradesheets.moodle(house, [chain], tmp_path / "out", Roster())
    assert {r["Identifier"]: r["Grade"] for r in table(file)} == {f"Participant {501 + i}": str(i) for i in range(4)}
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(table(file)[0])
    assert said == [f"Without a Moodle number for {chain.name}, so left out: walkin."]


def test_a_name_that_is_a_formula_is_disarmed_on_its_way_back(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section\n"=HYPERLINK(""http://x"")",7,S7,ann,"@SUM(1)"\n"-1+2",8,S8,bob,x\n'
    )
    mark(house, chain, {"ann": 1, "bob": 2})
    (file,), _ = gradesheets.canvas(house, [chain], tmp_path / "out", roster.read([tmp_path / "r.csv"]))
    cells = [c for row in csv.reader(file.open(newline="")) for c in row]
    assert '\'=HYPERLINK("http://x")' in cells
    assert "'@SUM(1)" in cells
    assert "'-1+2" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "@"))]


def test_late_penalties_are_off_the_mark(house: House, chain: Chapter, tmp_path: Path) -> None:
    mark(house, chain, {"ann": 2})
    with opened(house) as gradebook:
        gradebook.find_submission_notebook(chain.notebook, chain.name, "ann").late_submission_penalty = 0.5
        gradebook.db.commit()
    assert gradesheets.totals(house, [chain])["ann", chain.name].score == 1.5


def test_feedback_goes_back_under_the_names_of_the_download(
    house: House, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(house, sample.canvas_zip(tmp_path / "c.zip", chain, {"Marie Curie": work["Marie Curie"]}))
    take(house, sample.moodle_zip(tmp_path / "m.zip", chain, {"李 明": work["李 明"]}))
    for student in ("12001", "501", "walkin"):
        page = house.feedback / student / chain.name / f"{chain.notebook}.html"
        page.parent.mkdir(parents=True)
        page.write_text(student)
    files, said = gradesheets.feedback_zips(house, [chain], tmp_path)
    names = {n: zipfile.ZipFile(f).read(n) for f in files for n in zipfile.ZipFile(f).namelist()}
    assert names == {
        "curiemarie_12001_67001_loss_as_chain_rule.html": b"12001",
        "李 明_501_assignsubmission_file_/loss_as_chain_rule.html": b"501",
    }
    assert said == ["Not collected from an LMS, so in no zip: walkin."]
    for name in names:  # as Canvas and Moodle read them back
        assert label_of(name).lms_id in ("12001", "501")


# -- commands -------------------------------------------------------------------------------------------------


def grader(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "grader", *words], cwd=cwd, env=env, capture_output=True, text=True)


def test_collect_and_export_as_commands(house: House, chain: Chapter, work: dict, tmp_path: Path) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    (house.work / "roster").mkdir()
    sample.canvas_export(house.work / "roster" / "canvas.csv", work, [chain], {chain.name: 60})
    dry = CliRunner().invoke(app, ["collect", str(archive), "--dry-run"])
    assert dry.stdout.strip().splitlines()[-1] == (
        "Would be: 4 new, 0 replaced, 0 unchanged, 0 older, 0 could not be taken."
    ), dry.output
    said = json.loads(CliRunner().invoke(app, ["collect", str(archive), "--json"]).stdout)
    assert {t["status"] for t in said} == {"new"}
    mark(house, chain, {sample.login(n): 1 for n in NAMES})
    done = CliRunner().invoke(app, ["export", "chain", "--format", "canvas", "--json"])
    assert [Path(f).name for f in json.loads(done.stdout)["files"]] == ["canvas.csv"], done.output


def test_a_download_that_is_not_there_is_one_sentence(house: House) -> None:
    done = grader("collect", "nowhere.zip")
    assert done.returncode == 1
    assert done.stderr == "grader: There is no nowhere.zip: give the LMS's download, a folder or a zip.\n"


def commands_of(page: Path) -> list[list[str]]:
    """Every `python -m grader` command that a page tells its reader to run, in its order."""
    blocks = re.findall(r"(?s)```bash\n(.*?)```", page.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert all(line.startswith("python -m grader ") for line in lines)
    return [line.split()[3:] for line in lines]


@pytest.mark.slow
def test_the_pages_ten_minutes_work_from_the_download_to_the_mark(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    """docs/running-a-class.md, command by command, on a class of two: one all right, one with nothing done."""
    needs("bwrap")
    solved = sample_class.filled(nbformat.reads(blank.decode(), as_version=4), chain, reference(chain))
    work = {"Marie Curie": nbformat.writes(sample_class.answered(solved)).encode(), "Zoë Null": blank}
    (tmp_path / "downloads").mkdir()
    sample.canvas_zip(tmp_path / "downloads" / "chapter1.zip", chain, work, late=frozenset({"Zoë Null"}))
    (house.work / "roster").mkdir()
    sample.canvas_export(house.work / "roster" / "canvas.csv", work, [chain], {chain.name: 60})
    for words in commands_of(ROOT / "docs" / "running-a-class.md"):
        done = grader(*words, cwd=tmp_path)
        assert done.returncode == 0, (words, done.stderr)
    points, marie, zoe = table(house.work / "canvas.csv")
    assert (marie["ID"], marie["Loss as chain rule (900)"]) == ("12001", "")  # her reflection waits for a person
    assert (zoe["ID"], zoe["Loss as chain rule (900)"]) == ("12002", "0")
    (archive,) = house.work.glob("feedback-canvas-*.zip")
    assert set(zipfile.ZipFile(archive).namelist()) == {
        "curiemarie_12001_67001_loss_as_chain_rule.html",
        "nullzoe_LATE_12002_67002_loss_as_chain_rule.html",
    }
    assert "Handed in late, by the LMS: zoenull." in (house.work / "class-report.html").read_text()
    total = sum(e.points for e in entries("chain").values())
    assert gradesheets.totals(house, [chain])["mariecurie", chain.name].score == total
    assert float(points["Loss as chain rule (900)"]) > total  # the reflection's points are among the possible ones


def reference(chapter: Chapter) -> sample_class.Fill:
    """The instructor's solution for each exercise."""
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source_notebook(chapter).cells if "nbgrader" in c.metadata}
    return lambda entry: cells[entry.exercise.grade_id + "-solution"]


# -- late -----------------------------------------------------------------------------------------------------


@pytest.fixture
def punctual(house: House, chain: Chapter) -> House:
    """A class where ann was in time and bob an hour late, both with two points."""
    mark(house, chain, {"ann": 2, "bob": 2})
    with opened(house) as gradebook:
        gradebook.update_or_create_assignment(chain.name, duedate="2026-11-20 12:00:00 UTC")
        for student, hour in (("ann", 11), ("bob", 13)):
            gradebook.update_or_create_submission(chain.name, student, timestamp=f"2026-11-20 {hour}:00:00 UTC")
    return house


def penalties(house: House, chain: Chapter, **settings: str) -> dict[str, float | None]:
    """What lateness costs each of them, as it stands in the gradebook after asking."""
    plugin = LateSubmissionPlugin(**settings) if settings else None
    with opened(house) as gradebook:
        for student in ("ann", "bob"):
            late.enter(gradebook, student, chain, plugin)
    with opened(house) as gradebook:
        found = {s.student_id: s.notebooks[0] for s in gradebook.assignment_submissions(chain.name)}
        return {student: notebook.late_submission_penalty for student, notebook in found.items()}


def test_lateness_costs_what_the_rule_says_and_nothing_without_one(punctual: House, chain: Chapter) -> None:
    assert penalties(punctual, chain) == {"ann": None, "bob": None}
    assert penalties(punctual, chain, penalty_method="zero") == {"ann": None, "bob": 2.0}
    assert gradesheets.totals(punctual, [chain])["bob", chain.name].score == 0
    assert penalties(punctual, chain) == {"ann": None, "bob": None}  # asked again under another rule


def test_the_rule_is_the_one_in_nbgraders_configuration(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    assert late.rule(tmp_path).late_submission_penalty("bob", 7, 1) == 7
    assert late.rule().late_submission_penalty("bob", 7, 1) is None


class Clerk:
    """Finds everything right, without a kernel."""

    def run(self, todo: Sequence[Submission], limits: Any = None) -> Iterator[tuple[Submission, nbformat.NotebookNode]]:
        for s in todo:
            graded, _ = transplant(nbformat.read(s.file, as_version=4), template(s.chapter))
            bank = entries(s.chapter.part).values()
            right = {e.exercise.id: Report(e.exercise.id, "", 1.0, (), points=e.points) for e in bank}
            record.write(
                graded, right, [], grader=record.grader_version(s.chapter), submission=record.digest_of(s.file)
            )
            yield s, graded


def test_what_was_collected_late_is_graded_as_late(
    house: House, chain: Chapter, blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the exchange's time by timestamp.txt and `autograde` to the mark that the LMS gets."""
    sample.exchange(tmp_path / "in", chain, {"Ann": blank}, "2026-11-20 11:00:00.5 UTC")
    sample.exchange(tmp_path / "in", chain, {"Bob": blank}, "2026-11-20 13:00:00.5 UTC")
    take(house, tmp_path / "in")
    with opened(house) as gradebook:
        gradebook.update_or_create_assignment(chain.name, duedate="2026-11-20 12:00:00 UTC")
    monkeypatch.setattr(late, "rule", lambda: LateSubmissionPlugin(penalty_method="zero"))
    assert [r.status for r in autograde(house, submissions(house, [chain]), crew=Clerk())] == ["graded", "graded"]
    total = sum(e.points for e in entries("chain").values())
    found = gradesheets.totals(house, [chain])
    assert {s: t.score for (s, _), t in found.items()} == {"ann": total, "bob": 0.0}
