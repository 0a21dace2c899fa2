"""A gradient that is measured with a small step, however the step is chosen, earns no more than its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.bank.entry import Entry
from grader.bank.ill_conditioned import HINT, UNEVEN_INPUTS
from grader.bank.registry import find_entry
from grader.judging.examine import examine, verdict
from gradschool.core import numerics, withheld
from gradschool.core.calling import call_twice
from gradschool.core.numerics import Array
from gradschool.core.report import Report
from gradschool.exercises._draws import UNEVEN

STEPS = (1e-1, 1e-3, 1e-4, 3e-5, 1e-5, 1e-6)  # between them every quotient has one on which ordinary inputs pass


def differences_at_once(f: Any, x: Array, h: float = 1e-5) -> Array:
    """Central differences in the place of ``numerics.complex_step_at_once``; its names are those of that module."""
    return np.asarray((f(x + h * np.eye(len(x))) - f(x - h * np.eye(len(x)))) / (2 * h))


def copied(oracle: Any, args: Mapping[str, Any]) -> Any:
    """What a copy of the package's code answers: a call of the package itself would be refused, a copy is not."""
    token = withheld._examined.set(None)
    try:
        return oracle(args)
    finally:
        withheld._examined.reset(token)


def oracle_copied(entry: Entry, h: float) -> Report:
    """The verdict on a student who measures slopes of the loss that the oracle states, with the step h.

    Where the oracle takes a complex step, which is exact, the student takes central differences of the same loss.
    """
    oracle = replace(entry.exercise, adapter=lambda answer, args: copied(entry.exercise.oracle, args))

    def ask(args: Mapping[str, Any]) -> Any:
        return call_twice(oracle, lambda: None, args)

    measures = {
        numerics.complex_step: numerics.central_differences,
        numerics.complex_step_at_once: differences_at_once,
        numerics.central_differences: numerics.central_differences,
    }
    before = [(f, f.__code__, f.__defaults__) for f in measures]
    for f, instead in measures.items():
        f.__code__, f.__defaults__ = instead.__code__, (h,)
    try:
        return verdict(entry, ask, seed=5)[0]
    finally:
        for f, code, defaults in before:
            f.__code__, f.__defaults__ = code, defaults


@pytest.mark.parametrize("exercise_id", UNEVEN_INPUTS)
def test_no_step_is_small_enough_or_large_enough(exercise_id: str) -> None:
    entry = find_entry(exercise_id)
    steps = STEPS if not exercise_id.startswith("ddpg.") else (1e-3, 1e-4, 3e-5)
    for h in steps:
        assert oracle_copied(entry, h).earned <= 0.101 * entry.points, h


def test_it_is_the_uneven_input_that_tells() -> None:
    """On the input that is made uneven, as it was before, the same answers pass: the test above can fail."""
    for exercise_id in ("chain.l2_gradient", "chain.tanh_vjp", "dqn.semi_gradient", "dqn.huber_gradient"):
        entry = find_entry(exercise_id)
        before = replace(entry, cases=lambda rng, e=entry: e.cases(rng)[:1])
        uneven = replace(entry, cases=lambda rng, e=entry: [c for c in e.cases(rng) if c.name.startswith(UNEVEN)])
        assert oracle_copied(before, 3e-5).passed, exercise_id
        assert not oracle_copied(uneven, 3e-5).passed, exercise_id


def test_it_is_named_and_every_right_way_passes() -> None:
    """The reference itself, and each alternative, over seeds that the audit did not see."""
    for exercise_id in ("chain.tanh_vjp", "chain.linear_vjp", "dqn.huber_gradient", "ddpg.squash_vjp"):
        entry = find_entry(exercise_id)
        for seed in range(8):
            for answer in (entry.reference, *(a.fresh() for a in entry.alternatives)):
                report = examine(entry, lambda args, a=answer, e=entry: call_twice(e.exercise, a, args), seed)
                assert report.passed, (exercise_id, seed, report.hint)
        copied = next(m for m in entry.mutants if m.name == "measured-not-derived").fresh()
        report = examine(entry, lambda args, a=copied, e=entry: call_twice(e.exercise, a, args), 3)
        assert (report.mistake, report.hint) == ("measured-not-derived", HINT)
