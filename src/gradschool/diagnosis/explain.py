"""The explanation of a wrong answer: hypotheses in the order of what they say, each tried before it is said.

A hypothesis is made from the attempts that were assessed, edge cases included. Then it is tried on fresh inputs in the
:class:`~gradschool.diagnosis.evidence.Laboratory`, and said only if it holds there too. `check` and the judge use the
same hypotheses; they differ in who answers, and in where the right answers come from.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gradschool.core.compare import Attempt, example_of
from gradschool.core.exercise import Exercise
from gradschool.core.protocol import ProtocolError
from gradschool.core.report import Example, Report
from gradschool.diagnosis.drift import of_first_sizes, recovered
from gradschool.diagnosis.evidence import Laboratory
from gradschool.diagnosis.placing import Placing
from gradschool.diagnosis.search import Search
from gradschool.diagnosis.wording import place_sentence

KEPT_AS_FOUND = ("untouched", "raised", "unusable", "answer", "inputs-modified", "first-call-only")
NO_CAUSE = (
    "The cause could not be searched for: Grad School's own code ended with an error there, and you can do nothing "
    "about that. What is said of your numbers holds."
)


class ExplanationFailed(UserWarning):
    """The search for the cause of a wrong answer ended with an error of this package; the assessment stands."""


def despite_errors(report: Report, search: Callable[[], Report]) -> Report:
    """Return what a search for the cause returns; the report as it was assessed where the search ends with an error.

    Parameters
    ----------
    report
        The assessment.
    search
        Looks for the cause and returns the report with it.

    Returns
    -------
    Report
        With `NO_CAUSE` among its notes where the search failed.

    Warns
    -----
    ExplanationFailed
        With the error and its place, for whoever reports it.

    Raises
    ------
    OSError, ProtocolError
        Where whoever is asked has fallen silent, which is no error of the search.
    """
    try:
        return search()
    except (OSError, ProtocolError):
        raise
    except Exception as error:  # whatever it is, the student has done nothing for it and can do nothing against it
        at = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} (in {at.name}, line {at.lineno} of {at.filename.rpartition('/')[2]})"
        warnings.warn(f"Grad School itself ended with an error, please report it: {said}", ExplanationFailed, 2)
        return replace(report, notes=(*report.notes, NO_CAUSE))


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
        With mistake, hint, claim, experiment and example replaced, if there is anything to explain; as it was, with a
        note, where the search for the cause ends with an error of its own.
    """
    if report.passed or laboratory.exercise.per_item:
        return report
    shown = attempts if shown is None else shown
    return despite_errors(report, lambda: _explained(laboratory, attempts, report, shown))


def _explained(laboratory: Laboratory, attempts: Sequence[Attempt], report: Report, shown: Sequence[Attempt]) -> Report:
    """Return the report of a wrong answer with what experiments show."""
    kept = None if report.mistake == "untouched" else recovered(laboratory, attempts)
    if kept:
        return replace(report, mistake=kept.name, hint=kept.sentence, claim=kept.claim, experiment=kept.experiment)
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
        example=_example(laboratory.exercise, shown, label) or report.example,
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
