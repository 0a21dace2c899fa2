"""The explanation of known mistakes of the bank, by the check of a student's own machine."""

from __future__ import annotations

import pytest

from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.exercise import CHAPTERS
from gradschool.diagnosis.first_look import UNEXPLAINED

VAGUE = {*UNEXPLAINED, "parts-right"}
EVERY = 4  # one mistake in so many is looked at; `audit --deep` looks at all of them
ALL = {"next"}  # a chapter of four exercises: a fourth of its mistakes would say nothing of a share


@pytest.mark.slow
# The lab's answers are whole agents, which `gradexaminer` explains: here most of its mistakes are told by place alone.
@pytest.mark.parametrize("part", [part for part in CHAPTERS if part != "lab"])
def test_few_known_mistakes_get_no_more_than_where_the_numbers_are_wrong(
    part: str,
) -> None:
    every = [(e, m) for e in entries(part).values() if not e.exercise.per_item for m in e.mutants]
    looked_at = every if part in ALL else every[::EVERY]
    reports = [check_here(entry.exercise, mutant.fresh()) for entry, mutant in looked_at]
    caught = [r for r in reports if not r.passed]
    assert len(caught) == len(looked_at)
    assert sum(r.mistake in VAGUE for r in caught) <= 0.15 * len(caught)
    assert all(r.claim.kind or r.mistake not in VAGUE for r in caught)
