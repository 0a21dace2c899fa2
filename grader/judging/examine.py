"""The examination of one answer: questions, replies and one report. It never sees the student's code.

``ask`` puts one question to whoever answers: a kernel behind a socket, or a function in this process (the audit's
mutants). The verdict depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

from grader.bank.entry import Entry, Variant
from grader.judging.class_memory import key_of, memory_of
from gradschool.check.assess import assess
from gradschool.core.calling import Reply, call_once, call_twice
from gradschool.core.compare import Attempt, example_of, same
from gradschool.core.exercise import Answer, Case, Exercise
from gradschool.core.numerics import TOLERANCES, Tolerance
from gradschool.core.plain_data import PlainData
from gradschool.core.protocol import ProtocolError
from gradschool.core.report import Claim, Report
from gradschool.diagnosis.evidence import Budget, Laboratory
from gradschool.diagnosis.explain import NO_CAUSE, despite_errors, explain

Ask = Callable[[Mapping[str, Any]], Reply]
Call = Callable[[Exercise, Answer, Mapping[str, Any]], Reply]  # calls a function on a case, once or twice
Examine = Callable[[Entry, Ask, int], Report]  # the entry, who answers, and the seed of the fresh inputs
# Two runs of the same wrong formula may differ in rounding, never by more than this.
CPU_SECONDS, SECONDS = 6.0, 60.0  # for the explanation of one wrong answer; the number of questions ends it before
SAME_MISTAKE = Tolerance(1e-7, 1e-10, "the same formula, evaluated in another order")


def examine(entry: Entry, ask: Ask, seed: int, ask_once: Ask | None = None) -> Report:
    """Put every fixture, hidden and fresh, to the answer; report which criteria it meets and name what went wrong.

    ``ask`` puts one question and returns the reply. ``seed`` makes the fresh inputs and must not be known to the
    student's code beforehand. Only fresh inputs are ever shown in a report's example: the hidden ones stay hidden.
    ``ask_once`` has the function called one time for each question: the fresh inputs are of the hidden inputs' kinds,
    for each of which two calls are compared already. The explanation of an answer whose second calls gave what the
    first gave asks so, too.
    """
    report, hidden, fresh = verdict(entry, ask, seed, ask_once)
    if report.passed or report.mistake == "untouched":
        return replace(report, example=None)
    report = replace(report, example=example_of(entry.exercise, fresh))
    with suppress(OSError, ProtocolError):  # a kernel that falls silent now loses the explanation, no marks
        again = ask_once if ask_once and all(_repeats(t.reply) for t in (*hidden, *fresh)) else ask
        call = call_once if ask_once else call_twice

        def search(asked: Ask) -> tuple[Report, bool]:
            return _explained(entry, asked, report, hidden, fresh, call)

        key = key_of([*hidden, *fresh], seed, call.__name__)
        return memory_of(entry).explanations.explain(key, report, again, search) if key else search(again)[0]
    return report


def verdict(
    entry: Entry, ask: Ask, seed: int, ask_once: Ask | None = None
) -> tuple[Report, list[Attempt], list[Attempt]]:
    """Return the report with its mark, which no explanation changes, and the attempts at hidden and at fresh inputs."""
    tried = [ask if entry.exercise.is_tried_twice(k) else ask_once or ask for k in range(len(entry.hidden))]
    hidden = [_attempt(entry, case, right, ask_k) for (case, right), ask_k in zip(entry.hidden, tried, strict=True)]
    fresh = [_attempt(entry, case, right, ask_once or ask) for case, right in entry.questions(seed)]
    report = assess(entry.exercise, [*fresh, *hidden])
    return replace(report, points=entry.points, warm_up=entry.warm_up), hidden, fresh


def _explained(
    entry: Entry, ask: Ask, report: Report, hidden: Sequence[Attempt], fresh: Sequence[Attempt], call: Call
) -> tuple[Report, bool]:
    """Return the report with the known mistake's name and hint, or with what experiments show.

    ``call`` is how the student's function was called on each of the fresh inputs. The second is whether the search
    was cut off, by its budget or by an error of its own.
    """
    budget = Budget(cpu=CPU_SECONDS, clock=SECONDS)
    laboratory = Laboratory(
        entry.exercise,
        ask,
        entry.right,
        fresh[0],
        entry.fixtures,
        budget,
        kept=entry.right_to_fresh,
        earlier=hidden,
    )

    def search() -> Report:
        known = name_mistake(entry, hidden, fresh, laboratory, call)
        if known is None:
            return explain(laboratory, [*fresh, *hidden], report, shown=fresh)
        asked = len(hidden) + len(fresh) + len(laboratory.first_fresh)
        said = f"it answered as this known mistake does on all {asked} inputs"
        claim = Claim("known-mistake", "", (known.name,))
        return replace(report, mistake=known.name, hint=known.hint, claim=claim, experiment=said)

    found = despite_errors(report, search)
    return found, budget.was_short or NO_CAUSE in found.notes  # the next student's may succeed


def _attempt(entry: Entry, case: Case, right: PlainData, ask: Ask) -> Attempt:
    made = Attempt(case, right, ask(case.args), entry.exercise.returns, TOLERANCES[entry.tolerance])
    return memory_of(entry).attempt(made)


def name_mistake(
    entry: Entry,
    hidden: Sequence[Attempt],
    fresh: Sequence[Attempt],
    laboratory: Laboratory,
    call: Call = call_twice,
) -> Variant | None:
    """Return the known mistake that answers every question as the student's function did, or None.

    It is a hypothesis like any other: it must hold on the further inputs of the laboratory too. ``call`` is how the
    student's function was called on each of the fresh inputs.
    """
    for mutant in entry.mutants:
        if _behaves_like(entry, mutant, hidden, fresh, _further(laboratory), call):
            return mutant
    return None


def _further(laboratory: Laboratory) -> Iterator[Attempt]:
    """Yield the laboratory's attempts at further inputs, which are made when somebody comes so far."""
    yield from laboratory.first_fresh


def _behaves_like(
    entry: Entry,
    mutant: Variant,
    hidden: Sequence[Attempt],
    fresh: Sequence[Attempt],
    further: Iterator[Attempt],
    call: Call,
) -> bool:
    """Return whether a known mistake answers every question as the student's function did.

    Most differ at the first hidden question. Replies are kept: every student is asked the same. A mistake that
    keeps something from call to call is asked the hidden questions again first, and called as the student's was.
    """
    known = entry.mutant_replies[mutant.name]
    if not all(_same_reply(known[k], t.reply) for k, t in enumerate(hidden)):
        return False
    if all(_repeats(known[k]) for k in range(len(hidden))):
        kept = entry.kept_replies[mutant.name]
        return all(_same_reply(kept.to(t.case), t.reply) for t in chain(fresh, further))
    answer = mutant.fresh()
    as_asked = [call_twice if entry.exercise.is_tried_twice(k) else call for k in range(len(hidden))]
    called = chain(zip(as_asked, hidden, strict=True), zip(repeat(call), fresh), zip(repeat(call_twice), further))
    return all(_same_reply(how(entry.exercise, answer, t.case.args), t.reply) for how, t in called)


def _repeats(reply: Reply) -> bool:
    return same(reply.first, reply.second, SAME_MISTAKE)


def _same_reply(one: Reply, other: Reply) -> bool:
    pairs = ((one.first, other.first), (one.second, other.second), (one.inputs, other.inputs))
    return all(same(a, b, SAME_MISTAKE) for a, b in pairs)
