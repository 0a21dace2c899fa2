"""What is wrong with a group of attempts, stage by stage: the form, then the values, then what else the calls did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradschool.core.calling import kind_of
from gradschool.core.compare import Attempt, Comparison
from gradschool.core.plain_data import PlainData
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis import first_look
from gradschool.diagnosis.exceptions import raised_sentence

SINGLE = 1e-3  # what float32 may lose of an entry, with room for a few steps in it
NOT_LISTED = "not on the list: "  # how a text begins that stands for a name which is none of the possible ones


def form_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what is wrong with the form of these answers: an exception, missing parts, a shape or a dtype; or None."""
    raised = [t for t in attempts if t.raised]
    if raised:
        return _raised_finding(raised[0], len(raised) == len(attempts))
    shown = sorted(attempts, key=lambda t: t.display_order)  # as `example_of`: sentence and example are about one case
    structure = next((t.structure for t in shown if t.structure), None)
    first = next(((c, c.form) for t in shown for c in t.comparisons if c.form), None)
    if structure or first is None:
        return structure
    alike = [c for t in shown for c in t.comparisons if c.label == first[0].label]
    return _of_all(first[0], first[1], alike)


def _of_all(c: Comparison, found: Diagnosis, alike: Sequence[Comparison]) -> Diagnosis:
    """Return what is wrong with the form of one part, made to agree with that part in every other answer.

    A block of (B, B) may be one by coincidence, and behind a wrong dtype there may be wrong numbers as well.
    """
    if found.name == "broadcast":
        blocks = [a for a in alike if a.sizes.get("B", 0) > 1 and not isinstance(a.got, str)]
        if not all(np.shape(a.got)[:2] == (a.sizes["B"], a.sizes["B"]) for a in blocks):  # type: ignore[arg-type]
            said = f"{c.what} has shape {np.shape(c.got)}, where {np.shape(c.expected)} is asked for."  # type: ignore[arg-type]
            return Diagnosis("shape", said)
    if found.name in ("dtype", "float32") and all(a.of_arrays for a in alike):
        near = all(_nearly(a) for a in alike)
        also = "As far as it can hold them, the numbers are right." if near else "The numbers in it are wrong as well."
        return replace(found, sentence=f"{found.sentence} {also}", claim=Claim("dtype", c.label, (near,)))
    return found


def _raised_finding(t: Attempt, always: bool) -> Diagnosis:
    assert t.raised
    if t.raised.type == "NotImplementedError" and always and not t.case.edge:
        return Diagnosis("untouched", "Not written yet: the function still raises NotImplementedError.")
    where = "" if always and not t.case.edge else f', on the case "{t.case.name}"'
    claim = Claim("raised", "", kind_of(t.raised))
    if t.raised.type == "AnswerUnusable":
        return Diagnosis("unusable", f"What came back cannot be used{where}: {t.raised.message}.", claim)
    return Diagnosis("raised", raised_sentence(t.raised, where), claim)


def _nearly(c: Comparison) -> bool:
    """Return whether every entry is right, but for what another dtype loses; nothing where integers are asked for."""
    if not isinstance(c.expected, np.ndarray) or c.expected.dtype.kind != "f":
        return bool((c.got64 == c.expected64).all())
    loss = SINGLE * np.abs(c.expected64) + 1e-6 * np.max(np.abs(c.expected64), initial=0.0)
    return bool((np.abs(c.got64 - c.expected64) <= loss).all())


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
        asked = {c.label for c in comparisons if isinstance(c.expected, str)}
        return _texts_finding(texts, len(asked))
    return first_look.values([c for c in comparisons if c.label == wrong[0].label])


def _texts_finding(wrong: Mapping[str, PlainData], asked: int) -> Diagnosis:
    """Say how many texts are not right yet, and which are no possible answer at all.

    Which of the possible ones are wrong is not said: in a clinic that would allow elimination in place of diagnosis.
    """
    how_many = f"{len(wrong)} of the {asked} answers {'is' if len(wrong) == 1 else 'are'} not right yet."
    said = {label: str(got) for label, got in wrong.items()}
    notes = [f"`{k}`: {text.removeprefix(NOT_LISTED)}" for k, text in said.items() if text.startswith(NOT_LISTED)]
    return Diagnosis("answer", " ".join([how_many, *notes]))


def purity_finding(attempts: Sequence[Attempt]) -> Diagnosis | None:
    """Return what the calls did besides answering: inputs or answers changed in place, a second call that differs."""
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
        if t.reply.overwritten:
            return Diagnosis(
                "overwritten",
                "What one call returned changes during the next call with other inputs: both write to the same memory, "
                "as with a `.grad` or an array that is used again. Return a copy.",
                Claim("overwritten", "", (t.case.name,)),
                "called with other inputs; what was returned before was compared",
            )
    return None
