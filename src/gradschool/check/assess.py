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
from gradschool.core.plain_data import Tree, Unsupported, describe, iter_leaves
from gradschool.diagnosis import patterns

# Shares of an exercise's points. "edge" and "purity" count only when "value" holds, "shape" only for answers
# that depend on their inputs: an array of zeros earns nothing.
RUBRIC_WEIGHTS = {"shape": 0.10, "value": 0.60, "edge": 0.20, "purity": 0.10}
UNEXPLAINED = ("values", "some", "scaled")  # findings that say where, not why
TITLES = {"shape": "Shape and dtype", "value": "Values", "edge": "Edge cases", "purity": "Leaves its inputs alone"}


@dataclass(frozen=True)
class Criterion:
    """One share of an exercise: whether it holds, and a sentence that says so.

    ``waiting``: not looked at, since a property that it rests on does not hold.
    """

    name: str
    met: bool
    sentence: str
    not_evaluated: bool = False


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
    properties: tuple[Criterion, ...]
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
class Attempt:
    """One case with the right answer and the reply; the unit that assessment works on."""

    case: Case
    expected: Tree
    reply: Reply


def assess(exercise: Exercise, tried: Sequence[Attempt], tolerance: str) -> Report:
    """Judge the replies. Every property of the report follows from ``tried`` alone.

    ValueError where anything would pass: without a regular case, or if a right answer cannot be read itself.
    """
    table = TOLERANCES[tolerance]
    regular = [t for t in tried if not t.case.edge]
    edge = [t for t in tried if t.case.edge]
    if not regular:
        raise ValueError(f"{exercise.id} cannot be judged without a regular case")
    for t in tried:
        if any(isinstance(leaf, Unsupported | Raised) for _, leaf in iter_leaves(t.expected)):
            raise ValueError(f"{exercise.id}: the right answer on the case {t.case.name!r} is {t.expected}")
    shape = shape_finding(exercise, regular)
    value = shape or _value_finding(exercise, regular, table)
    at_edge = shape_finding(exercise, edge) or _value_finding(exercise, edge, table)
    pure = _purity_finding(exercise, tried, table)
    properties = _properties(shape, value, at_edge, pure, with_edge=bool(edge))
    finding = shape or value or at_edge or pure
    if finding and pure and finding.name in UNEXPLAINED:
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


def _properties(shape: Any, value: Any, edge: Any, pure: Any, *, with_edge: bool) -> tuple[Criterion, ...]:
    def line(name: str, finding: patterns.Diagnosis | None, good: str, waits_for: str = "") -> Criterion:
        if waits_for:
            return Criterion(name, False, f"looked at once {waits_for} right.", not_evaluated=True)
        return Criterion(name, finding is None, finding.sentence if finding else good)

    for_values = "the values are" if value else ""
    lines = [
        line("shape", shape, "right on every input."),
        line("value", value, "right on every input.", "shape and dtype are" if shape else ""),
        line("edge", edge, "right there too.", for_values),
        line("purity", pure, "it does, and the second call gives the same.", for_values),
    ]
    return tuple(p for p in lines if with_edge or p.name != "edge")


def _fraction(
    exercise: Exercise, properties: Sequence[Criterion], regular: Sequence[Attempt], table: Tolerance
) -> float:
    if all(p.met for p in properties):
        return 1.0
    met = {p.name for p in properties if p.met}
    if exercise.per_item and "value" not in met:
        return _share_right(exercise, regular, table) if "shape" in met else 0.0
    total = sum(RUBRIC_WEIGHTS[p.name] for p in properties)
    held = sum(RUBRIC_WEIGHTS[name] for name in met)
    return 0.0 if _is_constant(regular) else round(held / total, 6)


def _share_right(exercise: Exercise, regular: Sequence[Attempt], table: Tolerance) -> float:
    """How many of the entries and texts of an answer of the right form are right, never quite 1."""
    right = of = 0
    for pair in pairs_of(exercise, regular):
        numbers = isinstance(pair.expected, np.ndarray)
        wrong = wrong_entries(pair.got, pair.expected, table) if numbers else np.array(patterns.is_wrong(pair, table))
        right, of = right + int((~wrong).sum()), of + wrong.size
    return min(round(right / of, 6), 0.999999) if of else 0.0


def _is_constant(regular: Sequence[Attempt]) -> bool:
    """Whether the answer ignores its inputs: one number in every entry of every answer, or no numbers at all."""
    found = [leaf for t in regular for _, leaf in iter_leaves(t.reply.first) if isinstance(leaf, np.ndarray)]
    return len(np.unique(np.concatenate([np.zeros(0), *(np.ravel(leaf).astype(float) for leaf in found)]))) <= 1


def _parts(exercise: Exercise, tree: Tree) -> dict[str, Any]:
    return dict(iter_leaves(tree, exercise.returns))


def shape_finding(exercise: Exercise, tried: Sequence[Attempt]) -> patterns.Diagnosis | None:
    """What is wrong with the form of these answers: an exception, missing parts, a shape or a dtype; or None."""
    raised = [t for t in tried if isinstance(t.reply.first, Raised)]
    if raised:
        return _raised_finding(raised[0], len(raised) == len(tried))
    shown = sorted(tried, key=size_key)  # in the order of `example_of`: sentence and example are about one case
    for t in shown:
        finding = _structure(exercise, t)
        if finding:
            return finding
    return next((f for pair in pairs_of(exercise, shown) if (f := patterns.check_form(pair))), None)


def _raised_finding(t: Attempt, always: bool) -> patterns.Diagnosis:
    assert isinstance(t.reply.first, Raised)
    if t.reply.first.type == "NotImplementedError" and always and not t.case.edge:
        return patterns.Diagnosis("untouched", "Not written yet: the function still raises NotImplementedError.")
    where = "" if always and not t.case.edge else f', on the case "{t.case.name}"'
    return patterns.Diagnosis("raised", f"The function raised {raised_text(t.reply.first)}{where}.")


def raised_text(raised: Raised) -> str:
    """An exception as it is shown: its type and, if it says anything, what it says."""
    return f"{raised.type}: {raised.message.rstrip('.')}" if raised.message else raised.type


def _structure(exercise: Exercise, t: Attempt) -> patterns.Diagnosis | None:
    """Whether the answer has the right parts: a tuple of two is not an array."""
    want, got = _parts(exercise, t.expected), _parts(exercise, t.reply.first)
    if want.keys() == got.keys() and isinstance(t.reply.first, tuple) == isinstance(t.expected, tuple):
        return None
    if t.reply.first is None or not isinstance(t.expected, tuple | dict):
        return patterns.check_form(patterns.Pair(t.reply.first, t.expected))
    returned, asked = describe(t.reply.first), describe(t.expected)
    if returned != asked:
        names = exercise.returns if isinstance(t.expected, tuple) else tuple(t.expected)
        named = f" ({', '.join(names)})" if names else ""
        return patterns.Diagnosis("parts", f"The answer is {returned}, where {asked}{named} is asked for.")
    missing, extra = (", ".join(f"`{k}`" for k in one if k not in two) for one, two in ((want, got), (got, want)))
    told = [f"{names} {verb}" for names, verb in ((missing, "missing"), (extra, "not asked for")) if names]
    return patterns.Diagnosis(
        "parts", f"The parts of the answer are not the ones that are asked for: {'; '.join(told)}."
    )


def pairs_of(exercise: Exercise, tried: Sequence[Attempt]) -> list[patterns.Pair]:
    """Every part of every answer beside what it should be, in order."""
    found = []
    for t in tried:
        got = _parts(exercise, t.reply.first)
        for label, expected in _parts(exercise, t.expected).items():
            found.append(patterns.Pair(got[label], expected, label, t.case.sizes, t.case.rows))
    return found


def _value_finding(exercise: Exercise, tried: Sequence[Attempt], table: Tolerance) -> patterns.Diagnosis | None:
    pairs = pairs_of(exercise, tried)
    wrong_labels = [p.label for p in pairs if patterns.is_wrong(p, table)]
    if not wrong_labels:
        return None
    same_part = [p for p in pairs if p.label == wrong_labels[0]]
    texts = [p.label for p in pairs if isinstance(p.expected, str) and p.label in wrong_labels]
    if len(set(texts)) > 1:
        named = ", ".join(f"`{label}`" for label in dict.fromkeys(texts))
        return patterns.Diagnosis("answer", f"These are not right yet: {named}.")
    return patterns.values(same_part, table)


def _purity_finding(exercise: Exercise, tried: Sequence[Attempt], table: Tolerance) -> patterns.Diagnosis | None:
    for t in tried:
        if isinstance(t.reply.first, Raised):
            continue
        if not same(t.reply.inputs, t.case.plain_args, TOLERANCES["none"]):
            return patterns.Diagnosis(
                "inputs-modified",
                "The function changes its inputs in place (as `x += 1` and `x[0] = 1` do): work on a copy.",
            )
        if isinstance(t.reply.second, Raised) or not same(t.reply.first, t.reply.second, table):
            return patterns.Diagnosis(
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


def example_of(exercise: Exercise, tried: Sequence[Attempt], table: Tolerance, part: str = "") -> Example | None:
    """The smallest case on which the answer is wrong, a regular one before an edge case, ready to be shown.

    ``part`` names the part of the answer to be shown; the first that is wrong if it is left out.
    """
    for t in sorted(tried, key=size_key):
        first = t.reply.first
        if isinstance(first, Raised):
            return Example(t.case.name, t.case.plain_args, error=raised_text(first))
        if _structure(exercise, t):
            return Example(t.case.name, t.case.plain_args, "", t.expected, first)
        for pair in pairs_of(exercise, [t]):
            if isinstance(pair.expected, str) or (part and pair.label != part):
                continue  # to show the right word would be to give it away
            if patterns.check_form(pair) or patterns.is_wrong(pair, table):
                wrong = _mask(pair, table)
                return Example(t.case.name, t.case.plain_args, pair.label, pair.expected, pair.got, wrong)
    return None


def _mask(pair: patterns.Pair, table: Tolerance) -> np.ndarray | None:
    both = isinstance(pair.got, np.ndarray) and isinstance(pair.expected, np.ndarray)
    return wrong_entries(pair.got, pair.expected, table) if both and pair.got.shape == pair.expected.shape else None


def size_key(t: Attempt) -> tuple[bool, int]:
    """What cases are shown by: regular ones first, then the smaller."""
    return t.case.edge, t.case.n_values
