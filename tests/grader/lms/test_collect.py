"""Collecting: what an LMS hands over ends under the right student, once, the latest."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms import roster
from grader.lms.filenames import parse_name
from grader.lms.manifest import read_manifest
from tests.support import sample_downloads as sample
from tests.support.lms_class import NAMES, by, canvas_roster, handed_in, status, take

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
    label = parse_name(path)
    assert label is not None
    assert (label.lms, label.lms_id, label.file, label.late, label.order) == (lms, lms_id, file, late, order)


@pytest.mark.parametrize("path", ["loss.ipynb", "12.ipynb", "ann/01-x/loss.ipynb", "a_b_c.ipynb", "x+y/loss.ipynb", ""])
def test_other_names_belong_to_nobody(path: str) -> None:
    assert parse_name(path) is None


def test_what_a_student_named_a_file_cannot_make_it_another_students() -> None:
    """The outermost part of the path is the LMS's; everything further in is the student's own word."""
    inner = "Marie Curie_77_assignsubmission_file_/Victim_99_assignsubmission_file_/loss.ipynb"
    assert parse_name(inner).lms_id == "77"
    assert parse_name("curie_12_34_hw.zip/victim_99_1000_loss.ipynb").lms_id == "12"
    assert parse_name("Marie Curie_77_assignsubmission_file_/v+01-x+2026-11-20 22:59:30 UTC/loss.ipynb").lms_id == "77"


# -- collecting -----------------------------------------------------------------------------------------------


def test_canvas_with_its_own_gradebook_export_as_roster(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work, late=frozenset({"Marie Curie"}))
    taken = take(course, archive, known=canvas_roster(course, work, [chain]))
    assert status(taken) == {sample.login(n): "new" for n in NAMES}
    assert {t.student for t in taken if t.late} == {"mariecurie"}
    for name, content in work.items():
        assert course.notebook_path(course.submitted, sample.login(name), chain).read_bytes() == content
    assert read_manifest(course)["mariecurie"][chain.assignment_id]["late"] is True
    assert read_manifest(course)["李明"][chain.assignment_id]["late"] is False


def test_moodle_ties_the_numbers_of_two_assignments_to_one_student(
    course: CourseDirectory, chain: Chapter, work: dict
) -> None:
    sheets = [sample.moodle_worksheet(course.work / f"{n}.csv", work, n, 60) for n in (0, 1)]
    known = roster.read(sheets, "Europe/Berlin")
    first = take(course, sample.moodle_zip(course.work / "0.zip", chain, work, 0), known=known)
    again = take(course, sample.moodle_zip(course.work / "1.zip", chain, work, 1, folders=False), known=known)
    assert status(first) == {f"{sample.login(n)}@uni.example": "new" for n in NAMES}
    assert status(again) == {f"{sample.login(n)}@uni.example": "unchanged" for n in NAMES}
    stamp = course.notebook_path(course.submitted, "mariecurie@uni.example", chain).with_name("timestamp.txt")
    assert stamp.read_text().strip() == "2026-11-20 22:00:00.000000 UTC"  # 11 PM in Berlin


def test_without_a_roster_the_lms_number_is_the_student(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    taken = take(course, sample.canvas_zip(tmp_path / "c.zip", chain, work))
    assert status(taken) == {str(sample.canvas_id(work, n)): "new" for n in NAMES}


def test_nbgraders_exchange_keeps_the_time_and_the_latest(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    inbound = sample.exchange(tmp_path / "inbound", chain, {"Ann": by(blank, "second")}, "2026-11-20 10:00:00.5 UTC")
    sample.exchange(tmp_path / "inbound", chain, {"Ann": by(blank, "first")}, "2026-11-19 10:00:00.5 UTC")
    taken = take(course, inbound)
    assert sorted(t.status for t in taken) == ["new", "older"]
    assert handed_in(course)[f"ann/{chain.assignment_id}/{chain.notebook}.ipynb"] == by(blank, "second")
    assert handed_in(course)[f"ann/{chain.assignment_id}/timestamp.txt"] == b"2026-11-20 10:00:00.500000 UTC\n"


def test_the_latest_wins_in_whatever_order_downloads_come(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    downloads = [
        sample.canvas_zip(tmp_path / f"{turn}.zip", chain, {"Ann Lee": by(blank, str(turn))}, turn=turn)
        for turn in range(3)
    ]
    steps = [status(take(course, downloads[turn]))["12001"] for turn in (1, 0, 2, 1, 2)]
    assert steps == ["new", "older", "replaced", "older", "unchanged"]
    assert handed_in(course)[f"12001/{chain.assignment_id}/{chain.notebook}.ipynb"] == by(blank, "2")


def test_collecting_twice_changes_nothing(course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    take(course, archive)
    before = {f: f.stat().st_mtime_ns for f in course.submitted.rglob("*.ipynb")}, read_manifest(course)
    assert set(status(take(course, archive)).values()) == {"unchanged"}
    assert ({f: f.stat().st_mtime_ns for f in course.submitted.rglob("*.ipynb")}, read_manifest(course)) == before


def test_a_dry_run_says_the_same_and_writes_nothing(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    said = take(course, archive, dry_run=True)
    assert not course.submitted.exists()
    assert not (course.work / "collected.json").exists()
    assert take(course, archive) == said


def test_a_submission_that_came_another_way_is_not_overwritten(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    file = course.notebook_path(course.submitted, "12001", chain)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"mine")
    (taken,) = [t for t in take(course, archive) if t.student == "12001"]
    assert taken.status == "older"
    assert "did not come this way" in taken.note
    assert file.read_bytes() == b"mine"


def test_somebody_who_is_not_in_the_roster_is_one_line_and_the_rest_is_taken(
    course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path
) -> None:
    known = canvas_roster(course, dict(list(work.items())[:3]), [chain])
    taken = take(course, sample.canvas_zip(tmp_path / "c.zip", chain, work), known=known)
    assert sorted(t.status for t in taken) == ["failed", "new", "new", "new"]
    assert [t.note for t in taken if t.status == "failed"] == [
        "cruzanadela (number 12004) is not in the roster: add a line for the number."
    ]


def test_a_namesake_who_is_not_in_canvas_roster_is_not_taken_for_another(
    course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    known = canvas_roster(course, {"Ann Lee": blank}, [chain])
    archive = course.work / "c.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"leeann_99999_5_{chain.notebook}.ipynb", blank)
    assert [t.status for t in take(course, archive, known=known)] == ["failed"]
