"""A class's real files: odd endings, encodings and archives, riders, groups, double hand-ins, facts told later."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from grader.course import ROOT, Chapter, CourseDirectory, chapter
from grader.lms import hand_in_zip, handed_in_predictions, roster
from grader.lms.collect import Collector, CollectResult, undo
from grader.lms.manifest import read_manifest
from grader.lms.roster import Roster
from gradschool.lessons.predictions.record import Prediction
from gradschool.student.hand_in.receipt import receipt_for
from tests.support import sample_downloads as sample
from tests.support.lms_class import by, canvas_roster, handed_in, status, take


def released(key: str) -> bytes:
    found = chapter(key)
    return (ROOT / "course" / found.assignment_id / f"{found.notebook}.ipynb").read_bytes()


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def download(to: Path, files: dict[str, bytes]) -> Path:
    to.write_bytes(zip_of(files))
    return to


def line(results: list[CollectResult], number: str) -> CollectResult:
    """The one line of the file with this number of Canvas's."""
    (found,) = [r for r in results if f"_{number}_" in r.path]
    return found


def without_metadata(content: bytes) -> bytes:
    notebook = json.loads(content)
    cells = [{**c, "metadata": {}, "id": f"c{i}"} for i, c in enumerate(notebook["cells"])]
    return json.dumps({**notebook, "cells": cells, "metadata": {}}).encode()


def test_a_class_in_every_form_that_a_browser_or_a_system_gives_it(course: CourseDirectory, blank: bytes) -> None:
    """Content decides; each file is a notebook of its own student, and the two that are none are said to be none."""
    text, name = blank.decode(), "loss_as_chain_rule"
    crlf = json.dumps({**json.loads(text), "cells": [
        {**c, "source": "".join(c["source"]).replace("\n", "\r\n")} for c in json.loads(text)["cells"]
    ]}).encode()  # fmt: skip
    good = {
        f"a_101_1_{name}.ipynb.json": blank,
        f"a_102_1_{name}.ipynb.txt": blank,
        f"a_103_1_{name}.ipynb (1)": blank,
        f"a_104_1_{name}": blank,
        f"a_105_1_{name}.IPYNB": blank,
        "a_106_1_Untitled.txt": blank,
        "a_107_1_final final.ipynb": text.encode("utf-16"),
        "a_108_1_mine.ipynb": text.encode("utf-8-sig"),
        "a_109_1_mine.json": text.replace("\n", "\r\n").encode(),
        "a_110_1_x.ipynb": without_metadata(blank),
        "a_111_1_x.ipynb": zip_of({"x.ipynb": blank}),  # a zip, whatever its name
        "a_112_1_hw.zip": zip_of({"hw/a.ipynb": blank, "hw/b.png": b"x", "hw/venv/x.txt": b"x", "hw/readme": b"y"}),
        "a_113_1_hw.zip": zip_of({"inner.zip": zip_of({"a.ipynb": blank})}),
        "a_114_1_hw.ZIP": zip_of({"a.json": blank}),
        "a_115_1_x.ipynb": crlf,
    }
    bad = {
        "a_201_1_notes.txt": (b"dear teacher", "not a notebook (.txt)"),
        "a_202_1_notes": (b"{}", "not a notebook (no ending)"),
        "a_203_1_x.docx": (zip_of({"a": b"b"}), "not a notebook (.docx)"),
        "a_204_1_data.json": (b'{"a": 1}', "not a notebook (.json)"),
        "a_205_1_x.ipynb": (b'{"cells": [{}], "metadata": {}}', "no cell of any chapter"),
        "a_206_1_hw.zip": (zip_of({"a.pdf": b"b", "b.png": b"c"}), "a zip without a notebook"),
        "a_207_1_x.rar": (b"Rar!", "not a notebook (.rar)"),
        "a_208_1_x.ipynb": (b'{"cells": [], "metadata": [' + b"{}," * 250_000 + b"{}]}", "more than 200,000"),
    }
    source = download(course.work / "c.zip", good | {k: content for k, (content, _) in bad.items()})
    said = take(course, source)
    assert {r.student for r in said if r.status == "new"} == {str(n) for n in range(101, 116)}
    for path, (_, why) in bad.items():
        found = line(said, path[2:5])
        assert (found.status, why in found.note) == ("failed", True), found
    assert all("it is as it was handed out" in r.note for r in said if r.status == "new")
    assert "though its name is" in line(said, "106").note
    assert len([r for r in said if r.path]) == len(good) + len(bad)  # a line each


# -- notebooks that ride along ---------------------------------------------------------------------------------


@pytest.fixture
def two(course: CourseDirectory) -> tuple[bytes, bytes]:
    """Chapters 1 and 2 with work of ann's in them, chapter 2 collected."""
    solved = by(released("chain"), "one"), by(released("dqn"), "two")
    take(course, download(course.work / "2.zip", {"ann_1_50_dqn_on_taxi.ipynb": solved[1]}))
    return solved


def test_a_blank_notebook_that_rides_along_displaces_nothing(course: CourseDirectory, two: tuple[bytes, bytes]) -> None:
    zipped = zip_of({"loss_as_chain_rule.ipynb": two[0], "dqn_on_taxi.ipynb": released("dqn")})
    said = {r.chapter: r for r in take(course, download(course.work / "1.zip", {"ann_1_99_all.zip": zipped}))}
    assert said["01-loss-as-chain-rule"].status == "new"
    rider = said["02-dqn-on-taxi"]
    assert rider.status == "older"
    assert "ann_1_50_dqn_on_taxi.ipynb counts, since it has work in it" in rider.note
    assert "it is as it was handed out" in rider.note
    assert handed_in(course)["1/02-dqn-on-taxi/dqn_on_taxi.ipynb"] == two[1]


def test_work_that_rides_along_does_not_displace_the_chapters_own_hand_in(
    course: CourseDirectory, two: tuple[bytes, bytes]
) -> None:
    other = by(released("dqn"), "an older state, packed later")
    files = {f"s_{n}_9{n}_loss_as_chain_rule.ipynb": two[0] for n in range(2, 5)}
    files["ann_1_99_all.zip"] = zip_of({"loss_as_chain_rule.ipynb": two[0], "dqn_on_taxi.ipynb": other})
    files["dee_7_98_all.zip"] = zip_of({"loss_as_chain_rule.ipynb": two[0], "dqn_on_taxi.ipynb": other})
    said = {(r.student, r.chapter[:2]): r for r in take(course, download(course.work / "1.zip", files))}
    assert said["1", "02"].status == "older"
    assert "counts, since it is the chapter's own" in said["1", "02"].note
    assert handed_in(course)["1/02-dqn-on-taxi/dqn_on_taxi.ipynb"] == two[1]
    assert said["7", "02"].status == "new"  # dee has none of her own
    assert "came with the hand-in for 01-loss-as-chain-rule" in said["7", "02"].note
    own = download(course.work / "own.zip", {f"dee_7_60_{'dqn_on_taxi'}.ipynb": two[1]})  # earlier, but its own
    (found,) = take(course, own)
    assert (found.status, "takes the place" in found.note) == ("replaced", True)


def test_an_assignment_that_takes_all_chapters_has_no_riders(course: CourseDirectory, two: tuple[bytes, bytes]) -> None:
    both = zip_of({"loss_as_chain_rule.ipynb": two[0], "dqn_on_taxi.ipynb": by(two[1], "later")})
    said = take(course, download(course.work / "a.zip", {f"s_{n}_9{n}_all.zip": both for n in range(1, 5)}))
    assert not [r for r in said if "came with" in r.note]
    assert {r.status for r in said if r.student == "1"} == {"new", "replaced"}


def test_a_wrong_upload_is_told(course: CourseDirectory, two: tuple[bytes, bytes]) -> None:
    files = {f"s_{n}_9{n}_x.ipynb": two[0] for n in range(2, 6)} | {"z_8_98_x.ipynb": two[1]}
    found = line(take(course, download(course.work / "1.zip", files)), "8")
    assert (found.chapter, found.status) == ("02-dqn-on-taxi", "new")
    assert "came with the hand-in for 01-loss-as-chain-rule" in found.note


def test_a_blank_second_hand_in_does_not_displace_work_and_work_displaces_a_blank_one(
    course: CourseDirectory, blank: bytes
) -> None:
    work = by(blank, "mine")
    files = {"ann_1_5_x.ipynb": work, "ann_1_9_x.ipynb": blank, "bob_2_9_x.ipynb": blank, "bob_2_5_x.ipynb": work}
    said = take(course, download(course.work / "c.zip", files))
    assert sorted((r.student, r.status) for r in said) == [("1", "new"), ("1", "older"), ("2", "new"), ("2", "older")]
    assert set(handed_in(course).values()) == {work}
    later = {"ann_1_20_x.ipynb": blank, "bob_2_20_x.ipynb": by(blank, "better")}
    assert status(take(course, download(course.work / "d.zip", later))) == {"1": "older", "2": "replaced"}


# -- facts that are told later, and taking back -----------------------------------------------------------------


def test_what_is_known_later_is_taken_over(course: CourseDirectory, chain: Chapter, work: dict) -> None:
    archive = sample.moodle_zip(course.work / "m.zip", chain, work)
    sheet = sample.moodle_worksheet(course.work / "w.csv", work, 0, 60)
    student = f"{sample.login('Marie Curie')}@uni.example"
    stamp = course.notebook_path(course.submitted, student, chain).with_name("timestamp.txt")

    def collected(zone: str) -> tuple[str, str, str]:
        results = Collector(course, roster.read([sheet], zone), timezone=zone).collect([archive])
        (found,) = [r for r in results if r.student == student]
        return found.status, found.note, stamp.read_text().strip()[:19]

    assert collected("UTC") == ("new", "", "2026-11-20 23:00:00")
    status_, note, time = collected("Europe/Berlin")
    assert (status_, time) == ("updated", "2026-11-20 22:00:00")
    assert "submitted 2026-11-20 22:00:00 UTC, not 2026-11-20 23:00:00" in note
    assert collected("Europe/Berlin")[0] == "unchanged"
    assert json.loads((course.work / "collected.json").read_text())["timezone"] == "Europe/Berlin"
    undo(course, student)
    assert stamp.read_text().strip()[:19] == "2026-11-20 23:00:00"


def test_lateness_that_is_told_later_is_taken_over(course: CourseDirectory, chain: Chapter, work: dict) -> None:
    take(course, sample.canvas_zip(course.work / "c.zip", chain, work))
    late = sample.canvas_zip(course.work / "c.zip", chain, work, late=frozenset({"Marie Curie"}))
    said = take(course, late)
    assert [(r.status, r.note) for r in said if r.late] == [("updated", "now late.")]
    assert {r.status for r in said if not r.late} == {"unchanged"}
    assert read_manifest(course)["12001"][chain.assignment_id]["late"] is True


def test_a_roster_that_comes_later_moves_a_student_and_leaves_no_second_one(
    course: CourseDirectory, chain: Chapter, work: dict
) -> None:
    archive = sample.canvas_zip(course.work / "c.zip", chain, work)
    take(course, archive)
    said = take(course, archive, known=canvas_roster(course, work, [chain]))
    assert {r.status for r in said} == {"new"}
    assert all("was collected as 1200" in r.note for r in said)
    assert {p.partition("/")[0] for p in handed_in(course)} == {sample.login(n) for n in work}
    assert "12001" not in read_manifest(course)


def test_what_gave_way_comes_back(course: CourseDirectory, chain: Chapter, blank: bytes) -> None:
    for turn in range(2):
        class_ = {name: by(blank, f"{name} {turn}") for name in ("Ann Lee", "Bob Ray")}
        take(course, sample.canvas_zip(course.work / f"{turn}.zip", chain, class_, turn=turn))
        if turn == 0:
            first, told = handed_in(course), read_manifest(course)
    second = handed_in(course)
    assert first != second
    (one,) = undo(course, "12002")
    assert (one.student, one.status) == ("12002", "restored")
    path = f"12002/{chain.assignment_id}/{chain.notebook}.ipynb"
    assert handed_in(course) == second | {path: first[path]}
    edited = course.submitted / "12001" / chain.assignment_id / f"{chain.notebook}.ipynb"
    edited.write_bytes(b"by hand")
    (one,) = undo(course)
    assert (one.status, "changed since, by hand" in one.note) == ("failed", True)
    assert edited.read_bytes() == b"by hand"
    edited.write_bytes(second[f"12001/{chain.assignment_id}/{chain.notebook}.ipynb"])
    assert [r.status for r in undo(course)] == ["restored"]
    assert (handed_in(course), read_manifest(course)) == (first, told)
    assert {r.status for r in undo(course)} == {"removed"}
    assert not any(course.submitted.rglob("*"))
    with pytest.raises(Exception, match="nothing to undo"):
        undo(course)


# -- groups ---------------------------------------------------------------------------------------------------


def test_a_group_hands_in_once_for_all_of_its_members(course: CourseDirectory, chain: Chapter, blank: bytes) -> None:
    """By a column of one's own; a member's own hand-in counts for that member."""
    (course.work / "r.csv").write_text(
        "student_id,lms_id,name,group\nann,1,Ann Lee,A\nbob,2,Bob Ray,A\ncid,3,Cid Oh,A\ndee,4,Dee Po,\n"
    )
    files = {
        "leeann_1_50_x.ipynb": by(blank, "A's"),
        "ohcid_3_40_x.ipynb": by(blank, "cid's"),
        "podee_4_4_x.ipynb": blank,
    }
    known = roster.read([course.work / "r.csv"])
    said = {(r.student, r.path[:5]): r for r in take(course, download(course.work / "c.zip", files), known=known)}
    got = {p.partition("/")[0]: content for p, content in handed_in(course).items()}
    assert got == {"ann": by(blank, "A's"), "bob": by(blank, "A's"), "cid": by(blank, "cid's"), "dee": blank}
    assert "handed in by ann for A" in said["bob", "leean"].note
    assert said["cid", "leean"].status == "older"
    assert "counts, since it is their own" in said["cid", "leean"].note
    assert read_manifest(course)["bob"][chain.assignment_id]["shared"] is True


def test_canvas_names_a_groups_file_after_the_group(course: CourseDirectory, chain: Chapter, work: dict) -> None:
    """Its number is a member's; Canvas's export of groups says who the others are. Other files are a student's own."""
    names = list(work)
    canvas = sample.canvas_export(course.work / "canvas.csv", work, [chain], {chain.assignment_id: 60})
    with (course.work / "groups.csv").open("w", newline="", encoding="utf-8") as file:
        heads = ["name", "canvas_user_id", "user_id", "login_id", "sections", "group_name", "canvas_group_id"]
        rows = [[n, sample.canvas_id(work, n), "", sample.login(n), "A", "RL team 1", 7] for n in names[:2]]
        csv.writer(file).writerows([heads, *rows])
    known = roster.read([course.work / "groups.csv", canvas])
    content = work[names[0]]
    files = {"rlteam1_12001_5_x.ipynb": content, "oneillsmithzoë_12003_6_x.ipynb": work[names[2]]}
    said = take(course, download(course.work / "c.zip", files), known=known)
    assert status(said) == {sample.login(n): "new" for n in names[:3]}
    wrong = take(course, download(course.work / "d.zip", {"otherteam_12001_9_x.ipynb": content}), known=known)
    assert [r.status for r in wrong] == ["failed"]


def test_moodle_puts_the_group_before_the_name(course: CourseDirectory, chain: Chapter, work: dict) -> None:
    known = roster.read([sample.moodle_worksheet(course.work / "w.csv", work, 0, 60)])
    path = "Team A-Marie Curie_501_assignsubmission_file_/x.ipynb"
    said = take(course, download(course.work / "c.zip", {path: work["Marie Curie"]}), known=known)
    assert status(said) == {"mariecurie@uni.example": "new"}


# -- receipts -------------------------------------------------------------------------------------------------


def test_a_receipt_is_verified_and_its_time_is_only_noted(
    course: CourseDirectory, chain: Chapter, blank: bytes
) -> None:
    name, work = f"{chain.notebook}.ipynb", by(blank, "mine")
    good = receipt_for(chain.assignment_id, name, work, checks={"chain.a": True, "chain.b": False}).to_json().encode()
    other = receipt_for("02-dqn-on-taxi", name, work, release="0123456789abcdef").to_json().encode()
    files = {
        "a_101_1_hand-in.zip": zip_of({name: work, "receipt.json": good}),
        "a_102_1_hand-in.zip": zip_of({name: by(work, "changed"), "receipt.json": good}),
        "a_103_1_hand-in.zip": zip_of({name: work, "receipt.json": b"{}"}),
        "a_104_1_hand-in.zip": zip_of({"other.ipynb": work, "receipt.json": good}),
        "a_105_1_hand-in.zip": zip_of({name: work, "receipt.json": other}),
        "a_106_1_hand-in.zip": zip_of({name: work, "receipt.json": b"[" * 2_000_000}),
        f"a_107_1_{name}": stale(work),
    }
    said = take(course, download(course.work / "c.zip", files))
    assert {r.status for r in said} == {"new"}
    notes = {n: line(said, str(n)).note for n in range(101, 108)}
    assert "as its receipt says: packed 20" in notes[101]
    assert "by the student's clock, 1 of 2 checks passed" in notes[101]
    assert "differs from its receipt" in notes[102]
    assert "not of format 1" in notes[103]
    assert "its receipt is of 'loss_as_chain_rule.ipynb', another file" in notes[104]
    assert "its receipt says '02-dqn-on-taxi'" in notes[105]
    assert "larger than 100 kB" in notes[106]
    assert "made from another release of the lesson (fedcba98, not" in notes[107]
    assert not list(course.submitted.rglob("timestamp.txt"))  # the student's clock is no time of submission


def stale(content: bytes) -> bytes:
    notebook = json.loads(content)
    notebook["metadata"]["gradschool_lesson"]["release"] = "fedcba9876543210"
    return json.dumps(notebook).encode()


# -- budgets, and whose a file is -------------------------------------------------------------------------------


def bombs(blank: bytes) -> dict[str, bytes]:
    """Zips of a few MB that would use up what is read, listed, or nested."""
    big = {f"{i}.ipynb": b"0" * 4_000_000 for i in range(8)}
    inner = zip_of({"x.ipynb": blank})
    for _ in range(5):
        inner = zip_of({"again.zip": inner})
    listed = io.BytesIO()
    with zipfile.ZipFile(listed, "w") as archive:
        for i in range(30_000):
            archive.writestr(zipfile.ZipInfo(f"{'d' * 150}/{i}"), b"")
    return {
        "a_101_1_bytes.zip": zip_of(big),
        "a_102_1_files.zip": zip_of({f"{i}.ipynb": b"{}" for i in range(3_000)}),
        "a_103_1_links.zip": zip_of({f"../{i}.ipynb": b"{}" for i in range(150)}),
        "a_104_1_nested.zip": inner,
        "a_105_1_listed.zip": listed.getvalue(),
        "a_106_1_cut.zip": inner[: len(inner) // 2],
        "a_107_1_zip64.zip": inner[:-22] + b"PK\x06\x07" + b"\0" * 16 + inner[-22:],
    }


def test_a_hand_ins_budget_is_its_own_and_its_fault_is_one_line(
    course: CourseDirectory, blank: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_in_zip, "MOST_UNPACKED", 15 * 2**20)
    honest = {f"z_{n}_1_x.ipynb": by(blank, str(n)) for n in range(201, 204)}
    honest["z_204_1_hw.zip"] = zip_of({"a.ipynb": blank, **{f"venv/{i}.py": b"" for i in range(3_000)}})
    said = take(course, download(course.work / "c.zip", bombs(blank) | honest))
    assert {r.student for r in said if r.status == "new"} == {"201", "202", "203", "204"}
    lines = {n: [r.note for r in said if r.path.startswith(f"a_{n}_")] for n in range(101, 108)}
    why = {
        101: "more than 15 MB unpacked",
        102: "more than 200 files to look into",
        103: "its name leads out of the archive",
        104: "zips inside zips",
        105: "a zip of too many files",
        106: "a damaged zip",
        107: "a zip of too many files",
    }
    for n, words in why.items():
        assert [note for note in lines[n] if words in note], (n, lines[n])
        assert len(lines[n]) == 1, lines[n]


@pytest.mark.parametrize("with_roster", [True, False])
def test_a_file_under_anothers_number_is_left_for_a_person(
    course: CourseDirectory, chain: Chapter, work: dict, with_roster: bool
) -> None:
    """Whoever edits the name that Canvas sorts by can put any number before the own one; mallory's is 12002."""
    known = canvas_roster(course, work, [chain]) if with_roster else Roster()
    marie = work["Marie Curie"]
    take(
        course, download(course.work / "c.zip", {f"curiemarie_12001_67001_{chain.notebook}.ipynb": marie}), known=known
    )
    before = handed_in(course)
    forged = {
        "x_12001_99999_12002_67009_loss.ipynb": b"",
        "curiemarie_12001_99999_12002_67009_loss.ipynb": b"",
        "curiemarie_LATE_12001_99999_LATE_12002_67009_loss.ipynb": b"",
        "x_12001_99998_12001_99999_12002_67009_loss.ipynb": b"",
    }
    for path in forged:
        for content in (by(marie, "forged"), b"{}"):
            said = take(course, download(course.work / "d.zip", {path: content}), known=known)
            assert [r.status for r in said if r.path] == ["failed"], (path, said)
            assert "number" in said[0].note
            assert handed_in(course) == before


def test_a_name_that_is_not_the_numbers_is_left_for_a_person(
    course: CourseDirectory, chain: Chapter, work: dict
) -> None:
    known = canvas_roster(course, work, [chain])
    said = take(course, download(course.work / "d.zip", {"kimmin_12001_9_x.ipynb": work["Marie Curie"]}), known=known)
    assert [r.status for r in said] == ["failed"]
    assert "its name says 'kimmin', and the number 12001 is Curie, Marie's" in said[0].note
    (course.work / "more.csv").write_text("student_id,lms_id,name\nmariecurie,12001,Min Kim\n")  # she goes by that now
    both = roster.read([course.work / "canvas.csv", course.work / "more.csv"])
    said = take(course, download(course.work / "d.zip", {"kimmin_12001_9_x.ipynb": work["Marie Curie"]}), known=both)
    assert [r.status for r in said] == ["new"]


def test_numbers_in_a_students_own_file_name_are_no_doubt(course: CourseDirectory, blank: bytes) -> None:
    files = {"curiemarie_12001_67001_hw_1_2_loss.ipynb": blank, "o_neil_12_34_a_5_6_b.ipynb": blank}
    said = take(course, download(course.work / "c.zip", {k: v for k, v in files.items() if "curie" in k}))
    assert status(said) == {"12001": "new"}


def test_predictions_stay_with_the_notebook_that_counts(course: CourseDirectory, chain: Chapter, blank: bytes) -> None:
    name, first, second = f"{chain.notebook}.ipynb", by(blank, "mine"), by(blank, "again")
    guesses = {"chain.zero-share": {"guess": 9.0, "measured": 99.0}}

    def take_one(content: bytes, number: int, of: bytes, predictions: dict) -> dict:
        receipt = receipt_for(chain.assignment_id, name, of, predictions=predictions).to_json().encode()
        files = {f"a_101_{number}_hand-in.zip": zip_of({name: content, "receipt.json": receipt})}
        take(course, download(course.work / f"{number}.zip", files))
        return handed_in_predictions.read(course, chain)

    kept = {"101": {"chain.zero-share": Prediction("chain.zero-share", 9.0, measured=99.0)}}
    assert take_one(first, 1, first, guesses) == kept
    assert take_one(second, 2, second, {}) == {}  # the later one counts, and came without
    undo(course)
    assert handed_in_predictions.read(course, chain) == kept
    assert take_one(first, 3, first, {}) == {}  # the same notebook, and the student took them back
    assert take_one(second, 4, first, guesses) == {}  # the receipt is another file's
