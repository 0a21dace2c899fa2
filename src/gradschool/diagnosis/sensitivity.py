"""What a wrong answer depends on: one input is changed at a time, and the student's function is asked again.

"When `g` is changed, the right result changes and yours does not" says more about a mistake than any of its numbers.
The right answers come from the exercise's public oracle, so all of this works without a reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradschool.core.calling import captured_output
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Answer, Exercise
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData, copy_arrays, iter_leaves, to_plain
from gradschool.core.report import Diagnosis
from gradschool.diagnosis.input_relations import subject_of
from gradschool.diagnosis.perturbations import (
    WEIGHTS,
    Change,
    Suits,
    Value,
    anything,
    flags,
    in_row_0,
    largest,
    last_bias,
    negative,
    next_to_0,
    off,
    one_more,
    perturbed,
    real,
    to_be_left_out,
    twice,
    weights,
    with_rows,
)

CPU_SECONDS, SECONDS = 0.6, 3.0  # no new question is asked after either: a card should come at once
STILL, MOVED = 1e-8, 1e-6  # as a share of the largest entry; what lies between is taken for neither

Parts = dict[str, Array]
Put = Callable[[Value], dict[str, Any]]


@dataclass
class TimeBudget:
    """The time for further questions: CPU_SECONDS of this thread's work, or SECONDS by the clock."""

    cpu: float = field(default_factory=time.thread_time)
    clock: float = field(default_factory=time.perf_counter)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.thread_time() > self.cpu + CPU_SECONDS or time.perf_counter() > self.clock + SECONDS


@dataclass
class SensitivityProbe:
    """One attempt, and what the student's function and the oracle make of its case when an input is changed.

    No question is asked twice, and none once the ``budget`` is spent.
    """

    exercise: Exercise
    answer: Answer
    attempt: Attempt
    budget: TimeBudget
    known: dict[tuple[str, str], tuple[Parts, Parts]] = field(default_factory=dict)

    def subjects(self) -> dict[str, tuple[Value, Put]]:
        """Return each input by its name: its value, and what makes inputs with another value in its place."""
        args: Mapping[str, Any] = self.attempt.case.args
        found: dict[str, tuple[Value, Put]] = {}
        for name, value in args.items():
            subject = subject_of(self.exercise, name)
            if subject and isinstance(value, Mapping):
                for key in ["flat"] if "flat" in value else value:
                    called = f"`{subject}`{WEIGHTS}" if key == "flat" else f"`{subject}.{key}`"
                    found[called] = (value[key], _put_inside(args, name, key))
            elif subject and not isinstance(value, str):
                found[f"`{subject}`"] = (value, _put(args, name))
        return found

    @cached_property
    def before(self) -> tuple[Parts, Parts]:
        """The student's answer and the right one, part by part, on the case's own inputs."""
        return finite_parts(self.attempt.got_leaves), finite_parts(self.attempt.expected_leaves)

    def after(self, subject: str, change: Change) -> tuple[Parts, Parts]:
        """Return the student's answer and the right one with one input changed, part by part; {} where it raises."""
        key = (subject, change.__qualname__)
        if key not in self.known:
            value, put = self.subjects()[subject]
            args = put(change(value))
            got = self._parts(lambda: self.exercise.adapter(self.answer, copy_arrays(args)))
            self.known[key] = (got, self._parts(lambda: self.exercise.oracle(copy_arrays(args))) if got else {})
        return self.known[key]

    def _parts(self, ask: Callable[[], Any]) -> Parts:
        if self.budget.over:
            return {}
        try:
            with captured_output():
                return finite_parts(iter_leaves(to_plain(ask()), self.exercise.returns))
        except KeyboardInterrupt:
            raise
        except BaseException:  # inputs that the lesson does not promise may well raise
            return {}


def _put(args: Mapping[str, Any], name: str) -> Put:
    return lambda new: {**args, name: new}


def _put_inside(args: Mapping[str, Any], name: str, key: str) -> Put:
    return lambda new: {**args, name: {**args[name], key: new}}


def finite_parts(leaves: Iterable[tuple[str, PlainData]]) -> Parts:
    """Return the parts of an answer that are finite numbers, in float64, by their labels."""
    found = {label: leaf for label, leaf in leaves if isinstance(leaf, np.ndarray)}
    return {k: leaf.astype(np.float64) for k, leaf in found.items() if leaf.size and np.isfinite(leaf).all()}


def unchanged(one: Array, other: Array) -> bool:
    """Return whether two arrays are equal up to STILL of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) <= STILL * max(largest(one), largest(other)))


def moved(one: Array, other: Array) -> bool:
    """Return whether two arrays differ for certain: by more than MOVED of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) > MOVED * max(largest(one), largest(other)))


# -- probes: what a change to one input shows ------------------------------------------------------------------


@dataclass(frozen=True)
class Observation:
    """One part of an answer (``what``), right and got, before and after a change to the input ``subject``."""

    subject: str
    what: str
    right: Array
    right_after: Array
    got: Array
    got_after: Array


def ignored(s: Observation) -> str:
    """Look for an input that the right answer depends on, and the student's does not."""
    if not (unchanged(s.got_after, s.got) and moved(s.right_after, s.right)):
        return ""
    return f"When {s.subject} changes, the right {s.what} changes too, and yours does not: where does it come in?"


def unwanted(s: Observation) -> str:
    """Look for an input that the student's answer depends on, and the right one does not."""
    if not (moved(s.got_after, s.got) and unchanged(s.right_after, s.right)):
        return ""
    return f"When {s.subject} changes, the right {s.what} stays as it is, and yours changes: where does it get in?"


def mixed(s: Observation) -> str:
    """Look for a change in one row of an input that shows in other rows of the student's answer."""
    if s.right.ndim == 0 or len(s.right) < 2 or not moved(s.right_after, s.right):
        return ""
    if not (unchanged(s.right_after[1:], s.right[1:]) and moved(s.got_after[1:], s.got[1:])):
        return ""
    place, others = ("row", "rows") if s.right.ndim > 1 else ("entry", "entries")
    return (
        f"When only {s.subject[:-1]}[0]` changes, the right {s.what} changes in {place} 0 alone, and yours in other "
        f"{others} too: {others} must not mix."
    )


POWERS = {0: "stays as it is", 1: "doubles", 2: "becomes 4 times as large", -1: "halves"}


def grown(s: Observation) -> str:
    """Compare how the answers grow with one input: not at all, in proportion, with its square."""
    right, got = power(s.right_after, s.right), power(s.got_after, s.got)
    if right is None or right == got:
        return ""
    mine = f"yours {POWERS[got]}" if got is not None else "yours does not"
    return f"When {s.subject} is doubled, the right {s.what} {POWERS[right]}; {mine}."


def power(after: Array, before: Array) -> int | None:
    """Return the k for which an answer became 2^k times what it was; None where there is no such k."""
    if not before.any():
        return None
    return next((k for k in POWERS if unchanged(after, 2.0**k * before)), None)


def turned(s: Observation) -> str:
    """Compare what becomes of the answers when one input changes its sign."""
    for sign, becomes in ((-1.0, "changes its sign too"), (1.0, "stays as it is")):
        if s.right.any() and unchanged(s.right_after, sign * s.right) and moved(s.got_after, sign * s.got):
            return f"When {s.subject} changes its sign, the right {s.what} {becomes}; yours does not."
    return ""


def lifted(s: Observation) -> str:
    """Compare what becomes of the answers when 1 is added to an input everywhere."""
    to = s.subject.replace(WEIGHTS, "'s last bias") if s.subject.endswith(WEIGHTS) else f"all of {s.subject}"
    for by, becomes in ((0.0, "stays as it is"), (1.0, "grows by 1 too"), (-1.0, "falls by 1")):
        if unchanged(s.right_after, s.right + by) and moved(s.got_after, s.got + by):
            return f"When 1 is added to {to}, the right {s.what} {becomes}; yours does not."
    return ""


def cured(without: str) -> Callable[[Observation], str]:
    """Make a look for an input without which the answer is right; ``without`` says how it was taken out."""

    def look(s: Observation) -> str:
        alike = unchanged(s.right_after, np.full(s.right.shape, s.right_after.flat[0]))  # little to be right about
        if alike or not (moved(s.got, s.right) and unchanged(s.got_after, s.right_after)):
            return ""
        return f"With {s.subject} {without}, yours is right: look at what {s.subject} does in your function."

    return look


Probe = tuple[str, Suits, Change, Callable[[Observation], str]]
PROBES: tuple[Probe, ...] = (
    ("ignored", anything, perturbed, ignored),
    ("unwanted", anything, perturbed, unwanted),
    ("last-bias", weights, last_bias, lifted),
    ("rows-mixed", with_rows, in_row_0, mixed),
    ("growth", real, twice, grown),
    ("turned", real, negative, turned),
    ("lifted", real, one_more, lifted),
)
LAST_PROBES: tuple[Probe, ...] = (
    ("right-if-off", flags, off, cured("off everywhere")),
    ("right-without", to_be_left_out, next_to_0, cured("next to 0")),
)


def probe(
    wrong: Mapping[str, Sequence[SensitivityProbe]], probes: Sequence[Probe] = PROBES
) -> tuple[str, Diagnosis] | None:
    """Return the first probe that says the same on every case in which a part of the answer is wrong, and that part."""
    for name, suits, change, look in probes:
        for label, asked in wrong.items():
            for subject, (value, _) in asked[0].subjects().items():
                said = seen(asked[0], label, subject, change, look) if suits(subject, value) else ""
                if said and all(seen(other, label, subject, change, look) == said for other in asked[1:]):
                    return label, Diagnosis(name, said)
    return None


def seen(asked: SensitivityProbe, label: str, subject: str, change: Change, look: Callable[[Observation], str]) -> str:
    """Return what one probe says of one part of the answer to one case; "" if nothing."""
    got, right = asked.before[0].get(label), asked.before[1].get(label)
    got_after, right_after = (parts.get(label) for parts in asked.after(subject, change))
    if got is None or right is None or got_after is None or right_after is None:
        return ""
    if not got.shape == got_after.shape == right.shape == right_after.shape:
        return ""
    what = f"`{label}`" if label else "result"
    return look(Observation(subject, what, right, right_after, got, got_after))
