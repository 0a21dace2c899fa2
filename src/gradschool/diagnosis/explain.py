"""The explanation of a wrong answer: hypotheses in the order of what they say, each tried before it is said.

A hypothesis is made from the attempts that were assessed, edge cases included. Then it is tried on fresh inputs in the
:class:`~gradschool.diagnosis.evidence.Laboratory`, and said only if it holds there too. `check` and the judge use the
same hypotheses; they differ in who answers, and in where the right answers come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradschool.core.compare import Attempt, example_of
from gradschool.core.exercise import Exercise
from gradschool.core.report import Example, Report
from gradschool.diagnosis.drift import of_first_sizes
from gradschool.diagnosis.evidence import Laboratory
from gradschool.diagnosis.placing import Placing
from gradschool.diagnosis.search import Search
from gradschool.diagnosis.wording import place_sentence

KEPT_AS_FOUND = ("untouched", "raised", "unusable", "answer", "inputs-modified", "first-call-only")


def explain(
    laboratory: Laboratory, attempts: Sequence[Attempt], report: Report, shown: Sequence[Attempt] | None = None
) -> Report:
    """Return the same report with a hint that says what is wrong, as far as experiments show it.

    Parameters
    ----------
    laboratory
        Where hypotheses about this student's function are tried.
    attempts
        The attempts that were assessed.
    report
        Their assessment; its criteria and its fraction stay as they are.
    shown
        The attempts of which one may be shown as the example; all if it is left out.

    Returns
    -------
    Report
        With mistake, hint, claim, experiment and example replaced, if there is anything to explain.
    """
    if report.passed or laboratory.exercise.per_item:
        return report
    if report.mistake in ("shape", "raised"):
        also = of_first_sizes(laboratory.earlier, attempts)
        return replace(report, hint=f"{report.hint} {also}") if also else report
    if not _is_about_values(attempts, report):
        return report
    if report.mistake == "nan":
        return _with_place_of_nan(laboratory, attempts, report)
    found = Search(laboratory, attempts).diagnosis
    if found is None:
        return report
    label, diagnosis = found
    return replace(
        report,
        mistake=diagnosis.name,
        hint=diagnosis.sentence,
        claim=diagnosis.claim,
        experiment=diagnosis.experiment,
        example=_example(laboratory.exercise, attempts if shown is None else shown, label) or report.example,
    )


def _is_about_values(attempts: Sequence[Attempt], report: Report) -> bool:
    """Return whether the answers of the group that failed first are all well formed, so that numbers can be read."""
    if report.mistake in KEPT_AS_FOUND:
        return False
    regular = [t for t in attempts if not t.case.edge]
    if not all(t.well_formed for t in regular):
        return False
    wrong = any(c.is_wrong for t in attempts if t.well_formed for c in t.comparisons)
    return wrong and (any(c.is_wrong for t in regular for c in t.comparisons) or _edges_well_formed(attempts))


def _with_place_of_nan(laboratory: Laboratory, attempts: Sequence[Attempt], report: Report) -> Report:
    """Return the report with where the NaN stand, if a condition says that exactly."""
    search = Search(laboratory, attempts)
    label = next(k for k, ps in search.parts.items() if any(not np.isfinite(p.got).all() for p in ps))
    at = Placing(laboratory).place(label, search.tried[label])
    if at is None or not at.exact:
        return report
    return replace(report, hint=f"{report.hint} {place_sentence(search.tried[label][0], at)[1]}")


def _edges_well_formed(attempts: Sequence[Attempt]) -> bool:
    return all(t.well_formed for t in attempts if t.case.edge)


def _example(exercise: Exercise, attempts: Sequence[Attempt], label: str) -> Example | None:
    labels = [c.label for t in attempts for c in t.comparisons if c.is_wrong and c.label.startswith(label)]
    return example_of(exercise, attempts, labels[0] if labels else "")
