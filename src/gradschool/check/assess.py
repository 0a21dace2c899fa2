"""From replies to a report: which properties hold, what the doctor says, and one example to look at.

The student's `check` and the instructor's judge both end here; they differ in where the inputs and the expected
arrays come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool.core.calling import Raised, Reply
from gradschool.core.exercise import Case, Exercise
from gradschool.core.numerics import TOLERANCES, Tolerance, wrong_entries
from gradschool.core.plain_data import Foreign, Tree, describe, leaves
from gradschool.diagnosis import patterns

# Shares of an exercise's points. "edge" and "purity" count only when "value" holds, "shape" only for answers
# that depend on their inputs: an array of zeros earns nothing.
SHARES = {"shape": 0.10, "value": 0.60, "edge": 0.20, "purity": 0.10}
VAGUE = ("values", "some", "scaled")  # findings that say where, not why
TITLES = {"shape": "Shape and dtype", "value": "Values", "edge": "Edge cases", "purity": "Leaves its inputs alone"}


@dataclass(frozen=True)
class Property:
    """One share of an exercise: whether it holds, and a sentence that says so.

    ``waiting``: not looked at, since a property that it rests on does not hold.
    """

    name: str
    holds: bool
    sentence: str
    waiting: bool = False


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
    """Judge the replies. Every property of the report follows from ``tried`` alone.

    ValueError where anything would pass: without a regular case, or if a right answer cannot be read itself.
    """
    table = TOLERANCES[tolerance]
    regular = [t for t in tried if not t.case.edge]
    edge = [t for t in tried if t.case.edge]
    if not regular:
        raise ValueError(f"{exercise.id} cannot be judged without a regular case")
    for t in tried:
        if any(isinstance(leaf, Foreign | Raised) for _, leaf in leaves(t.expected)):
            raise ValueError(f"{exercise.id}: the right answer on the case {t.case.name!r} is {t.expected}")
    shape = shape_finding(exercise, regular)
    value = shape or _value_finding(exercise, regular, table)
    at_edge = shape_finding(exercise, edge) or _value_finding(exercise, edge, table)
    pure = _purity_finding(exercise, tried, table)
    properties = _properties(shape, value, at_edge, pure, with_edge=bool(edge))
    finding = shape or value or at_edge or pure
    if finding and pure and finding.name in VAGUE:
        finding = pure  # a function that keeps something, or changes its inputs, gives wrong numbers because of it
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        fraction=_fraction(exercise, properties, regular, table),
        properties=properties,
        mistake=finding.name if finding else "",
        hint=finding.sentence if finding else "",
        example=example_of(exercise, tried, table) if finding else None,
        printed=next((t.reply.printed for t in tried if t.reply.printed), ""),
        seconds=max((t.reply.seconds for t in tried), default=0.0),
    )


def _properties(shape: Any, value: Any, edge: Any, pure: Any, *, with_edge: bool) -> tuple[Property, ...]:
    def line(name: str, finding: patterns.Finding | None, good: str, waits_for: str = "") -> Property:
        if waits_for:
            return Property(name, False, f"looked at once {waits_for} right.", waiting=True)
        return Property(name, finding is None, finding.sentence if finding else good)

    for_values = "the values are" if value else ""
    lines = [
        line("shape", shape, "right on every input."),
        line("value", value, "right on every input.", "shape and dtype are" if shape else ""),
        line("edge", edge, "right there too.", for_values),
        line("purity", pure, "it does, and the second call gives the same.", for_values),
    ]
    return tuple(p for p in lines if with_edge or p.name != "edge")


def _fraction(exercise: Exercise, properties: Sequence[Property], regular: Sequence[Tried], table: Tolerance) -> float:
    if all(p.holds for p in properties):
        return 1.0
    holds = {p.name for p in properties if p.holds}
    if exercise.each and "value" not in holds:
        return _share_right(exercise, regular, table) if "shape" in holds else 0.0
    total = sum(SHARES[p.name] for p in properties)
    held = sum(SHARES[name] for name in holds)
    return 0.0 if _is_constant(regular) else round(held / total, 6)


def _share_right(exercise: Exercise, regular: Sequence[Tried], table: Tolerance) -> float:
    """How many of the entries and texts of an answer of the right form are right, never quite 1."""
    right = of = 0
    for pair in pairs_of(exercise, regular):
        numbers = isinstance(pair.expected, np.ndarray)
        wrong = wrong_entries(pair.got, pair.expected, table) if numbers else np.array(patterns.is_wrong(pair, table))
        right, of = right + int((~wrong).sum()), of + wrong.size
    return min(round(right / of, 6), 0.999999) if of else 0.0


def _is_constant(regular: Sequence[Tried]) -> bool:
    """Whether the answer ignores its inputs: one number in every entry of every answer, or no numbers at all."""
    found = [leaf for t in regular for _, leaf in leaves(t.reply.first) if isinstance(leaf, np.ndarray)]
    return len(np.unique(np.concatenate([np.zeros(0), *(np.ravel(leaf).astype(float) for leaf in found)]))) <= 1


def _parts(exercise: Exercise, tree: Tree) -> dict[str, Any]:
    return dict(leaves(tree, exercise.returns))


def shape_finding(exercise: Exercise, tried: Sequence[Tried]) -> patterns.Finding | None:
    """What is wrong with the form of these answers: an exception, missing parts, a shape or a dtype; or None."""
    raised = [t for t in tried if isinstance(t.reply.first, Raised)]
    if raised:
        return _raised_finding(raised[0], len(raised) == len(tried))
    shown = sorted(tried, key=bulk)  # in the order of `example_of`: sentence and example are about one case
    for t in shown:
        finding = _structure(exercise, t)
        if finding:
            return finding
    return next((f for pair in pairs_of(exercise, shown) if (f := patterns.form(pair))), None)


def _raised_finding(t: Tried, always: bool) -> patterns.Finding:
    assert isinstance(t.reply.first, Raised)
    if t.reply.first.type == "NotImplementedError" and always and not t.case.edge:
        return patterns.Finding("untouched", "Not written yet: the function still raises NotImplementedError.")
    where = "" if always and not t.case.edge else f', on the case "{t.case.name}"'
    return patterns.Finding("raised", f"The function raised {raised_text(t.reply.first)}{where}.")


def raised_text(raised: Raised) -> str:
    """An exception as it is shown: its type and, if it says anything, what it says."""
    return f"{raised.type}: {raised.message.rstrip('.')}" if raised.message else raised.type


def _structure(exercise: Exercise, t: Tried) -> patterns.Finding | None:
    """Whether the answer has the right parts: a tuple of two is not an array."""
    want, got = _parts(exercise, t.expected), _parts(exercise, t.reply.first)
    if want.keys() == got.keys() and isinstance(t.reply.first, tuple) == isinstance(t.expected, tuple):
        return None
    if t.reply.first is None or not isinstance(t.expected, tuple | dict):
        return patterns.form(patterns.Pair(t.reply.first, t.expected))
    returned, asked = describe(t.reply.first), describe(t.expected)
    if returned != asked:
        names = exercise.returns if isinstance(t.expected, tuple) else tuple(t.expected)
        named = f" ({', '.join(names)})" if names else ""
        return patterns.Finding("parts", f"The answer is {returned}, where {asked}{named} is asked for.")
    missing, extra = (", ".join(f"`{k}`" for k in one if k not in two) for one, two in ((want, got), (got, want)))
    told = [f"{names} {verb}" for names, verb in ((missing, "missing"), (extra, "not asked for")) if names]
    return patterns.Finding("parts", f"The parts of the answer are not the ones that are asked for: {'; '.join(told)}.")


def pairs_of(exercise: Exercise, tried: Sequence[Tried]) -> list[patterns.Pair]:
    """Every part of every answer beside what it should be, in order."""
    found = []
    for t in tried:
        got = _parts(exercise, t.reply.first)
        for label, expected in _parts(exercise, t.expected).items():
            found.append(patterns.Pair(got[label], expected, label, t.case.sizes, t.case.rows))
    return found


def _value_finding(exercise: Exercise, tried: Sequence[Tried], table: Tolerance) -> patterns.Finding | None:
    pairs = pairs_of(exercise, tried)
    wrong_labels = [p.label for p in pairs if patterns.is_wrong(p, table)]
    if not wrong_labels:
        return None
    same_part = [p for p in pairs if p.label == wrong_labels[0]]
    texts = [p.label for p in pairs if isinstance(p.expected, str) and p.label in wrong_labels]
    if len(set(texts)) > 1:
        named = ", ".join(f"`{label}`" for label in dict.fromkeys(texts))
        return patterns.Finding("answer", f"These are not right yet: {named}.")
    return patterns.values(same_part, table)


def _purity_finding(exercise: Exercise, tried: Sequence[Tried], table: Tolerance) -> patterns.Finding | None:
    for t in tried:
        if isinstance(t.reply.first, Raised):
            continue
        if not same(t.reply.inputs, t.case.given, TOLERANCES["none"]):
            return patterns.Finding(
                "inputs-modified",
                "The function changes its inputs in place (as `x += 1` and `x[0] = 1` do): work on a copy.",
            )
        if isinstance(t.reply.again, Raised) or not same(t.reply.first, t.reply.again, table):
            return patterns.Finding(
                "first-call-only",
                "The second call with the same inputs gives something else: is something kept from call to call, or "
                "drawn at random?",
            )
    return None


def same(one: Tree, other: Tree, table: Tolerance) -> bool:
    """Whether two answers agree in structure, shape and numbers."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(a, b, table) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(item, other[key], table) for key, item in one.items())
    if isinstance(one, Raised):
        return bool(one.type == other.type)
    return _same_array(one, other, table) if isinstance(one, np.ndarray) else bool(one == other)


def _same_array(a: np.ndarray, b: np.ndarray, table: Tolerance) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.tobytes() == b.tobytes() or not wrong_entries(a, b, table).any()


def example_of(exercise: Exercise, tried: Sequence[Tried], table: Tolerance, part: str = "") -> Example | None:
    """The smallest case on which the answer is wrong, a regular one before an edge case, ready to be shown.

    ``part`` names the part of the answer to be shown; the first that is wrong if it is left out.
    """
    for t in sorted(tried, key=bulk):
        first = t.reply.first
        if isinstance(first, Raised):
            return Example(t.case.name, t.case.given, error=raised_text(first))
        if _structure(exercise, t):
            return Example(t.case.name, t.case.given, "", t.expected, first)
        for pair in pairs_of(exercise, [t]):
            if isinstance(pair.expected, str) or (part and pair.label != part):
                continue  # to show the right word would be to give it away
            if patterns.form(pair) or patterns.is_wrong(pair, table):
                wrong = _mask(pair, table)
                return Example(t.case.name, t.case.given, pair.label, pair.expected, pair.got, wrong)
    return None


def _mask(pair: patterns.Pair, table: Tolerance) -> np.ndarray | None:
    both = isinstance(pair.got, np.ndarray) and isinstance(pair.expected, np.ndarray)
    return wrong_entries(pair.got, pair.expected, table) if both and pair.got.shape == pair.expected.shape else None


def bulk(t: Tried) -> tuple[bool, int]:
    """What cases are shown by: regular ones first, then the smaller."""
    return t.case.edge, t.case.bulk
