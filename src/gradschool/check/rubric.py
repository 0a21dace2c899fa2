"""The shares of an exercise's points: which criteria are met, and what each part of an answer earns.

The rule, as the lessons say it, is :data:`RULE`. A part is what a function returns under one name: ``grad_W``, or
``loss``. What a call must leave as it was (the target network, the flags of the critic) is no part of the answer: it
belongs to the last criterion. A step of a whole update is one part: the gradient that is asked for, and none anywhere
else. So an update with a wrong label earns the tenth for the form of each step, and the whole share of what is right
beside them: the copied target, the actor's step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gradschool.core.compare import Attempt, Comparison
from gradschool.core.exercise import Exercise
from gradschool.core.numerics import Array
from gradschool.core.plain_data import iter_leaves, part_of
from gradschool.core.report import Criterion, Diagnosis

# A part's "edge" and "purity" count only where its "value" is met.
RUBRIC_WEIGHTS = {"shape": 0.10, "value": 0.60, "edge": 0.20, "purity": 0.10}
RULE = (
    "Each part of an answer earns its own share: 10 % for its form, 60 % for right values on ordinary inputs and, once "
    "these are right, 20 % for the edge cases and 10 % for leaving the inputs alone; an answer that ignores its inputs "
    "earns nothing, and in a clinic each letter is right or not."
)
NEVER_QUITE_ALL = 0.999999
ROUNDING = 1e-14  # as a share of the largest entry
FEW_VALUES = 3  # masks and signs may be the same for two inputs by chance: a mark must not depend on it


def criteria(
    shape: Diagnosis | None,
    value: Diagnosis | None,
    edge: Diagnosis | None,
    purity: Diagnosis | None,
    *,
    with_edge: bool,
) -> tuple[Criterion, ...]:
    """Return the criteria in the order of a card, from what was found wrong at each stage (None where nothing was).

    ``with_edge``: the exercise has edge cases, and their share.
    """
    for_values = "the values are" if value else ""
    lines = [
        _criterion("shape", shape, "right on every input."),
        _criterion("value", value, "right on every input.", "shape and dtype are" if shape else ""),
        _criterion("edge", edge, "right there too.", for_values),
        _criterion("purity", purity, "it does, and the second call gives the same.", for_values),
    ]
    return tuple(c for c in lines if with_edge or c.name != "edge")


def _criterion(name: str, finding: Diagnosis | None, good: str, waits_for: str = "") -> Criterion:
    if waits_for:
        return Criterion(name, False, f"looked at once {waits_for} right.", not_evaluated=True)
    return Criterion(name, finding is None, finding.sentence if finding else good)


def earns(exercise: Exercise, label: str) -> bool:
    """Return whether this label belongs to a part that earns a share, and not to what a call must leave alone."""
    return not exercise.earning or part_of(label) in exercise.earning


def shares_of(exercise: Exercise, label: str) -> tuple[str, ...]:
    """Return the parts whose shares ask for this label: its own, or those that it shares with."""
    part = part_of(label)
    return exercise.shares_with.get(part, (part,))


@dataclass(frozen=True)
class PartResult:
    """What one part of an answer meets.

    ``given``: the right answer is an input, or one number, as it stands; returning it shows nothing by itself.
    """

    name: str
    form: bool
    value: bool
    edge: bool
    given: bool


def part_results(exercise: Exercise, attempts: Sequence[Attempt]) -> list[PartResult]:
    """Return what each earning part of the answer meets, in the answer's order."""
    regular, edge = ([t for t in attempts if t.case.edge == is_edge] for is_edge in (False, True))
    labels: dict[str, list[str]] = {}  # of each share, in the answer's order
    for label in dict.fromkeys(k for t in regular for k, _ in t.expected_leaves if earns(exercise, k)):
        for share in shares_of(exercise, label):
            labels.setdefault(share, []).append(part_of(label))
    return [_part_result(name, frozenset(parts), regular, edge) for name, parts in labels.items()]


def _part_result(name: str, parts: frozenset[str], regular: Sequence[Attempt], edge: Sequence[Attempt]) -> PartResult:
    form = all(_all_of(parts, t, of_form=True) for t in regular)
    value = form and all(_all_of(parts, t) for t in regular)
    answered = form and (value or not _ignores_inputs(parts, regular))
    given = all(_is_given(c.expected, t) for t in regular for c in t.comparisons if part_of(c.label) in parts)
    return PartResult(name, answered, value, value and all(_all_of(parts, t) for t in edge), given)


def _all_of(parts: frozenset[str], t: Attempt, of_form: bool = False) -> bool:
    """Whether these parts have the right form in this attempt, and right values unless only the form is asked for."""
    if t.raised or t.structure:
        return False
    found = [c for c in t.comparisons if part_of(c.label) in parts]
    return not any(c.form for c in found) and (of_form or not any(c.is_wrong for c in found))


def fraction(exercise: Exercise, attempts: Sequence[Attempt], *, leaves_alone: bool) -> float:
    """Return the fraction of the points that an answer earns in which something is not right: below 1.

    ``leaves_alone``: the calls changed nothing that they should leave as it was, and gave the same when repeated.
    """
    if exercise.per_item:
        right, of = items_right(attempts)
        return min(round(right / of, 6), NEVER_QUITE_ALL) if of else 0.0
    results = part_results(exercise, attempts)
    rest = {part_of(label) for t in attempts for label, _ in t.expected_leaves if not earns(exercise, label)}
    leaves_alone = leaves_alone and all(_all_of(frozenset({part}), t) for part in rest for t in attempts)
    weights = {k: w for k, w in RUBRIC_WEIGHTS.items() if k != "edge" or any(t.case.edge for t in attempts)}
    earned = 0.0
    for r in _that_count(results):
        met = {"shape": r.form, "value": r.value, "edge": r.edge, "purity": r.value and leaves_alone}
        earned += sum(w for k, w in weights.items() if met[k])
    return min(round(earned / sum(weights.values()) / max(len(results), 1), 6), NEVER_QUITE_ALL)


def _that_count(results: Sequence[PartResult]) -> list[PartResult]:
    """The parts that earn what they meet: a given one counts beside another right part only."""
    shown = any(r.value and not r.given for r in results) or all(r.given for r in results)
    return [r for r in results if shown or not r.given]


def items_right(attempts: Sequence[Attempt]) -> tuple[int, int]:
    """Return how many entries and texts of the answer are right, and of how many; 0 where one text stands for all."""
    regular = [t for t in attempts if not t.case.edge]
    texts = [leaf for t in regular for _, leaf in t.got_leaves if isinstance(leaf, str)]
    right = of = 0
    for t in regular:
        got = dict(t.got_leaves)
        for label, expected in t.expected_leaves:
            c = Comparison(got.get(label), expected, label, tolerance=t.tolerance)
            of += c.mask.size
            right += int((~c.mask).sum()) if c.form is None else 0
    return (0 if len(texts) > 1 and len(set(texts)) == 1 else right), of


def share_note(exercise: Exercise, attempts: Sequence[Attempt]) -> str:
    """Say which parts of an answer are right where others are not; "" of an answer of one part."""
    if exercise.per_item:
        right, of = items_right(attempts)
        return f"Right so far: {right} of {of}. Each one earns its share." if 0 < right < of else ""
    results = part_results(exercise, attempts)
    with_values = [r for r in _that_count(results) if r.value]
    wholly, partly = ([f"`{r.name}`" for r in with_values if r.edge is edge] for edge in (True, False))
    if not with_values or len(results) in (len(wholly), len(partly)):
        return ""
    apart = f"{', '.join(partly)} apart from edge cases" if partly else ""
    return f"Right so far: {', and '.join(filter(None, (', '.join(wholly), apart)))}. Each part earns its share."


def _ignores_inputs(parts: frozenset[str], regular: Sequence[Attempt]) -> bool:
    """Whether a wrong part is one number everywhere, inputs as they stand, or the same for different inputs."""
    answers = [[c for c in t.comparisons if part_of(c.label) in parts] for t in regular]
    arrays = [c.got for found in answers for c in found if isinstance(c.got, np.ndarray)]
    numbers = np.concatenate([np.zeros(0), *(np.ravel(x).astype(float) for x in arrays)])
    if len(np.unique(numbers)) <= 1:
        return True
    if all(_is_input_or_zeros(c.got, t) for t, found in zip(regular, answers, strict=True) for c in found):
        return True
    pairs = [(a, b) for one, other in combinations(answers, 2) for a, b in zip(one, other, strict=False)]
    told_apart = [(a, b) for a, b in pairs if a.of_arrays and b.of_arrays and not _equal(a.expected, b.expected)]
    alike = [(a, b) for a, b in told_apart if a.got64.shape == b.got64.shape]
    return bool(alike) and all(_equal(a.got, b.got) and len(np.unique(a.got64)) > FEW_VALUES for a, b in alike)


def _is_given(expected: object, t: Attempt) -> bool:
    """Whether a right answer is one number, or an input up to rounding: it may have been measured."""
    return isinstance(expected, np.ndarray) and (
        len(np.unique(expected)) <= 1 < expected.size or any(_is_nearly(expected, leaf) for _, leaf in _inputs(t))
    )


def _is_input_or_zeros(x: object, t: Attempt) -> bool:
    return isinstance(x, np.ndarray) and (not x.any() or any(_is_nearly(x, leaf) for _, leaf in _inputs(t)))


def _inputs(t: Attempt) -> Iterator[tuple[str, object]]:
    return iter_leaves(t.case.plain_args)


def _is_nearly(x: Array, y: object) -> bool:
    """Whether an answer is this input up to rounding: a step of 1e-17 changes a weight's last digit, or it does not."""
    if not isinstance(y, np.ndarray) or x.shape != y.shape:
        return False
    if not x.dtype.kind == y.dtype.kind == "f":
        return _same_entries(x, y)
    return bool(np.abs(x - y).max(initial=0.0) <= ROUNDING * np.abs(y).max(initial=0.0))


def _equal(x: object, y: object) -> bool:
    both = isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    return both and _same_entries(np.asarray(x), np.asarray(y))


def _same_entries(x: Array, y: Array) -> bool:
    return x.shape == y.shape and bool(np.array_equal(x, y))
