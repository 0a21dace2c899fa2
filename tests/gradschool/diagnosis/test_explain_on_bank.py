"""The explanation of every known mistake of the bank, by the check of a student's own machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from grader.bank.entry import Entry, Variant
from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.exercise import CHAPTERS
from gradschool.core.report import Report
from gradschool.diagnosis import evidence
from gradschool.diagnosis.first_look import UNEXPLAINED

VAGUE = {*UNEXPLAINED, "parts-right"}
Looks = list[tuple[Entry, Variant, Report]]


@pytest.fixture(scope="module")
def looks() -> Looks:
    """Every known mistake with what the public check says of it, given the time to say it on any machine."""
    every = [(e, m) for part in CHAPTERS for e in entries(part).values() for m in e.mutants]
    with pytest.MonkeyPatch.context() as more_time:
        more_time.setattr(evidence, "CPU_SECONDS", 60.0)
        more_time.setattr(evidence, "SECONDS", 60.0)
        return [(entry, mutant, check_here(entry.exercise, mutant.fresh())) for entry, mutant in every]


@pytest.mark.slow
def test_few_known_mistakes_get_no_more_than_where_the_numbers_are_wrong(looks: Looks) -> None:
    caught = [r for e, _, r in looks if not r.passed and not e.exercise.per_item]
    assert len(caught) > 280
    assert sum(r.mistake in VAGUE for r in caught) <= 0.1 * len(caught)


@pytest.mark.slow
def test_what_is_claimed_is_true_of_the_reference_too(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public oracle stands in for the right answer: the same sentence comes from the instructor's reference."""
    monkeypatch.setattr(evidence, "CPU_SECONDS", 60.0)
    monkeypatch.setattr(evidence, "SECONDS", 60.0)
    said = [(e, m, r) for e, m, r in looks if r.claim.kind in {"formula", "response", "place", "isolated"}]
    assert len(said) > 80
    for entry, mutant, report in said[::3]:

        def reference(args: Mapping[str, Any], entry: Entry = entry) -> Any:
            return entry.exercise.adapter(entry.reference, args)

        by_reference = check_here(replace(entry.exercise, oracle=reference), mutant.fresh())
        assert by_reference.hint == report.hint, (entry.exercise.id, mutant.name)
