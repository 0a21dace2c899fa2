"""Warm-ups: checked, judged and audited like every exercise, and worth nothing in the gradebook."""

from __future__ import annotations

import re
from dataclasses import replace

import nbformat
import pytest

from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory, chapters
from grader.execution import grade_file
from grader.gradebook.connection import open_gradebook
from grader.nbgrader_bridge.feedback_page import items
from grader.notebooks import source
from grader.results import GradeRecord
from gradschool.core.report import Report
from tests.support.class_without_kernels import grade, hand_in

WARM_UPS = ["chain.l2_gradient", "chain.sgd_step", "chain.adam_step"]


def said_to_be_warm_ups(text: str) -> set[str]:
    """The exercises whose card in the lesson ends with "warm-up, no marks"."""
    return set(re.findall(r"\*\*Exercise `([\w.]+)`\*\*[^\n]*· \d+ minutes · warm-up, no marks\.", text))


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_the_lesson_and_the_bank_name_the_same_warm_ups(chapter: Chapter) -> None:
    text = chapter.source.read_text(encoding="utf-8")
    bank = {name for name, entry in entries(chapter.key).items() if entry.warm_up}
    assert said_to_be_warm_ups(text) == bank
    assert text.count("warm-up, no marks.") == len(bank)
    assert all(e.points > 0 for e in entries(chapter.key).values())  # the judge's scale stays


def test_a_card_that_does_not_say_so_is_seen() -> None:
    card = "**Exercise `chain.sgd_step`** · difficulty ●○○ · importance ●○○ · 3 minutes"
    assert said_to_be_warm_ups(f"{card} · warm-up, no marks. One step.") == {"chain.sgd_step"}
    assert said_to_be_warm_ups(f"{card}. One step.") == set()


def test_a_warm_up_costs_nothing_and_its_mistake_is_still_told(course: CourseDirectory, chain: Chapter) -> None:
    assert [name for name, e in entries("chain").items() if e.warm_up] == WARM_UPS
    hand_in(course, chain, "ann", 10)
    hand_in(course, chain, "bob", 1)
    grade(course, chain)
    total = sum(e.marks for e in entries("chain").values())
    with open_gradebook(course) as book:
        for student, share in (("ann", 1.0), ("bob", 0.1)):
            grades = book.find_submission_notebook(chain.notebook, chain.assignment_id, student).grades
            found = {g.name: (g.auto_score, g.max_score) for g in grades if g.name != "chain-reflection"}
            assert found["chain-adam-step"] == found["chain-l2-gradient"] == found["chain-sgd-step"] == (0, 0)
            assert sum(score for score, _ in found.values()) == pytest.approx(total * share)
            assert sum(most for _, most in found.values()) == total
    shown = {i.name: i for i in items(graded_notebook(course, chain, "bob"))}
    assert (shown["chain-adam-step"].earned, shown["chain-adam-step"].state) == ("warm-up, no marks", "not yet")
    assert shown["chain-adam-step"].words == "hint"
    assert shown["chain-mlp-backward"].earned.endswith("of 8")
    shown = {i.name: i for i in items(graded_notebook(course, chain, "ann"))}
    assert shown["chain-adam-step"].state == "passed"


def graded_notebook(course: CourseDirectory, chapter: Chapter, student: str) -> object:
    return nbformat.read(course.notebook_path(course.autograded, student, chapter), as_version=4)


def test_what_counts_in_the_bank_counts_in_the_release(chain: Chapter, monkeypatch: pytest.MonkeyPatch) -> None:
    adam: Entry = entries("chain")["chain.adam_step"]
    assert points(chain)["chain-adam-step"] == 0
    monkeypatch.setattr(adam, "warm_up", False)
    assert points(chain)["chain-adam-step"] == adam.points


def points(chapter: Chapter) -> dict[str, float]:
    cells = source.source_notebook(chapter).cells
    found = (c.metadata["nbgrader"] for c in cells if "nbgrader" in c.metadata)
    return {info["grade_id"]: info["points"] for info in found if info["grade"]}


def test_a_file_graded_by_itself_sums_what_counts() -> None:
    whole = [Report(e.exercise.id, "", 1.0, (), points=e.points, warm_up=e.warm_up) for e in entries("chain").values()]
    half = [replace(r, fraction=0.5) for r in whole]
    assert grade_file.summed(GradeRecord.of(whole, [])) == (43.0, 43.0)
    kept = GradeRecord.from_json(GradeRecord.of(half, []).to_json())
    assert grade_file.summed(kept) == (21.5, 43.0)
    assert [e.exercise for e in kept.exercises if e.warm_up] == WARM_UPS
