"""Whether a solution differs from the right ones on any legal input: the search that calls a mutant equivalent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any

from grader.audit.mutation.legal_inputs import candidates, is_changed
from grader.audit.mutation.mutants import Solution, solutions
from grader.audit.mutation.observing import Observed, State, differing
from grader.bank.entry import Entry
from grader.bank.registry import find_entry
from gradschool.core.calling import Raised, Reply, call_twice
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Case
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import PlainData

AT_ONCE = 4  # right solutions that one candidate is put to, at most
ONE_MUTANT = 2.0  # seconds of CPU; a right solution takes milliseconds


class TooLong(KeyboardInterrupt):
    """A mutant that loops. It is an interrupt, which no call of an answer takes for the answer's own exception."""


@contextmanager
def seconds_of_cpu(most: float) -> Iterator[None]:
    """Raise TooLong where the block uses more CPU than this; in the main thread only."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclass(frozen=True)
class LegalInput:
    """An input, the answer that all right solutions give, and the states that they all leave behind."""

    case: Case
    expected: PlainData
    states: tuple[State, ...]


@dataclass(frozen=True)
class Difference:
    """Where a solution differs from the right ones.

    ``case`` is the first input, None if there is none among ``tried``; ``what`` says how it differs there. ``runs`` is
    False for a solution that returned on no input at all.
    """

    case: Case | None
    what: str
    tried: int
    runs: bool = True


@cache
def legal_inputs(exercise_id: str, seeds: int, changes: int | None = None) -> tuple[LegalInput, ...]:
    """Return the inputs of :func:`grader.audit.mutation.legal_inputs.candidates` on which right solutions agree."""
    entry = find_entry(exercise_id)
    right = solutions(entry)
    found: list[tuple[Case, PlainData, list[list[State]]]] = []
    for k, case in enumerate(candidates(entry, seeds, changes)):
        observed = [Observed(solution.fresh()) for solution in asked(right, k)]
        reply = call_twice(entry.exercise, observed[0], case.args)
        expected = reply.first
        if isinstance(expected, Raised) or what_is_wrong(entry, case, expected, reply):  # differs when called again
            continue
        replies = (call_twice(entry.exercise, one, case.args) for one in observed[1:])
        if not any(what_is_wrong(entry, case, expected, reply) for reply in replies):  # until one disagrees
            found.append((case, expected, [[after for _, after in one.calls] for one in observed]))
    free = {name for _, _, states in found for name in _free(states)}
    legal = [
        LegalInput(case, expected, tuple({k: v for k, v in after.items() if k not in free} for after in states[0]))
        for case, expected, states in found
    ]
    return tuple(sorted(legal, key=lambda one: is_changed(one.case)))  # the exercise's own cases first


def asked(right: list[Solution], turn: int) -> list[Solution]:
    """Return the right solutions that one candidate is put to: the reference, and the others by turns.

    Where an exercise has a dozen, to ask them all costs more than to try its mutants. An input on which only those that
    were not asked disagree would count as legal: the audit then lists too much, never too little.

    >>> [asked(list("abcdefg"), turn) for turn in (0, 1)]
    [['a', 'b', 'c', 'd'], ['a', 'e', 'f', 'g']]
    """
    first, *others = right
    if len(others) < AT_ONCE:
        return right
    begin = turn * (AT_ONCE - 1)
    return [first, *(others[(begin + k) % len(others)] for k in range(AT_ONCE - 1))]


def _free(states: list[list[State]]) -> set[str]:
    """Return the names under which right solutions leave different states behind: each may do as it likes there."""
    first, *others = states
    if any(len(calls) != len(first) for calls in others):
        return {name for calls in states for after in calls for name in after}
    return {name for calls in others for one, other in zip(calls, first, strict=True) for name in differing(one, other)}


def what_is_wrong(entry: Entry, case: Case, expected: PlainData, reply: Reply) -> str:
    """Return how a reply differs from the right answer; "" if it is right in every respect."""
    t = Attempt(case, expected, reply, entry.exercise.returns, TOLERANCES[entry.tolerance])
    if t.raised:
        return f"raises {t.raised.type}"
    if not t.well_formed:
        return "has another form"
    if any(c.is_wrong for c in t.comparisons):
        return "has other values"
    if not t.inputs_unchanged:
        return "changes its inputs"
    if not t.repeats:
        return "differs when called again"
    return "returns what a later call overwrites" if reply.overwritten else ""


def find_difference(entry: Entry, solution: Solution, seeds: int, changes: int | None = None) -> Difference:
    """Search the legal inputs for one on which the solution differs from the right ones.

    Raises
    ------
    TooLong
        If it loops.
    """
    inputs = legal_inputs(entry.exercise.id, seeds, changes)
    first: Difference | None = None
    for k, legal in enumerate(inputs, 1):
        observed = Observed(solution.fresh())
        with seconds_of_cpu(ONE_MUTANT):
            reply = call_twice(entry.exercise, observed, legal.case.args)
        what = what_is_wrong(entry, legal.case, legal.expected, reply) or _other_state(observed, legal)
        first = first or (Difference(legal.case, what, k) if what else None)
        if first and (k > 8 or not isinstance(reply.first, Raised)):
            return first if not isinstance(reply.first, Raised) else Difference(first.case, first.what, k, runs=False)
    return first or Difference(None, "", len(inputs))


def _other_state(observed: Observed, legal: LegalInput) -> str:
    """Return which argument's state differs after a call from what every right solution leaves, or ""."""
    for (_, after), wanted in zip(observed.calls, legal.states, strict=False):
        names = {name for name in differing(after, wanted) if name in wanted}
        if names:
            return f"leaves another state ({sorted(names)[0]})"
    return ""


def shown(value: Any) -> Any:
    """Return arguments as JSON data, for a person to try again."""
    if isinstance(value, dict):
        return {str(k): shown(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [shown(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value
