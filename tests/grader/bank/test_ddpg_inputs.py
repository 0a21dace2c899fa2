"""Chapter 3's inputs and oracles: as exact at home as in the grader, and with nothing left to luck."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.entry import Entry
from grader.bank.registry import entries
from gradschool.core.compare import same
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import copy_arrays, to_plain

ENTRIES = [e for e in entries("ddpg").values() if e.exercise.id != "ddpg.clinic"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.exercise.function)
def test_the_oracle_and_the_reference_agree_within_the_row_that_judges_both(entry: Entry) -> None:
    """`check` compares with the oracle, the grader with the reference: one row can only serve both where they agree."""
    assert entry.exercise.tolerance == entry.tolerance == "exact"
    for seed in range(30):
        for case, right in entry.questions(seed):
            found = to_plain(entry.exercise.oracle(copy_arrays(case.args)))
            assert same(found, right, TOLERANCES["exact"]), (case.name, seed)


def test_a_small_error_of_an_oracle_would_be_seen() -> None:
    entry = ENTRIES[0]
    (_, right), *_ = entry.questions(0)
    assert not same(np.asarray(right) * (1 + 1e-8), right, TOLERANCES["exact"])
