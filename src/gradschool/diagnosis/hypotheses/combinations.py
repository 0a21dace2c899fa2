"""Two right answers combined: what one input adds to the rest, and the sum, the mean or the larger of two."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Laboratory, Part
from gradschool.diagnosis.hypotheses.counterfactuals import ZERO, Counterfactual, changed, pairs, right_if
from gradschool.diagnosis.hypotheses.formulas import Entries, Formula
from gradschool.diagnosis.inputs import Value, networks, subjects

BETWEEN: tuple[tuple[str, str, Callable[[Array, Array], Array]], ...] = (
    ("sum", "the sum of", np.add),
    ("mean", "the mean of", lambda a, b: (a + b) / 2),
    ("larger", "in each entry the larger of", np.maximum),
    ("smaller", "in each entry the smaller of", np.minimum),
)


def portions(laboratory: Laboratory, part: Part, relevant: Container[str]) -> Iterator[Formula]:
    """Yield what each input adds to the right answer, beside what would be right with 0 in its place."""
    nets = networks(laboratory.exercise, part.case.args)
    for name, (value, _) in subjects(laboratory.exercise, part.case.args).items():
        if name in relevant and name not in nets and ZERO.suits(value):
            without = right_if(laboratory, changed(laboratory.exercise, name, ZERO))
            yield Formula("portion", f"`{name}`", ("portion", name), _minus(without), base=without)


def between(laboratory: Laboratory, part: Part, relevant: Container[str]) -> Iterator[Formula]:
    """Yield the sum, the mean, the larger and the smaller of two answers that inputs of one kind make.

    They are the right one, and those that would be right with one of two inputs in both places.
    """
    exercise, args = laboratory.exercise, part.case.args
    values: dict[str, Value] = {name: value for name, (value, _) in subjects(exercise, args).items()}
    found = pairs(exercise, values, networks(exercise, args), relevant)
    replaced = {(c.key[0], c.key[2]): c for c in found if c.key[1] == "replaced-by"}
    for (one, two), c in replaced.items():
        yield from _of_two(laboratory, c, None)
        if one < two and (two, one) in replaced:
            yield from _of_two(laboratory, c, replaced[two, one])


def _of_two(laboratory: Laboratory, c: Counterfactual, other: Counterfactual | None) -> Iterator[Formula]:
    """Yield what lies between a counterfactual and another one, or the right answer where there is no other."""
    beside = f"what would be right if {other.says}" if other else "what is right"
    of = right_if(laboratory, other) if other else _the_right
    for name, words, by in BETWEEN:
        says = f"{words} {beside} and what would be right if {c.says}"
        key = ("between", name, *c.key, *(other.key if other else ()))
        yield Formula(f"{name}-of-two", says, key, _both(of, right_if(laboratory, c), by), partly=False)


def _the_right(p: Part) -> Array | None:
    return p.right


def _minus(without: Entries) -> Entries:
    def of(p: Part) -> Array | None:
        x = without(p)
        return None if x is None or x.shape != p.right.shape else np.asarray(p.right - x)

    return of


def _both(one: Entries, two: Entries, by: Callable[[Array, Array], Array]) -> Entries:
    def of(p: Part) -> Array | None:
        a, b = one(p), two(p)
        return None if a is None or b is None or a.shape != b.shape else by(a, b)

    return of
