"""Chapter 3's inputs and oracles: as exact at home as in the grader, and with nothing left to luck."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.entry import Entry
from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.compare import same
from gradschool.core.exercise import find
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import copy_arrays, to_plain
from gradschool.exercises.ddpg._setups import scale_critics
from gradschool.exercises.ddpg.adapters import net_of

ENTRIES = [e for e in entries("ddpg").values() if e.exercise.id != "ddpg.clinic"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.exercise.function)
def test_the_oracle_and_the_reference_agree_within_the_row_that_judges_both(entry: Entry) -> None:
    """`check` compares with the oracle, the grader with the reference: one row can only serve both where they agree."""
    row = "numeric" if entry.exercise.read else "exact"  # least squares on weights leave a rounding of their own
    assert entry.exercise.tolerance == entry.tolerance == row
    for seed in range(30):
        for case, right in entry.questions(seed):
            found = to_plain(entry.exercise.oracle(copy_arrays(case.args)))
            assert same(found, right, TOLERANCES[row]), (case.name, seed)


def test_a_small_error_of_an_oracle_would_be_seen() -> None:
    entry = ENTRIES[0]
    (_, right), *_ = entry.questions(0)
    assert not same(np.asarray(right) * (1 + 1e-8), right, TOLERANCES["exact"])


def test_a_critic_whose_units_are_all_off_makes_no_input_that_is_no_number() -> None:
    rng = np.random.default_rng(1)
    obs, low, high = rng.normal(size=(5, 3)), -np.ones(2), np.ones(2)
    actor = {"sizes": (3, 4, 2), "flat": rng.normal(size=3 * 4 + 4 + 4 * 2 + 2)}
    args = {"actor": actor, "batch": {"obs": obs}, "low": low, "high": high}
    for name in ("critic", "target_critic", "target_critic_2"):
        args[name] = {"sizes": (5, 4, 1), "flat": rng.normal(size=5 * 4 + 4 + 4 + 1)}
        net_of(args[name]).weights[0][:] = 0.0
        net_of(args[name]).biases[0][:] = -1.0
    scale_critics(args, 300.0, "critic", "target_critic", "target_critic_2")
    assert np.isfinite(args["critic"]["flat"]).all()


def test_old_gradients_that_stay_are_not_told_as_a_constant() -> None:
    """What lies in ``.grad`` before a call differs from entry to entry, so that no sum of it looks like a number."""

    def from_grad(actor, critic, batch):  # type: ignore[no-untyped-def]  # as a student writes it
        (-critic(batch.obs, actor(batch.obs)).mean()).backward()
        return [p.grad for p in actor.parameters()]

    report = check_here(find("ddpg.actor_grad_outputs"), from_grad)
    assert not report.passed
    assert "same amount" not in report.hint
