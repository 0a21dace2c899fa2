"""What is wrong with a group of attempts, stage by stage: the form, then the values, then what else the calls did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradschool.core.calling import kind_of
from gradschool.core.compare import Attempt
from gradschool.core.plain_data import PlainData
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis import first_look
from gradschool.diagnosis.exceptions import raised_sentence

NOT_LISTED = "not on the list: "  # how a text begins that stands for a name which is none of the possible ones


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
    claim = Claim("raised", "", kind_of(t.raised))
    if t.raised.type == "AnswerUnusable":
        return Diagnosis("unusable", f"What came back cannot be used{where}: {t.raised.message}.", claim)
    return Diagnosis("raised", raised_sentence(t.raised, where), claim)


def every_part(label: str) -> bool:
    """Return True: every part of an answer is looked at."""
    return True


def value_finding(attempts: Sequence[Attempt], of: Callable[[str], bool] = every_part) -> Diagnosis | None:
    """Return what is wrong with the values of these answers, where their form is right; None if nothing is.

    ``of`` says of a label whether its part is looked at.
    """
    comparisons = [c for t in attempts for c in t.comparisons if of(c.label) and not c.form]
    wrong = [c for c in comparisons if c.is_wrong]
    if not wrong:
        return None
    texts = {c.label: c.got for c in wrong if isinstance(c.expected, str)}
    if texts:
        return _texts_finding(texts)
    return first_look.values([c for c in comparisons if c.label == wrong[0].label])


def _texts_finding(wrong: Mapping[str, PlainData]) -> Diagnosis:
    """Say which texts are not right yet, by their labels, and which of them are no possible answer at all."""
    labels = [f"`{label}`" for label in wrong]
    which = f"{labels[0]} is not the right answer yet." if len(labels) == 1 else ""
    which = which or f"These are not right yet: {', '.join(labels)}."
    said = {label: str(got) for label, got in wrong.items()}
    notes = [f"`{k}`: {text.removeprefix(NOT_LISTED)}" for k, text in said.items() if text.startswith(NOT_LISTED)]
    return Diagnosis("answer", " ".join([which, *notes]))


def purity_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what the calls did besides answering: inputs changed in place, a second call that gives something else."""
    for t in attempts:
        if t.raised:
            continue
        if not t.inputs_unchanged:
            return Diagnosis(
                "inputs-modified",
                "The function changes its inputs in place (as `x += 1` and `x[0] = 1` do): work on a copy.",
                Claim("inputs-modified", "", (t.case.name,)),
                "the inputs were compared before and after the call",
            )
        if not t.repeats:
            return Diagnosis(
                "first-call-only",
                "The second call with the same inputs gives something else: is something kept from call to call, or "
                "drawn at random?",
                Claim("first-call-only", "", (t.case.name,)),
                "called twice with equal inputs",
            )
    return None
