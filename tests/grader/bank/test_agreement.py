"""The student's ``check`` and the grader say the same: one row of tolerances, and oracles as exact as it asks for."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.entry import Entry
from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.calling import call_once
from gradschool.core.compare import same
from gradschool.core.exercise import CHAPTERS
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import copy_arrays, to_plain

ENTRIES = [entry for part in CHAPTERS for entry in entries(part).values()]
QUICK = [entry for entry in ENTRIES if entry.exercise.id.startswith(("chain", "dqn", "next"))]
QUICK = [entry for entry in QUICK if entry.exercise.id != "next.td3_losses"]  # tests/lessons/test_chapter_next.py

BY_TORCH = ("chain.inject_gradient", "dqn.torch_loss")  # each call takes a millisecond


def each(entry: Entry) -> str:
    return entry.exercise.id


@pytest.mark.parametrize("entry", ENTRIES, ids=each)
def test_an_entry_has_no_row_of_its_own(entry: Entry) -> None:
    assert entry.tolerance == entry.exercise.tolerance
    assert "tolerance" not in vars(entry)


@pytest.mark.parametrize("entry", QUICK, ids=each)
def test_the_oracle_and_the_reference_agree_within_the_row_that_judges_both(entry: Entry) -> None:
    for seed in range(30):
        for case, right in entry.questions(seed):
            found = to_plain(entry.exercise.oracle(copy_arrays(case.args)))
            assert same(found, right, TOLERANCES[entry.tolerance]), (case.name, seed)


def test_a_small_error_of_an_oracle_would_be_seen() -> None:
    entry = QUICK[0]
    (_, right), *_ = entry.questions(0)
    assert not same(np.asarray(right) * (1 + 1e-8), right, TOLERANCES[entry.tolerance])


@pytest.mark.parametrize("entry", QUICK, ids=each)
def test_every_right_way_stays_right_on_the_inputs_of_the_student_s_machine(entry: Entry) -> None:
    """By the oracle's word alone, on up to 30 seeds; ``check`` itself draws one of them."""
    answers = {"reference": entry.reference, **{a.name: a.fresh() for a in entry.alternatives}}
    for name, answer in answers.items():
        assert check_here(entry.exercise, answer).passed, name
    for seed in range(10 if entry.exercise.id in BY_TORCH else 30):
        for case in entry.exercise.cases(np.random.default_rng(seed)):
            right = to_plain(entry.exercise.oracle(copy_arrays(case.args)))
            for name, answer in answers.items():
                reply = call_once(entry.exercise, answer, case.args)
                assert same(reply.first, right, TOLERANCES[entry.exercise.tolerance]), (case.name, seed, name)
