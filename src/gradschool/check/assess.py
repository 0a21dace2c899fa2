"""From attempts to a report: which criteria are met, what went wrong, and one example to look at.

The student's `check` and the instructor's judge both end here; they differ in where the inputs and the expected
arrays come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gradschool.check.findings import form_finding, purity_finding, value_finding
from gradschool.check.rubric import criteria, earns, fraction, share_note
from gradschool.core.compare import Attempt, example_of
from gradschool.core.exercise import Exercise
from gradschool.core.plain_data import Unsupported
from gradschool.core.report import Claim, Diagnosis, Report
from gradschool.diagnosis.first_look import UNEXPLAINED


def assess(exercise: Exercise, attempts: Sequence[Attempt]) -> Report:
    """Assess the attempts at an exercise. Every criterion of the report follows from ``attempts`` alone.

    Parameters
    ----------
    exercise
        The public half of the exercise.
    attempts
        Its cases, with the right answer and the reply to each; regular ones and edge cases.

    Returns
    -------
    Report
        Without points.

    Raises
    ------
    ValueError
        Where anything would pass: without a regular case, or if a right answer cannot be read itself.
    """
    _assert_assessable(exercise, attempts)
    regular = [t for t in attempts if not t.case.edge]
    edge = [t for t in attempts if t.case.edge]
    shape = form_finding(regular)
    earning = partial(earns, exercise)
    value = shape or value_finding(regular, earning)
    at_edge = form_finding(edge) or value_finding(edge, earning)
    purity = purity_finding(attempts) or value_finding(attempts, lambda label: not earning(label))
    found = criteria(shape, value, at_edge, purity, with_edge=bool(edge))
    diagnosis = _foremost(shape or value or at_edge, purity)
    passed = all(c.met for c in found)
    words = next((t.reply.words for t in regular if t.reply.words), "")
    notes = ("" if passed else share_note(exercise, attempts), f"Read from the weights: {words}." if words else "")
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        fraction=1.0 if passed else fraction(exercise, attempts, leaves_alone=purity is None),
        properties=found,
        mistake=diagnosis.name if diagnosis else "",
        hint=diagnosis.sentence if diagnosis else "",
        claim=diagnosis.claim if diagnosis else Claim(),
        experiment=diagnosis.experiment if diagnosis else "",
        example=example_of(exercise, attempts) if diagnosis else None,
        printed=next((t.reply.printed for t in attempts if t.reply.printed), ""),
        seconds=max((t.reply.seconds for t in attempts), default=0.0),
        notes=tuple(note for note in notes if note),
        meaning=exercise.meaning if passed else "",
    )


def _assert_assessable(exercise: Exercise, attempts: Sequence[Attempt]) -> None:
    if all(t.case.edge for t in attempts):
        raise ValueError(f"{exercise.id} cannot be judged without a regular case")
    for t in attempts:
        if any(isinstance(leaf, Unsupported) for _, leaf in t.expected_leaves):
            raise ValueError(f"{exercise.id}: the right answer on the case {t.case.name!r} is {t.expected}")


def _foremost(wrong: Diagnosis | None, impure: Diagnosis | None) -> Diagnosis | None:
    """A function that keeps something, or changes its inputs, gives unexplained wrong numbers because of it."""
    explains = impure is not None and impure.name not in UNEXPLAINED
    return impure if wrong is None or (explains and wrong.name in UNEXPLAINED) else wrong
