"""From replies to a report: which properties hold, what the doctor says, and one example to look at.

The student's `check` and the instructor's judge both end here; they differ in where the inputs and the expected
arrays come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool import doctor
from gradschool.answers import Tree, leaves, plain
from gradschool.exercise import Case, Exercise
from gradschool.numerics import TOLERANCES, Tolerance, wrong_entries
from gradschool.trying import Raised, Reply

# Shares of an exercise's points. "edge" and "purity" count only when "value" holds, "shape" only for answers
# that depend on their inputs: an array of zeros earns nothing.
SHARES = {"shape": 0.10, "value": 0.60, "edge": 0.20, "purity": 0.10}
TITLES = {"shape": "Shape and dtype", "value": "Values", "edge": "Edge cases", "purity": "Leaves its inputs alone"}


@dataclass(frozen=True)
class Property:
    """One share of an exercise: whether it holds, and a sentence that says so."""

    name: str
    holds: bool
    sentence: str


@dataclass(frozen=True)
class Example:
    """One case on which the answer is wrong. ``wrong`` marks the entries; ``error`` is set if the function raised."""

    case: str
    inputs: Tree
    label: str = ""
    expected: Any = None
    got: Any = None
    wrong: Any = None
    error: str = ""


@dataclass(frozen=True)
class Report:
    """What a check found. ``fraction`` of the points is earned; ``mistake`` names what went wrong, with a hint."""

    exercise: str
    title: str
    fraction: float
    properties: tuple[Property, ...]
    mistake: str = ""
    hint: str = ""
    example: Example | None = None
    printed: str = ""
    seconds: float = 0.0
    points: float | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Everything the exercise asks for holds."""
        return self.fraction == 1.0

    @property
    def earned(self) -> float | None:
        """Points earned, to the hundredth; None where the exercise carries no points."""
        return None if self.points is None else round(self.points * self.fraction, 2)


@dataclass(frozen=True)
class Tried:
    """One case with the right answer and the reply; the unit that assessment works on."""

    case: Case
    expected: Tree
    reply: Reply


def assess(exercise: Exercise, tried: Sequence[Tried], tolerance: str) -> Report:
    """Judge the replies. Every property of the report follows from ``tried`` alone."""
    table = TOLERANCES[tolerance]
    regular = [t for t in tried if not t.case.edge]
    edge = [t for t in tried if t.case.edge]
    shape = _shape_finding(exercise, regular)
    value = shape or _value_finding(exercise, regular, table)
    at_edge = _shape_finding(exercise, edge) or _value_finding(exercise, edge, table)
    pure = _purity_finding(exercise, tried, table)
    properties = _properties(shape, value, at_edge, pure, with_edge=bool(edge))
    finding = shape or value or at_edge or pure
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        fraction=_fraction(properties, regular),
        properties=properties,
        mistake=finding.name if finding else "",
        hint=finding.sentence if finding else "",
        example=example_of(exercise, tried, table) if finding else None,
        printed=next((t.reply.printed for t in tried if t.reply.printed), ""),
        seconds=max((t.reply.seconds for t in tried), default=0.0),
    )


def _properties(shape: Any, value: Any, edge: Any, pure: Any, *, with_edge: bool) -> tuple[Property, ...]:
    def line(name: str, finding: doctor.Finding | None, good: str, waiting: bool = False) -> Property:
        if waiting:
            return Property(name, False, "Looked at once the values are right.")
        return Property(name, finding is None, finding.sentence if finding else good)

    lines = [
        line("shape", shape, "Right on every input."),
        line("value", value, "Right on every input.", waiting=shape is not None),
        line("edge", edge, "Right there too.", waiting=value is not None),
        line("purity", pure, "Inputs untouched, and the second call gives the same.", waiting=value is not None),
    ]
    return tuple(p for p in lines if with_edge or p.name != "edge")


def _fraction(properties: Sequence[Property], regular: Sequence[Tried]) -> float:
    if all(p.holds for p in properties):
        return 1.0
    total = sum(SHARES[p.name] for p in properties)
    held = sum(SHARES[p.name] for p in properties if p.holds)
    return 0.0 if _is_constant(regular) else round(held / total, 6)


def _is_constant(regular: Sequence[Tried]) -> bool:
    """Whether the answer ignores its inputs: one number in every entry of every answer, or no numbers at all."""
    found = [leaf for t in regular for _, leaf in leaves(t.reply.first) if isinstance(leaf, np.ndarray)]
    return len({float(x) for leaf in found for x in np.ravel(leaf)[:1000].astype(float)}) <= 1


def _parts(exercise: Exercise, tree: Tree) -> dict[str, Any]:
    return dict(leaves(tree, exercise.returns))


def _shape_finding(exercise: Exercise, tried: Sequence[Tried]) -> doctor.Finding | None:
    raised = [t for t in tried if isinstance(t.reply.first, Raised)]
    if raised:
        return _raised_finding(raised[0], len(raised) == len(tried))
    for t in tried:
        finding = _structure(exercise, t)
        if finding:
            return finding
    return next((f for pair in _pairs(exercise, tried) if (f := doctor.form(pair))), None)


def _raised_finding(t: Tried, always: bool) -> doctor.Finding:
    assert isinstance(t.reply.first, Raised)
    if t.reply.first.type == "NotImplementedError":
        return doctor.Finding("untouched", "Not written yet: the function still raises NotImplementedError.")
    where = "" if always else f" on {t.case.name}"
    return doctor.Finding("raised", f"The function raised {t.reply.first.type}{where}: {t.reply.first.message}")


def _structure(exercise: Exercise, t: Tried) -> doctor.Finding | None:
    """Whether the answer has the right parts: a tuple of two is not an array."""
    want, got = _parts(exercise, t.expected), _parts(exercise, t.reply.first)
    if want.keys() == got.keys() and isinstance(t.reply.first, tuple) == isinstance(t.expected, tuple):
        return None
    if isinstance(t.expected, np.ndarray):
        return doctor.form(doctor.Pair(t.reply.first, t.expected))
    asked = ", ".join(name or "one value" for name in want)
    return doctor.Finding("parts", f"The function should return {len(want)} parts ({asked}); it returned {len(got)}.")


def _pairs(exercise: Exercise, tried: Sequence[Tried]) -> list[doctor.Pair]:
    return [
        doctor.Pair(_parts(exercise, t.reply.first)[label], expected, label, t.case.sizes, t.case.rows)
        for t in tried
        for label, expected in _parts(exercise, t.expected).items()
    ]


def _value_finding(exercise: Exercise, tried: Sequence[Tried], table: Tolerance) -> doctor.Finding | None:
    pairs = _pairs(exercise, tried)
    wrong_labels = [p.label for p in pairs if doctor.is_wrong(p, table)]
    if not wrong_labels:
        return None
    same_part = [p for p in pairs if p.label == wrong_labels[0]]
    return doctor.values(same_part, table)


def _purity_finding(exercise: Exercise, tried: Sequence[Tried], table: Tolerance) -> doctor.Finding | None:
    for t in tried:
        if isinstance(t.reply.first, Raised):
            continue
        if not same(t.reply.inputs, plain(dict(t.case.args)), TOLERANCES["none"]):
            return doctor.Finding(
                "inputs-modified", "The function changes its inputs in place: a gradient looks, it does not touch."
            )
        if isinstance(t.reply.again, Raised) or not same(t.reply.first, t.reply.again, table):
            return doctor.Finding(
                "first-call-only",
                "The second call with the same inputs gives something else: something is kept from call to call.",
            )
    return None


def same(one: Tree, other: Tree, table: Tolerance) -> bool:
    """Whether two answers agree in structure, shape and numbers."""
    if isinstance(one, Raised) or isinstance(other, Raised):
        return isinstance(one, Raised) and isinstance(other, Raised) and one.type == other.type
    left, right = list(leaves(one)), list(leaves(other))
    if [name for name, _ in left] != [name for name, _ in right]:
        return False
    return all(_same_leaf(a, b, table) for (_, a), (_, b) in zip(left, right, strict=True))


def _same_leaf(a: Any, b: Any, table: Tolerance) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and not wrong_entries(a, b, table).any()
    return type(a) is type(b) and a == b


def example_of(exercise: Exercise, tried: Sequence[Tried], table: Tolerance) -> Example | None:
    """The smallest case on which the answer is wrong, a regular one before an edge case, ready to be shown."""
    for t in sorted(tried, key=_bulk):
        first = t.reply.first
        if isinstance(first, Raised):
            return Example(t.case.name, plain(dict(t.case.args)), error=f"{first.type}: {first.message}")
        if _structure(exercise, t):
            return Example(t.case.name, plain(dict(t.case.args)), "", t.expected, first)
        for pair in _pairs(exercise, [t]):
            if doctor.form(pair) or doctor.is_wrong(pair, table):
                wrong = _mask(pair, table)
                return Example(t.case.name, plain(dict(t.case.args)), pair.label, pair.expected, pair.got, wrong)
    return None


def _mask(pair: doctor.Pair, table: Tolerance) -> np.ndarray | None:
    both = isinstance(pair.got, np.ndarray) and isinstance(pair.expected, np.ndarray)
    return wrong_entries(pair.got, pair.expected, table) if both and pair.got.shape == pair.expected.shape else None


def _bulk(t: Tried) -> tuple[bool, int]:
    return t.case.edge, sum(leaf.size for _, leaf in leaves(plain(dict(t.case.args))) if isinstance(leaf, np.ndarray))
