"""What is wrong with a group of attempts, stage by stage: the form, then the values, then what else the calls did."""

from __future__ import annotations

from collections.abc import Sequence

from gradschool.core.calling import raised_text
from gradschool.core.compare import Attempt
from gradschool.core.report import Diagnosis
from gradschool.diagnosis import patterns


def form_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what is wrong with the form of these answers: an exception, missing parts, a shape or a dtype; or None."""
    raised = [t for t in attempts if t.raised]
    if raised:
        return _raised_finding(raised[0], len(raised) == len(attempts))
    shown = sorted(attempts, key=lambda t: t.display_order)  # as `example_of`: sentence and example are about one case
    structure = next((t.structure for t in shown if t.structure), None)
    return structure or next((c.form for t in shown for c in t.comparisons if c.form), None)


def _raised_finding(t: Attempt, always: bool) -> Diagnosis:
    assert t.raised
    if t.raised.type == "NotImplementedError" and always and not t.case.edge:
        return Diagnosis("untouched", "Not written yet: the function still raises NotImplementedError.")
    where = "" if always and not t.case.edge else f', on the case "{t.case.name}"'
    return Diagnosis("raised", f"The function raised {raised_text(t.raised)}{where}.")


def value_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what is wrong with the values of these answers, all of the right form; None if nothing is."""
    comparisons = [c for t in attempts for c in t.comparisons]
    wrong = [c for c in comparisons if c.is_wrong]
    if not wrong:
        return None
    texts = dict.fromkeys(c.label for c in comparisons if isinstance(c.expected, str) and c.is_wrong)
    if len(texts) > 1:
        return Diagnosis("answer", f"These are not right yet: {', '.join(f'`{label}`' for label in texts)}.")
    return patterns.values([c for c in comparisons if c.label == wrong[0].label])


def purity_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what the calls did besides answering: inputs changed in place, a second call that gives something else."""
    for t in attempts:
        if t.raised:
            continue
        if not t.inputs_unchanged:
            return Diagnosis(
                "inputs-modified",
                "The function changes its inputs in place (as `x += 1` and `x[0] = 1` do): work on a copy.",
            )
        if not t.repeats:
            return Diagnosis(
                "first-call-only",
                "The second call with the same inputs gives something else: is something kept from call to call, or "
                "drawn at random?",
            )
    return None
