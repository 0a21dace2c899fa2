"""The class report: its numbers are the gradebook's and the judge's, and nothing a student wrote acts in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest

from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import display_name, open_gradebook
from grader.lms import handed_in_predictions
from grader.lms.manifest import write_manifest
from grader.publish.class_report import guesses
from grader.publish.class_report.data import ChapterFacts, Mark, Misconception, facts, percent, top_misconceptions
from grader.publish.class_report.figures import distribution
from grader.publish.class_report.guesses import GuessFacts
from grader.publish.class_report.page import _guesses, _tomorrow, write_report
from grader.results import GradeRecord
from gradschool.core.exercise import grade_id
from gradschool.core.report import Report
from tests.support.programs import needs

WHEN = datetime(2026, 11, 21, 9, 0)
EVIL = '</td><script>alert(1)</script><img src=x onerror="alert(1)">'
# Who made which mistake in which exercise; everything else of theirs is right.
CLASS: dict[str, dict[str, str]] = {
    "ann": {"chain.l2_gradient": "label-minus-prediction", "chain.linear_vjp": "not-transposed"},
    "bob": {"chain.l2_gradient": "label-minus-prediction"},
    "cy": {"chain.l2_gradient": "label-minus-prediction", "chain.relu_vjp": "wrong-shape"},
    "dee": {"chain.numerical_gradient": "forward-difference", "chain.l2_gradient": "lost-half"},
    "eve": {"chain.numerical_gradient": "forward-difference", "chain.adam_step": "untouched"},
    "fay": {},
}


@pytest.fixture(scope="module")
def graded(built: CourseDirectory, chain: Chapter, tmp_path_factory: pytest.TempPathFactory) -> CourseDirectory:
    """A class with records and marks as grading leaves them, made without a kernel; ``gus`` could not be graded.

    The tests read it and write no more than the report.
    """
    course = CourseDirectory(tmp_path_factory.mktemp("class") / "work", built.release)
    shutil.copytree(built.work, course.work)
    for student, mistakes in CLASS.items():
        _enter(course, chain, student, mistakes)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student("ann", first_name="Ann", last_name="Lee <b>")
        gradebook.update_or_create_student("gus")
        gradebook.update_or_create_submission(chain.assignment_id, "gus")
        for grade in gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, "gus").grades:
            grade.auto_score = None
        gradebook.db.commit()
    return course


def _enter(course: CourseDirectory, chain: Chapter, student: str, mistakes: dict[str, str]) -> None:
    bank = entries("chain")
    reports = {
        name: Report(
            exercise=name,
            title=name,
            points=entry.points,
            fraction=0.1 if name in mistakes else 1.0,
            mistake=mistakes.get(name, ""),
            hint=EVIL if mistakes.get(name) == "wrong-shape" else "",
            properties=(),
        )
        for name, entry in bank.items()
    }
    graded = nbformat.v4.new_notebook()
    GradeRecord.of(reports.values(), [f"A cell mentions {EVIL}"] if student == "bob" else []).attach(graded)
    file = course.notebook_path(course.autograded, student, chain)
    file.parent.mkdir(parents=True)
    nbformat.write(graded, file)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student(student)
        gradebook.update_or_create_submission(chain.assignment_id, student)
        earned = {grade_id(n): 0.0 if bank[n].warm_up else r.earned for n, r in reports.items()}
        for grade in gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, student).grades:
            grade.auto_score = earned.get(grade.name, None if student in ("ann", "fay") else 0.0)
            grade.needs_manual_grade = grade.auto_score is None
        gradebook.db.commit()


@pytest.fixture(scope="module")
def page(graded: CourseDirectory, chain: Chapter) -> str:
    return write_report(graded, [chain], when=WHEN).read_text(encoding="utf-8")


def test_each_exercises_share_and_mean_are_those_of_the_records(graded: CourseDirectory, chain: Chapter) -> None:
    (found,) = facts(graded, [chain])
    for e in found.exercises:
        wrong = sum(e.exercise in mistakes for mistakes in CLASS.values())
        assert (e.marked, e.passed) == (6, pytest.approx(1 - wrong / 6)), e.exercise
        assert e.mean == pytest.approx(1 - 0.9 * wrong / 6), e.exercise
    assert {e.exercise: e.untouched for e in found.exercises if e.untouched} == {"chain.adam_step": 1}
    assert [e.exercise for e in found.exercises] == list(entries("chain"))


def test_what_to_teach_is_what_costs_the_class_most(graded: CourseDirectory, chain: Chapter) -> None:
    first, second = top_misconceptions(facts(graded, [chain]))  # one student's lost-half is no pattern
    points = {name: entry.points for name, entry in entries("chain").items()}
    assert 2 * points["chain.numerical_gradient"] > 3 * points["chain.l2_gradient"]
    assert (first.name, first.students, first.weight) == ("forward-difference", ["dee", "eve"], 8)
    assert (second.name, second.students, second.weight) == ("label-minus-prediction", ["ann", "bob", "cy"], 6)
    assert second.section == "1 · A loss is a function with a slope"
    assert second.hint == entries("chain")["chain.l2_gradient"].mutants[0].hint  # the bank's; the record had none


def made(name: str, section: str, students: int, points: float, place: tuple[int, int], known: bool = True) -> Any:
    who = [f"s{k}" for k in range(students)]
    return Misconception("01-x", f"chain.{name}", name, "hint", section, who, known, points, place)


def test_what_to_teach_is_one_thing_a_section_and_ties_are_not_broken_by_name(chain: Chapter) -> None:
    mistakes = [
        made("zeta", "1", 4, 3, (0, 0)),
        made("alpha", "1", 6, 1, (0, 1)),  # of the same section, and lighter
        made("omega", "2", 3, 4, (0, 2)),  # as heavy as zeta, of fewer students
        made("beta", "3", 4, 3, (0, 4)),  # as heavy as zeta, of as many, taught later
        made("other", "4", 9, 9, (0, 3), known=False),
        made("lone", "5", 1, 99, (0, 5)),
    ]
    assert [m.name for m in top_misconceptions([ChapterFacts(chain, mistakes=mistakes)])] == ["zeta", "beta", "omega"]
    lone = [ChapterFacts(chain, marks=[Mark("s", 1, 1, 1.0, [], [])], mistakes=mistakes[-1:])]
    assert top_misconceptions(lone) == []
    assert "No pattern" in _tomorrow(lone)


def test_the_marks_have_students_as_rows_and_chapters_as_columns(page: str) -> None:
    table = re.search(r'(?s)<table class="marks">.*?</table>', page)
    assert table
    assert re.findall(r'<th scope="row">(.*?)</th>', table[0]) == [
        "Ann Lee &lt;b&gt;",
        "bob",
        "cy",
        "dee",
        "eve",
        "fay",
        "gus",
    ]
    cells = dict(
        zip(re.findall(r'<th scope="row">(.*?)</th>', table[0]), re.findall(r"<td(.*?)</td>", table[0]), strict=True)
    )
    assert cells["fay"].endswith(">100% +")  # a person has still to mark the reflection
    assert 'class="n high"' in cells["fay"]
    assert cells["gus"] == ' class="n failed">not graded'
    assert [percent(s) for s in (0.0, 0.29, 0.996, 1.0)] == ["0%", "29%", "99%", "100%"]
    levels = [Mark("s", 0, 1, share, [], []).level for share in (1.0, 0.9, 0.899, 0.7, 0.5, 0.49, 0.0, None)]
    assert levels == ["high", "high", "good", "good", "low", "poor", "poor", ""]


def test_a_note_of_three_megabytes_and_a_long_name_are_cut(graded: CourseDirectory) -> None:
    record = GradeRecord.of([], ["x" * 3_000_000, "\x1b[31mred\u202e"] * 1_000)
    assert len(str(record.to_json())) < 150_000
    assert record.notes[1] == "\ufffd[31mred\ufffd"
    assert GradeRecord.from_json({"notes": ["x" * 3_000_000]}).notes[0].endswith("x…")
    assert len(display_name(SimpleNamespace(id="s", first_name="A" * 10**6, last_name=""))) <= 120


def test_marks_wait_where_a_person_has_to_read_and_count_without_that_part(
    graded: CourseDirectory, chain: Chapter
) -> None:
    (found,) = facts(graded, [chain])
    by = {m.student: m for m in found.marks}
    assert {s for s, m in by.items() if m.ungraded} == {"ann", "fay"}
    assert by["fay"].share == 1.0  # of what is marked so far
    assert by["gus"].failed
    assert by["gus"].share is None
    assert len(found.shares) == 6


def test_the_histogram_counts_everyone_once(graded: CourseDirectory, chain: Chapter) -> None:
    figure, counts = distribution([0.0, 0.1, 0.999, 1.0, 1.2])  # the ends belong to it, extra credit too
    assert counts == [1, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert "5 students" in figure.alt
    (found,) = facts(graded, [chain])
    assert sum(distribution(found.shares)[1]) == 6
    assert f"{np.median(found.shares):.0%}" in distribution(found.shares)[0].alt


def test_the_page_says_it_all(page: str) -> None:
    text = re.sub(r"<[^>]*>", " ", page)
    assert re.search(
        r"Label minus prediction\s+in\s+chain.l2_gradient\s+3 of 6 students, in a warm-up, no marks\.", text
    )
    assert re.search(r"Forward difference\s+in\s+chain.numerical_gradient\s+2 of 6 students, 4 points each\.", text)
    assert re.search(r"chain\.l2_gradient\s+1 · A loss is a function with a slope\s+warm-up\s+", text)
    assert re.search(r"01-loss-as-chain-rule\s+6\s+\d+%\s+2\s+1", text)  # graded, median, waiting, not graded
    assert re.search(r"Ann Lee &lt;b&gt;\s+01-loss-as-chain-rule\s+chain-reflection", text)
    assert re.search(r"gus\s+01-loss-as-chain-rule\s+could not be graded", text)


def test_nothing_a_student_wrote_acts_and_nothing_comes_from_elsewhere(page: str) -> None:
    assert "&lt;script&gt;alert(1)" in page  # it is there, as text
    assert not re.findall(r"<(?:script|img|iframe|object|link|base|form)\b", page)
    assert not re.findall(r"<[^>]*\son\w+=", page)
    assert "default-src 'none'" in page
    assert {m for m in re.findall(r'(?:href|src)="([^"]*)"', page) if not m.startswith("#")} == set()
    assert not re.findall(r"url\((?!#)|@import|https?://(?!www\.w3\.org/)", page)


def test_every_figure_has_words_and_a_table_and_takes_the_pages_ink(page: str) -> None:
    drawings = re.findall(r"(?s)<svg.*?</svg>", page)
    assert len(drawings) == 3
    for drawing in drawings:
        words = ElementTree.fromstring(drawing).attrib["aria-labelledby"]
        assert re.search(rf'<figcaption id="{words}">[^<]{{40,}}</figcaption></figure>.{{0,40}}<table>', page)
        assert "currentColor" in drawing
        assert "#808080" not in drawing
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page)) <= {(i, "") for i in ids} | {("", i) for i in ids}


def test_the_same_class_gives_the_same_bytes(graded: CourseDirectory, chain: Chapter, page: str) -> None:
    assert write_report(graded, [chain], when=WHEN).read_text(encoding="utf-8") == page


def test_a_class_without_marks_is_one_sentence(course: CourseDirectory, chain: Chapter) -> None:
    with pytest.raises(GraderError, match="There are no marks yet"):
        write_report(course, [chain])


@pytest.mark.slow
def test_the_page_follows_a_dark_desktop(graded: CourseDirectory, chain: Chapter, page: str, tmp_path: Path) -> None:
    """Rendered by a real browser: the ground and the ink of the figures turn with the reader's scheme."""
    needs("chromium")
    light, dark = (_ground_and_ink(graded.work / "class-report.html", tmp_path / f"{d}.png", d) for d in (False, True))
    assert light[0] > 240 > 60 > dark[0]
    assert light[1] < 130 < dark[1]


def _ground_and_ink(page: Path, to: Path, dark: bool) -> tuple[int, int]:
    """The brightness of the page's corner, and that of the pixels most unlike it in the upper figure."""
    from PIL import Image

    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    flags += " disable-component-update disable-sync hide-scrollbars window-size=900,1600"
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    command = [shutil.which("chromium") or "", *(f"--{f}" for f in flags.split()), *scheme]
    where = [f"--user-data-dir={to.parent / 'profile'}", f"--screenshot={to}", page.as_uri()]
    subprocess.run([*command, *where], check=True, capture_output=True, timeout=600)
    gray = np.asarray(Image.open(to).convert("L")).astype(int)
    ground = int(gray[2, 2])
    text = gray[20:100, 20:400]  # the heading
    return ground, int(text.flat[np.abs(text - ground).argmax()])


# -- predictions ----------------------------------------------------------------------------------------------

LESSON = """predict("chain.share", "What share?", number=True, unit="%")
predict("chain.side", "Which <b>side</b>?", choices=["left", "right"])
predict("chain.order", "Order?", rank=["a", "b", "c"])
predict("chain.unasked", "Nobody answers this?", number=True)"""
GUESSES: dict[str, dict[str, Any]] = {
    "ann": {"share": (90.0, 99.0), "side": ("left", "left"), "order": (("a", "b", "c"), ("a", "b", "c"))},
    "bob": {"share": (9.0, 99.0), "side": ("right", "left"), "order": (("b", "a", "c"), ("a", "b", "c"))},
    "cy": {"share": (50.0, None), "side": (EVIL, "left"), "order": (("a", "b"), None)},
    "dee": {"share": ("left", 99.0), "side": (1.0, "left"), "nowhere": (1.0, 1.0)},
}


def test_the_class_sees_how_its_predictions_are_distributed(chain: Chapter, tmp_path: Path) -> None:
    course = CourseDirectory(tmp_path / "work", tmp_path / "release")
    assert guesses.facts(course, chain) == []
    lesson = course.release / chain.assignment_id / f"{chain.notebook}.ipynb"
    lesson.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LESSON)]), lesson)
    entry: Any = {"digest": "0", "shared": False}
    write_manifest(course, {s: {chain.assignment_id: entry} for s in GUESSES})
    for student, own in GUESSES.items():
        plain = {f"chain.{name}": {"guess": guess, "measured": measured} for name, (guess, measured) in own.items()}
        handed_in_predictions.write(course, student, "0", plain)
    found = guesses.facts(course, chain)
    assert found == [
        GuessFacts("What share?", 3, "9 % to 90 %, median 50 %", "99 %", "1 of 2"),
        GuessFacts("Which <b>side</b>?", 2, "left: 1; right: 1", "left: 2", "1 of 2"),
        GuessFacts("Order?", 2, "a, then b, then c: 1; b, then a, then c: 1", "a, then b, then c: 2", "1 of 2"),
    ]
    html = _guesses(ChapterFacts(chain, guesses=found))
    assert "Which &lt;b&gt;side&lt;/b&gt;?" in html
    assert _guesses(ChapterFacts(chain)) == ""
    assert "no mark depends on them" in html


def test_a_groups_predictions_count_once(chain: Chapter, tmp_path: Path) -> None:
    course = CourseDirectory(tmp_path / "work", tmp_path / "release")
    entries_of: Any = {s: {chain.assignment_id: {"digest": "0", "shared": s == "bob"}} for s in ("ann", "bob")}
    write_manifest(course, entries_of)
    for student in entries_of:
        handed_in_predictions.write(course, student, "0", {"chain.share": {"guess": 1.0, "measured": None}})
    assert list(handed_in_predictions.read(course, chain)) == ["ann"]
