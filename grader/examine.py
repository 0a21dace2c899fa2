"""The examination of one answer: questions out, replies in, one report. It never sees the student's code.

``ask`` puts one question to whoever answers: a kernel behind a socket, or a function in this process (the audit's
mutants). The verdict depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.bank import HIDDEN_SEED, Entry, Solution
from gradschool.answers import copied, plain
from gradschool.assess import Report, Tried, assess, example_of, same
from gradschool.exercise import Case
from gradschool.numerics import TOLERANCES, Tolerance
from gradschool.trying import Reply, try_case

Ask = Callable[[Mapping[str, Any]], Reply]
# Two runs of the same wrong formula may differ in rounding, never by more than this.
SAME_MISTAKE = Tolerance(1e-7, 1e-10, "the same formula, evaluated in another order")


def examine(entry: Entry, ask: Ask, seed: int) -> Report:
    """Put every fixture, hidden and fresh, to the answer; report what holds and name what went wrong.

    ``seed`` makes the fresh inputs and must not be known to the student's code beforehand. Only fresh inputs are
    ever shown in a report's example: the hidden ones stay hidden.
    """
    hidden = entry.fixtures(np.random.default_rng(HIDDEN_SEED))
    fresh = entry.fixtures(np.random.default_rng(seed))
    tried = [_put(entry, case, ask) for case in [*fresh, *hidden]]
    report = replace(assess(entry.exercise, tried, entry.tolerance), points=entry.points)
    if report.passed or report.mistake == "untouched":
        return replace(report, example=None)
    report = replace(report, example=example_of(entry.exercise, tried[: len(fresh)], TOLERANCES[entry.tolerance]))
    known = name_mistake(entry, tried)
    return replace(report, mistake=known.name, hint=known.hint) if known else report


def _put(entry: Entry, case: Case, ask: Ask) -> Tried:
    expected = plain(entry.exercise.run(entry.reference, copied(case.args)))
    return Tried(case, expected, ask(case.args))


def name_mistake(entry: Entry, tried: Sequence[Tried]) -> Solution | None:
    """The known mistake that answers every one of these questions as the student's function did."""
    return next((mutant for mutant in entry.mutants if _behaves_like(entry, mutant, tried)), None)


def _behaves_like(entry: Entry, mutant: Solution, tried: Sequence[Tried]) -> bool:
    answer = mutant.fresh()
    return all(_same_reply(try_case(entry.exercise, answer, t.case.args), t.reply) for t in tried)


def _same_reply(one: Reply, other: Reply) -> bool:
    pairs = ((one.first, other.first), (one.again, other.again), (one.inputs, other.inputs))
    return all(same(a, b, SAME_MISTAKE) for a, b in pairs)
