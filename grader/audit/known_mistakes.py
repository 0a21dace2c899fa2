"""The audit of the bank: every known mistake must be caught by its name, every right way accepted.

Each solution of the bank goes through the same examination as a student's answer, and its answers cross the same
wire, so that what the audit shows is what a student would get.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from grader.bank.entry import Entry, Variant
from grader.bank.registry import entries
from grader.judging.examine import examine
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_raw, read_reply
from gradschool.core.judge_messages import pack_reply, unpack_reply
from gradschool.core.report import Report


@dataclass
class Audit:
    """The figures of an audit; the three lists name what is wrong and are empty in a healthy bank."""

    exercises: int = 0
    mutants: int = 0
    killed: int = 0
    named: int = 0
    alternatives: int = 0
    accepted: int = 0
    survivors: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """No survivor, no rejected alternative, and at least nine in ten mutants under their own name."""
        return not self.survivors and not self.rejected and self.named >= 0.9 * self.mutants

    def as_dict(self) -> dict[str, Any]:
        """Return the figures and the three lists as JSON data."""
        return asdict(self)


def over_the_wire(entry: Entry, solution: Variant) -> Callable[..., Reply]:
    """Return an ``ask`` that runs a solution of the bank, with question and answer as the bytes that would travel.

    As a student's kernel, it calls the solution twice for a question, or ``once`` if it is told to.
    """
    answer = solution.fresh()

    def ask(args: Mapping[str, Any], once: bool = False) -> Reply:
        question = protocol.decode(protocol.encode(dict(args))[8:])
        assert isinstance(question, dict)
        reply = call_raw(entry.exercise, answer, question, once=once)
        received = unpack_reply(protocol.decode(protocol.encode(pack_reply(reply))[8:]))
        return read_reply(entry.read_once, args, received)

    return ask


def judged(entry: Entry, solution: Variant, seed: int) -> Report:
    """Examine a solution of the bank as the judge examines a student's."""
    ask = over_the_wire(entry, solution)
    return examine(entry, ask, seed, partial(ask, once=True))


def audit(parts: Iterable[str], seed: int | None = None, wanted: str = "") -> Audit:
    """Run every mutant and alternative of these chapters' exercises whose ids hold ``wanted``.

    ``seed`` fixes the fresh inputs.
    """
    result = Audit()
    for part in parts:
        for exercise_id, entry in entries(part).items():
            if wanted in exercise_id:
                audit_entry(entry, result, secrets.randbits(64) if seed is None else seed)
    return result


def audit_entry(entry: Entry, result: Audit, seed: int) -> None:
    """Add one exercise to an audit. The reference itself counts among what must be accepted, but not in the figures."""
    result.exercises += 1
    for mutant in entry.mutants:
        _add_mutant(entry, mutant, judged(entry, mutant, seed), result)
    for alternative in entry.alternatives:
        report = judged(entry, alternative, seed)
        result.alternatives += 1
        result.accepted += report.passed
        if not report.passed:
            result.rejected.append(f"{entry.exercise.id}: {alternative.name} ({report.hint})")


def _add_mutant(entry: Entry, mutant: Variant, report: Report, result: Audit) -> None:
    name = f"{entry.exercise.id}: {mutant.name}"
    result.mutants += 1
    result.killed += not report.passed
    result.named += report.mistake == mutant.name and report.hint == mutant.hint
    if report.passed:
        result.survivors.append(name)
    elif report.mistake != mutant.name:
        result.misnamed.append(f"{name} (called {report.mistake!r})")
