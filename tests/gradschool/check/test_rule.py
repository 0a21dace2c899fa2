"""The rule of partial credit is said where students and instructors read it, in the words of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradschool.check.rubric import RUBRIC_WEIGHTS, RULE

ROOT = Path(__file__).parents[3]
PLACES = [
    *("README.md", "docs/for-students.md", "docs/running-a-class.md"),
    *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "solutions").glob("*/*.md"))),
    *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "course").rglob("*.ipynb"))),
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
    assert (
        len([p for p in PLACES if p.endswith(".ipynb")]) == len([p for p in PLACES if p.startswith("solutions")]) == 4
    )
