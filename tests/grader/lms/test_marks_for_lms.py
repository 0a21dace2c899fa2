"""Marks and feedback go back to an LMS under the names and numbers that they came with."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest

from grader.course import Chapter, CourseDirectory
from grader.gradebook.connection import open_gradebook
from grader.lms import canvas, feedback_zip, moodle, roster, totals
from grader.lms.filenames import parse_name
from grader.lms.roster import Roster
from tests.support import sample_downloads as sample
from tests.support.lms_class import NAMES, canvas_roster, mark, table, take


def test_canvas_round_trip_ends_under_the_ids_that_it_came_with(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    known = canvas_roster(course, work, [chain])
    take(course, sample.canvas_zip(tmp_path / "c.zip", chain, work), known=known)
    mark(course, chain, {sample.login(n): i + 0.25 for i, n in enumerate(NAMES)}, waiting=("李明",))
    (file,), said = canvas.write_import_file(course, [chain], tmp_path, known)
    title = "Loss as chain rule (900)"
    points, *rows = table(file)
    assert list(points) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    assert points["Student"].strip() == "Points Possible"
    assert {r["ID"]: r[title] for r in rows} == {"12001": "0.25", "12002": "", "12003": "2.25", "12004": "3.25"}
    assert {r["ID"]: r["Student"] for r in rows}["12003"] == "O'Neill-Smith, Zoë"
    assert said[0].startswith("1 marks wait for a person: left blank")
    assert any("Canvas has 01-loss-as-chain-rule out of 60.00 points" in s for s in said) == (points[title] != "60")
    (file,), _ = canvas.write_import_file(course, [chain], tmp_path, known, ungraded="points")
    assert {r["ID"]: r[title] for r in table(file)}["12002"] == "1.25"


def test_canvas_without_a_roster_has_the_ids_of_the_collected_files(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(course, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    mark(course, chain, {str(sample.canvas_id(work, n)): i for i, n in enumerate(NAMES)})
    (file,), _ = canvas.write_import_file(course, [chain], tmp_path, Roster())
    rows = table(file)[1:]
    assert {r["ID"]: r[chain.assignment_id] for r in rows} == {"12001": "0", "12002": "1", "12003": "2", "12004": "3"}


def test_canvas_export_with_two_columns_for_the_name_comes_back_so(
    course: CourseDirectory, chain: Chapter, tmp_path: Path
) -> None:
    """Canvas writes LastName and FirstName where the instructor asked for it, and semicolons in some countries."""
    (tmp_path / "r.csv").write_text(
        "LastName;FirstName;ID;SIS Login ID;Section;Loss as chain rule (7)\n    Points Possible;;;;;60.00\n"
        "Curie;Marie;12;mc;A;\nStudent;Test;13;t;A;\n"
    )
    known = roster.read([tmp_path / "r.csv"])
    assert known.find(parse_name("curiemarie_12_34_loss.ipynb")).student == "mc"
    mark(course, chain, {"mc": 1.5})
    (file,), _ = canvas.write_import_file(course, [chain], tmp_path / "out", known)
    points, row, other = table(file)
    assert list(points) == ["LastName", "FirstName", "ID", "SIS Login ID", "Section", "Loss as chain rule (7)"]
    assert points["LastName"].strip() == "Points Possible"
    assert list(row.values()) == ["Curie", "Marie", "12", "mc", "A", "1.5"]
    assert other["Loss as chain rule (7)"] == ""


@pytest.mark.parametrize("folders", [True, False])
def test_moodle_round_trip_fills_its_own_worksheet_in(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path, folders: bool
) -> None:
    known = roster.read([sample.moodle_worksheet(tmp_path / f"{n}.csv", work, n, 60) for n in (0, 1)])
    take(course, sample.moodle_zip(tmp_path / "m.zip", chain, work, 1, folders), known=known)
    students = {n: f"{sample.login(n)}@uni.example" for n in NAMES}
    mark(course, chain, {students[n]: i + 0.5 for i, n in enumerate(NAMES)}, waiting=(students["李 明"],))
    (file,), _ = moodle.write_worksheets(course, [chain], tmp_path / "out", known)
    rows = table(file)
    assert list(rows[0])[:6] == ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]
    assert {r["Identifier"]: r["Grade"] for r in rows} == {
        "Participant 601": "0.5", "Participant 602": "", "Participant 603": "2.5", "Participant 604": "3.5",
    }  # fmt: skip
    assert {r["Last modified (grade)"] for r in rows} == {"-"}  # as it came: Moodle compares it
    assert rows[1]["Feedback comments"] == "A person has still to mark a part of this."


def test_moodle_without_a_worksheet_has_the_columns_that_moodle_asks_for(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(course, sample.moodle_zip(tmp_path / "m.zip", chain, work))
    mark(course, chain, {**{str(sample.participant(work, n, 0)): i for i, n in enumerate(NAMES)}, "walkin": 1})
    (file,), said = moodle.write_worksheets(course, [chain], tmp_path / "out", Roster())
    assert {r["Identifier"]: r["Grade"] for r in table(file)} == {f"Participant {501 + i}": str(i) for i in range(4)}
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(table(file)[0])
    assert said == [f"Without a Moodle number for {chain.assignment_id}, so left out: walkin."]


def test_a_name_that_is_a_formula_is_disarmed_on_its_way_back(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section\n"=HYPERLINK(""http://x"")",7,S7,ann,"@SUM(1)"\n"-1+2",8,S8,bob,x\n'
    )
    mark(course, chain, {"ann": 1, "bob": 2})
    (file,), _ = canvas.write_import_file(course, [chain], tmp_path / "out", roster.read([tmp_path / "r.csv"]))
    cells = [c for row in csv.reader(file.open(newline="")) for c in row]
    assert '\'=HYPERLINK("http://x")' in cells
    assert "'@SUM(1)" in cells
    assert "'-1+2" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "@"))]


def test_late_penalties_are_off_the_mark(course: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    mark(course, chain, {"ann": 2})
    with open_gradebook(course) as gradebook:
        gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, "ann").late_submission_penalty = 0.5
        gradebook.db.commit()
    assert totals.chapter_totals(course, [chain])["ann", chain.assignment_id].score == 1.5


def test_feedback_goes_back_under_the_names_of_the_download(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    take(course, sample.canvas_zip(tmp_path / "c.zip", chain, {"Marie Curie": work["Marie Curie"]}))
    take(course, sample.moodle_zip(tmp_path / "m.zip", chain, {"李 明": work["李 明"]}))
    for student in ("12001", "501", "walkin"):
        page = course.feedback / student / chain.assignment_id / f"{chain.notebook}.html"
        page.parent.mkdir(parents=True)
        page.write_text(student)
    files, said = feedback_zip.write_zips(course, [chain], tmp_path)
    names = {n: zipfile.ZipFile(f).read(n) for f in files for n in zipfile.ZipFile(f).namelist()}
    assert names == {
        "curiemarie_12001_67001_loss_as_chain_rule.html": b"12001",
        "李 明_501_assignsubmission_file_/loss_as_chain_rule.html": b"501",
    }
    assert said == ["Not collected from an LMS's download, or handed in by another of the group, so in no zip: walkin."]
    for name in names:  # as Canvas and Moodle read them back
        assert parse_name(name).lms_id in ("12001", "501")
