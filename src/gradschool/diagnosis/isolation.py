"""Formulas that fit once something is held fixed: one input set to 0, or an option that is one and the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradschool.core.exercise import Case
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, of_every_kind
from gradschool.diagnosis.hypotheses.formulas import RIGHT_ITSELF, ZERO, Formula, match
from gradschool.diagnosis.hypotheses.input_formulas import of_inputs
from gradschool.diagnosis.hypotheses.observations import scaled
from gradschool.diagnosis.hypotheses.surroundings import with_others, with_small_others, with_zeros
from gradschool.diagnosis.inputs import is_real, networks, subjects
from gradschool.diagnosis.wording import formula_sentence

ISOLATED = 12  # inputs on which one of them is set to 0
ELSEWHERE = 4  # of these are tried with the other inputs changed as well
SEVERAL = 4  # wrong answers with one option that a formula must fit
OF_INPUTS_ALONE = ("input", "input*input", "input+input", "input-input", "input/input")
PLAIN_FACTORS = ("", "sign", "twice", "half", "minus-twice", "minus-half", "times-B", "over-B", "times-A", "over-A")


def with_one_option(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Recognize a formula that fits on all inputs in which an option, such as the optimizer, is the same."""
    parts = sorted(parts, key=lambda p: (not p.is_wrong, p.attempt.display_order))
    options = {(k, str(p.case.args[k])) for p in parts for k, v in p.case.args.items() if isinstance(v, str)}
    for key, text in sorted(options):
        some = [p for p in parts if str(p.case.args.get(key)) == text]
        if len(some) < SEVERAL or not all(p.of_numbers for p in some) or not some[SEVERAL - 1].is_wrong:
            continue
        for formula in (RIGHT_ITSELF, *of_inputs(some)):
            fit = match(some, formula)
            if fit and fit.everywhere and fit.factor_name in PLAIN_FACTORS:
                name, sentence = formula_sentence(some[0], formula, fit, None)
                said = f"Where the {key.replace('_', ' ')} is {text}: {sentence[:1].lower()}{sentence[1:]}"
                claim = Claim("with-option", some[0].label, (key, text, "everywhere", fit.factor_name, *formula.key))
                how = f"compared on {len(some)} inputs"
                yield Diagnosis(f"with-{text.replace(' ', '-')}-{name}", said, claim, how)


def isolated(laboratory: Laboratory, parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Set one input to 0, and look for a formula for what is left."""
    wrong = sorted((p for p in parts if p.is_wrong), key=lambda p: p.attempt.display_order)
    right = [p for p in parts if not p.is_wrong]
    some = of_every_kind([*wrong[:2], *right[:3], *wrong[2:]])[:ISOLATED]
    exercise = wrong[0].exercise
    left_out = {*networks(exercise, wrong[0].case.args), *exercise.known_as.values()}  # of an agent that costs too much
    for name, (value, _) in subjects(exercise, wrong[0].case.args).items():
        if is_real(value) and not isinstance(value, tuple) and name not in left_out:
            yield from _without(laboratory, name, some)


def _without(laboratory: Laboratory, name: str, some: Sequence[Part]) -> Iterator[Diagnosis]:
    label = some[0].label
    found = [subjects(p.exercise, p.case.args).get(name) for p in some]
    cases = [replace(p.case, args=at[1](scaled(0.0)(at[0]))) for p, at in zip(some, found, strict=True) if at]
    first = _wrong_answers(laboratory, label, cases)
    # A question may cost much: the other surroundings are asked about only where there is something to say.
    if not first or not any(match(first, f) for f in _formulas(first, name)):
        return
    beside = (with_others, with_small_others)
    others = [replace(c, args=b(laboratory.exercise, c.args, name)) for c in cases[:ELSEWHERE] for b in beside]
    second = _wrong_answers(laboratory, label, others)
    zeroed = [replace(c, args=with_zeros(laboratory.exercise, c.args, name)) for c in cases[: 2 * ELSEWHERE]]
    beside_zeros = [p for c in zeroed if (p := laboratory.part(c, label)) and p.of_numbers]  # right or wrong
    parts = [*first, *(second or []), *beside_zeros]
    if second is None or len(parts) < ISOLATED / 2:
        return
    for formula in _formulas(parts, name):
        fit = match(parts, formula)
        if fit and fit.everywhere and fit.factor_name in PLAIN_FACTORS:
            inner, sentence = formula_sentence(parts[0], formula, fit, None)
            said = f"With `{name}` set to 0, {sentence[:1].lower() if not label else sentence[:1]}{sentence[1:]}"
            claim = Claim("isolated", label, (name, "everywhere", fit.factor_name, *formula.key))
            yield Diagnosis(f"without-{name}-{inner}", said, claim, f"`{name}` was set to 0 on {len(parts)} inputs")


def _wrong_answers(laboratory: Laboratory, label: str, cases: Sequence[Case]) -> list[Part] | None:
    """Return this part of the answers to the cases; None as soon as one is right, or is not made of numbers."""
    found: list[Part] = []
    for case in cases:
        p = laboratory.part(case, label)
        if p is None:
            continue
        if not p.of_numbers or not p.is_wrong:
            return None
        found.append(p)
    return found


def _formulas(parts: Sequence[Part], name: str) -> Iterator[Formula]:
    """Yield what may be left of an answer without an input."""
    yield ZERO
    yield from (f for f in of_inputs(parts) if f.key[0] in OF_INPUTS_ALONE and name not in f.key)
