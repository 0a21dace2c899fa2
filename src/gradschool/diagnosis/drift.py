"""A function that keeps something: it answers otherwise after calls with other inputs, or right only at first."""

from __future__ import annotations

from collections.abc import Sequence

from gradschool.core.compare import Attempt, same
from gradschool.core.exercise import Case
from gradschool.core.plain_data import iter_leaves
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory

SIZES, LATER = 3, 3  # so many later calls must be wrong for so many sizes, where the first call of each is right
FIRST = 2  # of the right answers, in the order in which they were asked for


def drifted(laboratory: Laboratory, attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Ask for some inputs again: what is kept may not show in a wrong answer, nor in what was asked for last.

    They are the shortest, the shortest that was answered right, and those that were the first to be answered right.
    """
    formed = sorted((t for t in attempts if t.well_formed), key=lambda t: t.display_order)
    right = [t for t in formed if not any(c.is_wrong for c in t.comparisons)]
    first = [t for t in attempts if any(t is r for r in right)][:FIRST]
    again = {id(t): t for t in (*formed[:1], *right[:1], *first)}.values()
    if not any(_answers_otherwise(laboratory, t) for t in again):
        return None
    said = "After calls with other inputs the same inputs give something else: is something kept from call to call?"
    claim = Claim("drifts")
    return Diagnosis("kept-between-calls", said, claim, "one input was asked for a second time, after the others")


def _answers_otherwise(laboratory: Laboratory, t: Attempt) -> bool:
    again = laboratory.attempt(t.case)
    return again is not None and not same(again.reply.first, t.reply.first, t.tolerance)


def recovered(laboratory: Laboratory, attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Ask for the very first inputs again, if they were answered wrong: a function that counts its calls may be right.

    So is one that begins to learn in its second call.
    """
    first = next(iter((*laboratory.earlier, *attempts)))
    if not is_wrong(first):
        return None
    again = laboratory.attempt(first.case, first.expected)
    if again is None or is_wrong(again):
        return None
    said = (
        "The first call was answered wrong, and the same inputs right when they came again: what is kept from call to "
        "call, such as a count of them, or drawn at random?"
    )
    return Diagnosis("kept-between-calls", said, Claim("drifts"), "the first inputs were asked for a second time")


def kept_by_size(laboratory: Laboratory, attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Say that the first call with inputs of a size is right, and that later ones are not, if several sizes show it.

    Of a function that keeps nothing the first is no other than the later ones.
    """
    asked = [*laboratory.earlier, *attempts]
    if len(_kept(asked)) < SIZES or len(found := _kept([*asked, *laboratory.fresh], LATER)) < SIZES:
        return None
    said = (
        "The first call with inputs of a size is right, and later ones with other inputs of that size are not: is "
        "something kept from call to call?"
    )
    claim = Claim("kept-by-size")
    return Diagnosis("kept-by-size", said, claim, f"called several times with inputs of each of {len(found)} sizes")


def _kept(asked: Sequence[Attempt], later: int = 1) -> list[tuple[object, ...]]:
    """Return the sizes whose first inputs are answered right and others wrong, so many at least."""
    by_size: dict[tuple[object, ...], list[Attempt]] = {}
    for t in asked:
        others = by_size.setdefault(_sizes(t.case), [])
        if not any(t is other for other in others):
            others.append(t)
    wrong = {sizes: [is_wrong(t) for t in group] for sizes, group in by_size.items()}
    if any(group[0] and not all(group) for group in wrong.values()):
        return []
    return [s for s, group in wrong.items() if not group[0] and group == sorted(group) and sum(group) >= later]


def of_first_sizes(earlier: Sequence[Attempt], attempts: Sequence[Attempt]) -> str:
    """Say that answers have the right form where inputs have the sizes of the very first call, and nowhere else."""
    if not earlier or is_wrong(earlier[0]):
        return ""
    alike = [t for t in attempts if _sizes(t.case) == _sizes(earlier[0].case)]
    others = [t for t in attempts if _sizes(t.case) != _sizes(earlier[0].case)]
    if not alike or len(others) < SIZES or not all(t.well_formed for t in alike) or any(t.well_formed for t in others):
        return ""
    return (
        "Inputs of the sizes of the first call are answered in the right form, others are not: is a size written down "
        "as a number, or something kept from the first call?"
    )


def _sizes(case: Case) -> tuple[object, ...]:
    """Return the shapes of all inputs."""
    return tuple((label, getattr(leaf, "shape", ())) for label, leaf in iter_leaves(case.plain_args))


def is_wrong(t: Attempt) -> bool:
    """Return whether an answer has another form than the right one, or a wrong number in it."""
    return not t.well_formed or any(c.is_wrong for c in t.comparisons)
