"""The examination of one answer: questions, replies and one report. It never sees the student's code.

``ask`` puts one question to whoever answers: a kernel behind a socket, or a function in this process (the audit's
mutants). The verdict depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader.bank.entry import Entry, Variant
from gradschool.check.assess import assess
from gradschool.core.calling import Reply, call_twice
from gradschool.core.compare import Attempt, example_of, same
from gradschool.core.exercise import Case
from gradschool.core.numerics import TOLERANCES, Tolerance
from gradschool.core.plain_data import PlainData
from gradschool.core.report import Report

Ask = Callable[[Mapping[str, Any]], Reply]
Examine = Callable[[Entry, Ask, int], Report]  # the entry, who answers, and the seed of the fresh inputs
# Two runs of the same wrong formula may differ in rounding, never by more than this.
SAME_MISTAKE = Tolerance(1e-7, 1e-10, "the same formula, evaluated in another order")


def examine(entry: Entry, ask: Ask, seed: int) -> Report:
    """Put every fixture, hidden and fresh, to the answer; report which criteria it meets and name what went wrong.

    ``ask`` puts one question and returns the reply. ``seed`` makes the fresh inputs and must not be known to the
    student's code beforehand. Only fresh inputs are ever shown in a report's example: the hidden ones stay hidden.
    """
    hidden, fresh = (
        [_attempt(entry, case, right, ask) for case, right in some] for some in (entry.hidden, entry.questions(seed))
    )
    report = replace(assess(entry.exercise, [*fresh, *hidden]), points=entry.points)
    if report.passed or report.mistake == "untouched":
        return replace(report, example=None)
    report = replace(report, example=example_of(fresh))
    known = name_mistake(entry, hidden, fresh)
    return replace(report, mistake=known.name, hint=known.hint) if known else report


def _attempt(entry: Entry, case: Case, right: PlainData, ask: Ask) -> Attempt:
    return Attempt(case, right, ask(case.args), entry.exercise.returns, TOLERANCES[entry.tolerance])


def name_mistake(entry: Entry, hidden: Sequence[Attempt], fresh: Sequence[Attempt]) -> Variant | None:
    """Return the known mistake that answers every one of these questions as the student's function did, or None."""
    return next((m for m in entry.mutants if _behaves_like(entry, m, hidden, fresh)), None)


def _behaves_like(entry: Entry, mutant: Variant, hidden: Sequence[Attempt], fresh: Sequence[Attempt]) -> bool:
    """Return whether a known mistake answers every question as the student's function did.

    Most differ at the first hidden question, where their reply is kept: every student is asked the same. A mistake
    that keeps something from call to call is asked the hidden questions again first, as the student was.
    """
    known = entry.mutant_replies[mutant.name]
    if not all(_same_reply(known[k], t.reply) for k, t in enumerate(hidden)):
        return False
    forgets = all(same(known[k].first, known[k].second, SAME_MISTAKE) for k in range(len(hidden)))
    answer = mutant.fresh()
    asked = fresh if forgets else [*hidden, *fresh]
    return all(_same_reply(call_twice(entry.exercise, answer, t.case.args), t.reply) for t in asked)


def _same_reply(one: Reply, other: Reply) -> bool:
    pairs = ((one.first, other.first), (one.second, other.second), (one.inputs, other.inputs))
    return all(same(a, b, SAME_MISTAKE) for a, b in pairs)
