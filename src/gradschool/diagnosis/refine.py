"""A second look at a wrong answer of which the doctor can only say where its numbers are wrong.

First what the answer has to do with its inputs (:mod:`gradschool.diagnosis.input_relations`), then what it depends on
(:mod:`gradschool.diagnosis.sensitivity`), then in which entries, parts or cases it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.check.assess import UNEXPLAINED, Attempt, Report, example_of, pairs_of, shape_finding, size_key
from gradschool.core.exercise import Exercise
from gradschool.core.numerics import TOLERANCES, Tolerance
from gradschool.diagnosis.error_locations import WEAK, WHERE
from gradschool.diagnosis.input_relations import HOW, Relation, WrongPair, named_inputs, relation
from gradschool.diagnosis.patterns import Diagnosis, is_wrong
from gradschool.diagnosis.sensitivity import LAST_PROBES, SensitivityProbe, TimeBudget, probe

Wrong = dict[str, list[tuple[Attempt, WrongPair]]]  # the wrong pairs of each part of the answer, smallest inputs first


def refine(exercise: Exercise, answer: Callable[..., Any], tried: Sequence[Attempt], report: Report) -> Report:
    """The same report; where the doctor could not say what is wrong, with a hint that says more, if there is one."""
    if report.mistake not in UNEXPLAINED or exercise.per_item:
        return report
    table = TOLERANCES[exercise.tolerance]
    group, wrong = _first_wrong(exercise, tried, table)
    found = (
        _how(exercise, answer, wrong)
        or _parts(exercise, group, wrong)
        or _related(wrong, WEAK)
        or _case(exercise, tried, table)
    )
    if found is None:
        return report
    label, finding = found
    shown = example_of(exercise, tried, table, label)
    return replace(report, mistake=finding.name, hint=finding.sentence, example=shown)


def _first_wrong(exercise: Exercise, tried: Sequence[Attempt], table: Tolerance) -> tuple[list[Attempt], Wrong]:
    """The regular cases if anything is wrong there, else the edge cases; and the wrong pairs among them."""
    for edge in (False, True):
        group = sorted((t for t in tried if t.case.edge == edge), key=size_key)
        wrong: Wrong = {}
        for t in group:
            for pair in pairs_of(exercise, [t]):
                if is_wrong(pair, table):
                    beside = WrongPair(pair, named_inputs(exercise, t.case.args))
                    wrong.setdefault(pair.label, []).append((t, beside))
        if wrong:
            break
    return group, wrong


def _how(exercise: Exercise, answer: Callable[..., Any], wrong: Wrong) -> tuple[str, Diagnosis] | None:
    """What has been done wrongly, part by part of the answer; then which entries and parts are right."""
    related = _related(wrong, HOW)
    if related:
        return related
    budget = TimeBudget()
    by_case = {t.case.name: SensitivityProbe(exercise, answer, t, budget) for cases in wrong.values() for t, _ in cases}
    asked = {label: [by_case[t.case.name] for t, _ in cases] for label, cases in wrong.items()}
    return probe(asked) or _related(wrong, WHERE) or probe(asked, LAST_PROBES)


def _related(wrong: Wrong, among: Sequence[Relation]) -> tuple[str, Diagnosis] | None:
    """The first part of the answer that has one of these relations."""
    for label, cases in wrong.items():
        finding = relation([beside for _, beside in cases], among)
        if finding:
            return label, finding
    return None


def _parts(exercise: Exercise, group: Sequence[Attempt], wrong: Wrong) -> tuple[str, Diagnosis] | None:
    """Some parts of the answer are right on every input."""
    labels = list(dict.fromkeys(pair.label for pair in pairs_of(exercise, group)))
    fine = [label for label in labels if label not in wrong]
    if not fine or len(labels) > 6:
        return None
    right, not_right = (listed([f"`{name}`" for name in some]) for some in (fine, wrong))
    verbs = ("is" if len(fine) == 1 else "are", "is" if len(wrong) == 1 else "are")
    return "", Diagnosis("parts-right", f"{right} {verbs[0]} right; {not_right} {verbs[1]} not.")


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _case(exercise: Exercise, tried: Sequence[Attempt], table: Tolerance) -> tuple[str, Diagnosis] | None:
    """There is a case, with something to get wrong in it, that is right."""
    for t in tried:
        if shape_finding(exercise, [t]):
            continue
        pairs = pairs_of(exercise, [t])
        telling = all(isinstance(p.expected, np.ndarray) and p.expected.any() for p in pairs)
        if telling and not any(is_wrong(p, table) for p in pairs):
            return "", Diagnosis(
                "right-case", f'On the case "{t.case.name}" it is right: what is different in the others?'
            )
    return None
