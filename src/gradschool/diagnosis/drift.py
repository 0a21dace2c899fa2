"""A function that answers the same inputs otherwise after calls with other inputs."""

from __future__ import annotations

from collections.abc import Sequence

from gradschool.core.compare import Attempt, same
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory

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
