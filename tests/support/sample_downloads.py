"""A made-up class as an LMS hands it over, to try `collect` on. Conventions: :mod:`grader.lms.filenames`."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path

from grader.course import Chapter
from grader.lms.filenames import normalize_name

Work = Mapping[str, bytes]  # a student's name, "Marie Curie", and the notebook's bytes
FIRST_USER, FIRST_FILE, FIRST_PARTICIPANT = 12001, 67001, 501


def canvas_zip(to: Path, chapter: Chapter, work: Work, late: frozenset[str] = frozenset(), turn: int = 0) -> Path:
    """Canvas's download of one assignment. ``turn`` is the how-manieth download: file ids grow from one to the next."""
    with zipfile.ZipFile(to, "w") as archive:
        for i, (name, content) in enumerate(work.items()):
            first, _, last = name.rpartition(" ")
            again = f"-{turn}" if turn else ""
            parts = (normalize_name(last + first), *(["LATE"] if name in late else []), str(canvas_id(work, name)))
            archive.writestr(
                "_".join((*parts, str(FIRST_FILE + 1000 * turn + i), f"{chapter.notebook}{again}.ipynb")), content
            )
    return to


def canvas_id(work: Work, name: str) -> int:
    """The number that Canvas gives a student."""
    return FIRST_USER + list(work).index(name)


def canvas_export(to: Path, work: Work, chapters: list[Chapter], points: Mapping[str, float]) -> Path:
    """Canvas's gradebook export: no marks in it yet; ``points`` by chapter."""
    titles = [f"{c.notebook.replace('_', ' ').capitalize()} ({900 + i})" for i, c in enumerate(chapters)]
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles, "Final Score"]]
    rows.append(
        ["    Points Possible", "", "", "", "", *(f"{points[c.assignment_id]:.2f}" for c in chapters), "(read only)"]
    )
    for name in work:
        first, _, last = name.rpartition(" ")
        who = [f"{last}, {first}", str(canvas_id(work, name)), f"S{canvas_id(work, name)}", login(name), "RL, group 1"]
        rows.append([*who, *[""] * len(chapters), "0"])
    return _csv(to, rows)


def moodle_zip(to: Path, chapter: Chapter, work: Work, number: int = 0, folders: bool = True) -> Path:
    """Moodle's download of assignment ``number``: in folders, or flat."""
    with zipfile.ZipFile(to, "w") as archive:
        for name, content in work.items():
            stem = f"{name}_{participant(work, name, number)}_assignsubmission_file_"
            archive.writestr(f"{stem}{'/' if folders else ''}{chapter.notebook}.ipynb", content)
    return to


def participant(work: Work, name: str, number: int) -> int:
    """The number that Moodle gives a student in one assignment, and in no other."""
    return FIRST_PARTICIPANT + 100 * number + list(work).index(name)


def moodle_worksheet(to: Path, work: Work, number: int, points: float) -> Path:
    """Moodle's offline grading worksheet of assignment ``number``, every submission a minute after the one before."""
    heads = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"]
    rows = [[*heads, "Last modified (submission)", "Last modified (grade)", "Feedback comments"]]
    for i, name in enumerate(work):
        who = [f"Participant {participant(work, name, number)}", name, f"{login(name)}@uni.example"]
        when = f"Friday, 20 November 2026, 11:{i:02d} PM"
        rows.append([*who, "Submitted for grading - ", "", f"{points:.2f}", "Yes", when, "-", ""])
    return _csv(to, rows)


def exchange(to: Path, chapter: Chapter, work: Work, time: str = "2026-11-20 22:59:30.123456 UTC") -> Path:
    """nbgrader's exchange: the folder ``inbound`` of a course."""
    for name, content in work.items():
        folder = to / f"{login(name)}+{chapter.assignment_id}+{time}+k2J9xQ"
        folder.mkdir(parents=True)
        (folder / f"{chapter.notebook}.ipynb").write_bytes(content)
        (folder / "timestamp.txt").write_text(time)
    return to


def login(name: str) -> str:
    """A student's account."""
    return normalize_name(name)


def _csv(to: Path, rows: list[list[str]]) -> Path:
    with open(to, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return to
