"""Odd ids in every column that can hold one: a row's fault is a line, and the others are collected."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from grader.course import Chapter, CourseDirectory
from grader.lms import roster
from grader.lms.filenames import parse_name
from grader.lms.ids import is_safe, original_id, safe_id
from tests.support.lms_class import take

ODD = [
    "siobhan.o'connor@uni.example", "UNI\\soconnor", "mary ann", 'a"b', "../../x", "/etc/passwd", "=cmd()", "con",
    "NUL.txt",
    "com1", "ann.", ".hidden", "-rf", "@here", "李明", "e\u0301va", "a\0b", "\u202eevil", "a=27b",
    "x;y,z", "o`c", "$(x)",
]  # fmt: skip


def test_ids_are_made_safe_and_come_back() -> None:
    found = {safe_id(text): text for text in ODD}
    assert len(found) == len(ODD)
    assert all(is_safe(safe) for safe in found)
    assert {original_id(s) for s in found} == {text.replace("e\u0301", "é") for text in ODD}
    for plain in ("ann", "ann.lee@uni.example", "s-1_2+3", "李明", "12001"):
        assert safe_id(plain) == plain == original_id(plain)


def test_no_two_ids_become_one() -> None:
    rng, seen = random.Random(0), {}
    for _ in range(20_000):
        text = "".join(rng.choices("_=37Dcon.' @", k=rng.randint(1, 5))).strip()
        safe = safe_id(text)
        if text:
            assert seen.setdefault(safe, text) == text == original_id(safe)
            assert is_safe(safe)
            assert not safe.startswith(("=", "+", "-", "@", "."))


KINDS = {
    "plain": (["student_id", "lms_id", "name"], lambda i, odd: [odd, str(i), f"Student {i}"]),
    "login": (
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"],
        lambda i, odd: [f"Student {i}", str(i), f"S{i}", odd, "A"],
    ),
    "sis": (["Student", "ID", "SIS User ID", "Section"], lambda i, odd: [f"Student {i}", str(i), odd, "A"]),
    "worksheet": (
        ["Identifier", "Full name", "Email address", "Grade"],
        lambda i, odd: [f"Participant {i}", f"Student {i}", odd, ""],
    ),
    "number": (
        ["Identifier", "Full name", "ID number", "Email address", "Grade"],
        lambda i, odd: [f"Participant {i}", f"Student {i}", odd, "x", ""],
    ),
    "user": (
        ["Identifier", "Full name", "Username", "Grade"],
        lambda i, odd: [f"Participant {i}", f"Student {i}", odd, ""],
    ),
    "groups": (
        ["name", "canvas_user_id", "login_id", "group_name"],
        lambda i, odd: [f"Student {i}", str(i), odd, "G"],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_id_in_any_column_is_made_safe_and_no_row_stops_the_class(tmp_path: Path, kind: str) -> None:
    columns, row = KINDS[kind]
    ids = [*ODD, "x" * 300, "", "Ann", "ann", "bob", "bob"]
    with (tmp_path / "r.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *(row(i, odd) for i, odd in enumerate(ids, start=101))])
    known = roster.read([tmp_path / "r.csv"])
    students = {e.lms_id: e.student for e in known.entries}
    assert [students[str(101 + i)] for i in range(len(ODD))] == [safe_id(odd) for odd in ODD]
    assert all(is_safe(s) for s in students.values())
    assert len({s.casefold() for s in students.values()}) == len(set(students.values()))
    lms = "moodle" if "Identifier" in columns else "canvas"
    path = "{0}_{1}_assignsubmission_file_x.ipynb" if lms == "moodle" else "student{1}_{1}_9_x.ipynb"
    for i in range(len(ODD)):
        name = parse_name(path.format(f"Student {101 + i}", 101 + i))
        assert known.find(name).student == safe_id(ODD[i])
    long, case = 101 + len(ODD), 101 + len(ODD) + 3
    assert len([f for f in known.faults if f"line {long - 99}" in f]) == 1
    assert len([f for f in known.faults if f"line {case - 99}" in f]) == 1
    assert len([f for f in known.faults if f"line {case - 97}" in f]) == (0 if kind == "plain" else 1)  # two numbers
    assert len(known.faults) <= 4


def test_a_class_with_odd_rows_is_collected(course: CourseDirectory, chain: Chapter, blank: bytes) -> None:
    """Two lines for one number, and a name twice: those files are left for a person, a line each."""
    (course.work / "r.csv").write_text(
        "student_id,lms_id,name\nann,1,Ann Lee\nbob,1,Bob Ray\no'c,2,Zoe O'C\n"
        "cid,3,Cid\ndan,,Dan\ndan2,,Dan\neve,,Eve\n"
    )
    known = roster.read([course.work / "r.csv"])
    folder = course.work / "in"
    folder.mkdir()
    for i, who in enumerate(("leeann", "oczoe", "cid", "dan", "eve"), start=1):
        (folder / f"{who}_{i}_9_{chain.notebook}.ipynb").write_bytes(blank)
    said = {r.path.partition("_")[0]: r for r in take(course, folder, known=known)}
    assert {who: (r.status, r.student) for who, r in said.items() if who} == {
        "leeann": ("failed", ""), "oczoe": ("new", "o=27c"), "cid": ("new", "cid"), "dan": ("failed", ""),
        "eve": ("new", "eve"),
    }  # fmt: skip
    assert "gives its number to ann and bob" in said["leeann"].note
    assert "is more than one in the roster" in said["dan"].note
    assert "the number 1 is given to 'ann' and to 'bob'" in said[""].note


def test_folders_that_differ_in_case_alone_are_one_students(course: CourseDirectory, blank: bytes) -> None:
    inbound = course.work / "inbound"
    for who in ("Ann", "ann", "bob"):
        folder = inbound / f"{who}+01-loss-as-chain-rule+2026-11-20 10:00:00 UTC"
        folder.mkdir(parents=True)
        (folder / "loss_as_chain_rule.ipynb").write_bytes(blank)
    said = take(course, inbound)
    assert sorted(r.status for r in said if r.path) == ["failed", "new", "new"]
    assert [r.note for r in said if "differ only in case" in r.note]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_roster_in_any_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "r.csv").write_bytes("student_id\tlms_id\tname\nå\t1\tÅsa\n".encode(encoding))
    assert [e.student for e in roster.read([tmp_path / "r.csv"]).entries] == ["å"]


def test_a_time_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "Identifier,Full name,Last modified (submission),Grade\n"
        'Participant 1,Ann,"Freitag, 20. Novembre 2026, 23:59",\nParticipant 2,Bob,-,\n'
    )
    known = roster.read([tmp_path / "r.csv"])
    assert [f for f in known.faults if "line 2" in f and "cannot be read" in f] == known.faults
    assert len(list(known.entries)) == 2
