"""The closer look at every known mistake of the bank, by the check of a student's own machine."""

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
from gradschool.diagnosis import sensitivity as probing
from gradschool.diagnosis.patterns import UNEXPLAINED
from gradschool.diagnosis.sensitivity import PROBES

PROBED = {name for name, *_ in (*PROBES, *probing.LAST_PROBES)}


@pytest.fixture(scope="module")
def looks() -> list[tuple[Entry, Variant, Report]]:
    """Every known mistake with what the public check says of it, given the time to say it on any machine."""
    every = [(e, m) for part in CHAPTERS for e in entries(part).values() for m in e.mutants]
    with pytest.MonkeyPatch.context() as more_time:
        more_time.setattr(probing, "CPU_SECONDS", 60.0)
        more_time.setattr(probing, "SECONDS", 60.0)
        return [(entry, mutant, check_here(entry.exercise, mutant.fresh())) for entry, mutant in every]


Looks = list[tuple[Entry, Variant, Report]]


@pytest.mark.slow
def test_few_known_mistakes_get_no_more_than_where_the_numbers_are_wrong(looks: Looks) -> None:
    """81 of the 299 that the public check catches were told only that, and 94 only how many entries are right."""
    caught = [(e, r) for e, _, r in looks if not r.passed and not e.exercise.per_item]
    assert len(caught) > 280
    assert sum(r.mistake == "values" for _, r in caught) <= 5
    assert sum(r.mistake in UNEXPLAINED for _, r in caught) <= 10


@pytest.mark.slow
def test_what_a_probe_says_is_true_of_the_reference_too(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public oracle stands in for the right answer: the same sentence comes from the instructor's reference."""
    monkeypatch.setattr(probing, "CPU_SECONDS", 60.0)
    monkeypatch.setattr(probing, "SECONDS", 60.0)
    said = [(e, m, r) for e, m, r in looks if r.mistake in PROBED]
    assert len(said) > 80
    for entry, mutant, report in said:

        def reference(args: Mapping[str, Any], entry: Entry = entry) -> Any:
            return entry.exercise.adapter(entry.reference, args)

        by_reference = check_here(replace(entry.exercise, oracle=reference), mutant.fresh())
        assert by_reference.hint == report.hint, (entry.exercise.id, mutant.name)


@pytest.mark.slow
def test_the_card_says_where_and_the_hint_says_how(looks: Looks) -> None:
    """The line on the values keeps the word of the pattern; nothing is told twice."""
    for entry, mutant, report in looks:
        if report.mistake in PROBED:
            values = next(p for p in report.properties if not p.met)
            assert values.sentence != report.hint, (entry.exercise.id, mutant.name)
