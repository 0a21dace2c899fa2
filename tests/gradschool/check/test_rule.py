"""The rule of partial credit is said where students and instructors read it, in the words of the code."""

from __future__ import annotations

import pytest

from grader.course import ROOT, chapters, lessons
from gradschool.check.rubric import RUBRIC_WEIGHTS, RULE

PLACES = [
    *("README.md", "docs/for-students.md", "docs/running-a-class.md"),
    *(str(c.source.relative_to(ROOT)) for c in chapters()),
    *(f"course/{c.assignment_id}/{c.notebook}.ipynb" for c in chapters()),
]


def test_the_rule_names_every_share() -> None:
    assert sum(RUBRIC_WEIGHTS.values()) == pytest.approx(1)
    for share in RUBRIC_WEIGHTS.values():
        assert f"{100 * share:.0f} %" in RULE
    assert RULE.count(".") == 1  # one sentence


@pytest.mark.parametrize("place", PLACES)
def test_the_rule_is_said(place: str) -> None:
    assert " ".join(RULE.split()) in " ".join((ROOT / place).read_text(encoding="utf-8").split())


def test_every_chapter_is_among_the_places() -> None:
    readings = {c.source for c in lessons() if c.is_reading}
    sources = {str(p.relative_to(ROOT)) for p in (ROOT / "solutions").glob("*/*.md") if p not in readings}
    notebooks = [p for p in PLACES if p.endswith(".ipynb")]
    assert {p for p in PLACES if p.startswith("solutions")} == sources
    assert len(notebooks) == len(sources) >= 4
    assert all((ROOT / p).is_file() for p in notebooks)
