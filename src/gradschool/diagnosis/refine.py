"""A closer look at a wrong answer of which the patterns only say where its numbers are wrong.

First what the answer has to do with its inputs (:mod:`gradschool.diagnosis.input_relations`), then what it depends on
(:mod:`gradschool.diagnosis.sensitivity`), then in which entries, parts or cases it is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradschool.core.compare import Attempt, Comparison, example_of
from gradschool.core.exercise import Answer, Exercise
from gradschool.core.report import Diagnosis, Report
from gradschool.diagnosis.error_locations import WEAK, WHERE
from gradschool.diagnosis.input_relations import HOW, Relation, WrongPair, named_inputs, relation
from gradschool.diagnosis.patterns import UNEXPLAINED
from gradschool.diagnosis.sensitivity import LAST_PROBES, SensitivityProbe, TimeBudget, probe

Wrong = dict[str, list[tuple[Attempt, WrongPair]]]  # the wrong pairs of each part of the answer, smallest inputs first


def refine(exercise: Exercise, answer: Answer, attempts: Sequence[Attempt], report: Report) -> Report:
    """Return the same report, with a hint that says more where the patterns could not say what is wrong.

    ``answer`` is the student's function, which is called again on changed inputs. Without anything more to say, and
    for a mistake that has been named, the report is returned as it is.
    """
    if report.mistake not in UNEXPLAINED or exercise.per_item:
        return report
    group, wrong = _first_wrong(exercise, attempts)
    found = _how(exercise, answer, wrong) or _parts(group, wrong) or _related(wrong, WEAK) or _case(attempts)
    if found is None:
        return report
    label, diagnosis = found
    shown = example_of(attempts, label)
    return replace(report, mistake=diagnosis.name, hint=diagnosis.sentence, example=shown)


def _first_wrong(exercise: Exercise, attempts: Sequence[Attempt]) -> tuple[list[Attempt], Wrong]:
    """Return the regular cases if anything is wrong there, else the edge cases; and the wrong pairs among them."""
    for edge in (False, True):
        group = sorted((t for t in attempts if t.case.edge == edge), key=lambda t: t.display_order)
        wrong: Wrong = {}
        for t in group:
            inputs = named_inputs(exercise, t.case.args)
            for c in t.comparisons:
                if c.is_wrong:
                    wrong.setdefault(c.label, []).append((t, WrongPair(c, inputs)))
        if wrong:
            break
    return group, wrong


def _how(exercise: Exercise, answer: Answer, wrong: Wrong) -> tuple[str, Diagnosis] | None:
    """Say what has been done wrongly, part by part of the answer; if nothing tells, where it is wrong."""
    related = _related(wrong, HOW)
    if related:
        return related
    budget = TimeBudget()
    by_case = {t.case.name: SensitivityProbe(exercise, answer, t, budget) for cases in wrong.values() for t, _ in cases}
    probes = {label: [by_case[t.case.name] for t, _ in cases] for label, cases in wrong.items()}
    return probe(probes) or _related(wrong, WHERE) or probe(probes, LAST_PROBES)


def _related(wrong: Wrong, among: Sequence[Relation]) -> tuple[str, Diagnosis] | None:
    """Return the first part of the answer that has one of these relations, and which."""
    for label, cases in wrong.items():
        diagnosis = relation([pair for _, pair in cases], among)
        if diagnosis:
            return label, diagnosis
    return None


def _parts(group: Sequence[Attempt], wrong: Wrong) -> tuple[str, Diagnosis] | None:
    """Recognize that some parts of the answer are right on every input."""
    labels = list(dict.fromkeys(c.label for t in group for c in t.comparisons))
    fine = [label for label in labels if label not in wrong]
    if not fine or len(labels) > 6:
        return None
    right, not_right = (listed([f"`{name}`" for name in some]) for some in (fine, wrong))
    verbs = ("is" if len(fine) == 1 else "are", "is" if len(wrong) == 1 else "are")
    return "", Diagnosis("parts-right", f"{right} {verbs[0]} right; {not_right} {verbs[1]} not.")


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _case(attempts: Sequence[Attempt]) -> tuple[str, Diagnosis] | None:
    """Recognize a case, with something to get wrong in it, that is right."""
    for t in attempts:
        if t.well_formed and all(_is_telling(c) and not c.is_wrong for c in t.comparisons):
            return "", Diagnosis(
                "right-case", f'On the case "{t.case.name}" it is right: what is different in the others?'
            )
    return None


def _is_telling(c: Comparison) -> bool:
    return c.of_arrays and bool(c.expected64.any())
