"""A bounded part of `make audit-deep`: a few mutants of every exercise, none of which may be in any list."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from grader.audit.deep import DeepAudit, Options, deep_audit
from grader.bank.registry import entries
from gradschool.core.exercise import CHAPTERS

BOUNDED = Options(search=1, changes=3, luck=2, known_luck=2, claims=20, most=3)
# An answer whose weights are read takes a hundred times as long to judge, and has a test of all its mutants elsewhere.
READ = replace(BOUNDED, changes=1, claims=5, most=1)
# So does an agent of the lab: nine updates of several networks for each question.
AGENTS = replace(BOUNDED, changes=1, claims=5)
# The lab has six exercises, chapter 5 has four. A mutant of a whole agent, and one of a condition on two inputs, as in
# PPO's clip, is told more vaguely.
LEAST, VAGUE = {"lab": 12, "next": 7}, {"lab": 0.25, "next": 0.25}


@functools.cache
def audited(part: str) -> tuple[DeepAudit, DeepAudit]:
    read = [name for name, entry in entries(part).items() if entry.exercise.read]
    compared = [name for name in entries(part) if name not in read]
    return deep_audit(compared, AGENTS if part == "lab" else BOUNDED, jobs=2), deep_audit(read, READ, jobs=2)


@pytest.mark.slow
@pytest.mark.parametrize("part", CHAPTERS)
def test_no_mutant_survives_and_few_are_told_vaguely(part: str):
    compared, read = audited(part)
    assert compared.survivors == read.survivors == []
    assert compared.mutants + read.mutants >= LEAST.get(part, 15)
    assert compared.vague <= VAGUE.get(part, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("part", CHAPTERS)
def test_no_mutant_is_judged_by_luck_or_by_place_or_hears_what_is_not_so(part: str):
    for result in audited(part):
        lists = (result.false_sentences, result.unlucky, result.disagree)
        assert lists == ([], [], []), [(x["exercise"], x["mutant"], x["why"]) for some in lists for x in some]
