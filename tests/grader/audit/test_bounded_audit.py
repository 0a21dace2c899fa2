"""A bounded part of `make audit-deep`: a few mutants of every exercise, none of which may be in any list."""

from __future__ import annotations

import pytest

from grader.audit.deep import Options, deep_audit
from grader.bank.registry import entries
from gradschool.core.exercise import CHAPTERS

BOUNDED = Options(search=1, luck=2, known_luck=2, claims=20, most=3)


@pytest.mark.slow
@pytest.mark.parametrize("part", CHAPTERS)
def test_no_mutant_survives_is_judged_by_luck_or_hears_what_is_not_so(part: str):
    result = deep_audit(list(entries(part)), BOUNDED, jobs=2)
    lists = (result.survivors, result.false_sentences, result.unlucky, result.disagree)
    assert lists == ([], [], [], []), [found for some in lists for found in some]
    assert result.mutants >= 15
    assert result.vague <= 0.2
