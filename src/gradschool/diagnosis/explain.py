"""The explanation of a wrong answer: hypotheses in the order of what they say, each tried before it is said.

A hypothesis is made from the attempts that were assessed, edge cases included. Then it is tried on fresh inputs in the
:class:`~gradschool.diagnosis.evidence.Laboratory`, and said only if it holds there too. `check` and the judge use the
same hypotheses; they differ in who answers, and in where the right answers come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from gradschool.core.compare import Attempt, example_of
from gradschool.core.numerics import nearly_equal
from gradschool.core.report import Claim, Diagnosis, Example, Report
from gradschool.diagnosis.conditions import Place, place
from gradschool.diagnosis.counterfactuals import as_formulas
from gradschool.diagnosis.evidence import Laboratory, Part, parts_of
from gradschool.diagnosis.formulas import OF_RIGHT, RIGHT_ITSELF, ZERO, Formula, Match, clipped, match, of_inputs
from gradschool.diagnosis.inputs import is_real, networks, subjects
from gradschool.diagnosis.patterns import UNEXPLAINED
from gradschool.diagnosis.responses import LAST, SHAPES, STRONG, Responses
from gradschool.diagnosis.wording import formula_sentence, listed, place_sentence

ISOLATED = 5  # inputs on which one of them is set to 0
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
    if report.passed or laboratory.exercise.per_item or not _is_about_values(attempts, report):
        return report
    if report.mistake == "nan":
        return _with_place_of_nan(laboratory, attempts, report)
    found = Explanation(laboratory, attempts).diagnosis
    if found is None:
        return report
    label, diagnosis = found
    return replace(
        report,
        mistake=diagnosis.name,
        hint=diagnosis.sentence,
        claim=diagnosis.claim,
        experiment=diagnosis.experiment,
        example=_example(attempts if shown is None else shown, label) or report.example,
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
    search = Explanation(laboratory, attempts)
    label = next(k for k, ps in search.parts.items() if any(not np.isfinite(p.got).all() for p in ps))
    at = place(search.tried[label])
    if at is None or not at.exact:
        return report
    return replace(report, hint=f"{report.hint} {place_sentence(search.tried[label][0], at)[1]}")


def _edges_well_formed(attempts: Sequence[Attempt]) -> bool:
    return all(t.well_formed for t in attempts if t.case.edge)


def _example(attempts: Sequence[Attempt], label: str) -> Example | None:
    labels = [c.label for t in attempts for c in t.comparisons if c.is_wrong and c.label.startswith(label)]
    return example_of(attempts, labels[0] if labels else "")


@dataclass
class Explanation:
    """The search for a diagnosis of one student's answers."""

    laboratory: Laboratory
    attempts: Sequence[Attempt]

    @cached_property
    def parts(self) -> dict[str, list[Part]]:
        """The parts of the assessed answers, by label."""
        return parts_of(self.laboratory.exercise, self.attempts)

    @cached_property
    def tried(self) -> dict[str, list[Part]]:
        """The parts of all answers, to fresh inputs too, by label."""
        return parts_of(self.laboratory.exercise, [*self.attempts, *self.laboratory.fresh])

    @cached_property
    def wrong(self) -> list[str]:
        """The labels of the parts that are wrong on some assessed input: those wrong on regular ones first."""
        regular = [k for k, ps in self.parts.items() if any(p.is_wrong and not p.case.edge for p in ps)]
        return regular + [k for k, ps in self.parts.items() if k not in regular and any(p.is_wrong for p in ps)]

    @cached_property
    def diagnosis(self) -> tuple[str, Diagnosis] | None:
        """The first diagnosis that survives, and the label of the part that it is about."""
        for look in (
            self._state, self._kept, self._precision, self._everywhere, self._as_if,
            self._responds, self._where_wrong, self._moved, self._is_an_input, self._placed, self._isolated, self._slowly,
        ):  # fmt: skip
            for label in self.wrong:
                diagnosis = next(look(label), None)
                if diagnosis:
                    return label, self._with_right_parts(label, diagnosis)
        return self._parts() or self._case()

    # -- each look yields diagnoses of one part, already tried -----------------------------------------------------

    def _state(self, label: str) -> Iterator[Diagnosis]:
        """Say that something has changed that a call must leave as it was."""
        words = self.laboratory.exercise.state.get(label)
        if words:
            claim = Claim("state", label)
            said = f"{words[:1].upper()}{words[1:]}: after the call this is not what it was before."
            yield Diagnosis(f"state-{label}", said, claim, "compared before and after the call")

    def _kept(self, label: str) -> Iterator[Diagnosis]:
        """Say that something should come back as it went in, under its own name."""
        for name in self._always_right(label):
            if name == label or label.startswith(f"{name}_"):
                said = f"`{label}` should come back as `{name}` went in, and it has changed."
                yield Diagnosis("kept", said, Claim("kept", label, (name,)), self._compared(label))

    def _is_an_input(self, label: str) -> Iterator[Diagnosis]:
        """Say that the right answer is one of the inputs."""
        for name in self._always_right(label):
            said = f"{self.tried[label][0].what} should be `{name}`, exactly as it went in, and is not."
            yield self._with_place(label, Diagnosis("kept", said, Claim("kept", label, (name,)), self._compared(label)))

    def _always_right(self, label: str) -> list[str]:
        """Return the inputs that are the right answer on every input that was tried."""
        parts = self.tried[label]
        if not all(p.of_numbers for p in parts):
            return []
        return [name for name in parts[0].inputs if all(p.right.size and _is_input(p, name) for p in parts)]

    def _compared(self, label: str) -> str:
        return f"compared on {len(self.tried[label])} inputs"

    def _precision(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        if not all(p.of_numbers and nearly_equal(p.got, p.right, 1e-5) for p in parts):
            return
        worst = max(np.max(np.abs(p.got - p.right)) / np.max(np.abs(p.right), initial=1e-300) for p in parts)
        if all((p.got == p.got.astype(np.float32)).all() for p in parts):
            said = f"{parts[0].what} is right to about {int(-np.log10(worst))} digits, and no further: every entry is a float32."
            yield Diagnosis(
                "float32", said, Claim("precision", label, ("float32",)), "each entry survives rounding to float32"
            )
            return
        said = (
            f"{parts[0].what} is right to about {int(-np.log10(worst))} digits, and no further. Float32 on the way, a "
            "difference quotient, rounding and a small constant added somewhere all look like this."
        )
        yield Diagnosis("precision", said, Claim("precision", label, (1e-5,)), f"compared on {len(parts)} inputs")

    def _everywhere(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for f, m in self._matching(label, as_if=False) if m.everywhere]
        found.sort(key=lambda pair: bool(pair[1].factor) and pair[0].name not in ("right", "step", "term"))
        yield from (self._said(label, f, m) for f, m in found)

    def _as_if(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for f, m in self._matching(label, as_if=True) if m.everywhere]
        found.sort(key=lambda pair: bool(pair[1].factor))
        yield from (self._said(label, f, m) for f, m in found)

    def _where_wrong(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for as_if in (False, True) for f, m in self._matching(label, as_if) if not m.everywhere]
        yield from (self._said(label, f, m) for f, m in found)

    def _matching(self, label: str, as_if: bool) -> list[tuple[Formula, Match]]:
        """Return the formulas that fit on the assessed inputs, and on the fresh ones in the same way."""
        key = (label, as_if)
        if key not in self._matches:
            self._matches[key] = list(self._surviving(label, as_if))
        return self._matches[key]

    @cached_property
    def _matches(self) -> dict[tuple[str, bool], list[tuple[Formula, Match]]]:
        return {}

    def _surviving(self, label: str, as_if: bool) -> Iterator[tuple[Formula, Match]]:
        for formula, fit in self._fitting(label, as_if):
            again = match(self.tried[label], formula)
            if again and (again.factor, again.everywhere) == (fit.factor, fit.everywhere):
                yield formula, fit
            elif again and fit.everywhere and not again.everywhere:
                yield formula, again

    def _fitting(self, label: str, as_if: bool) -> Iterator[tuple[Formula, Match]]:
        parts = sorted(self.parts[label], key=lambda p: (not p.is_wrong, p.attempt.display_order))
        if not all(p.of_numbers for p in parts):
            return
        first = next(p for p in parts if p.is_wrong)
        cheap = chain((ZERO, RIGHT_ITSELF), OF_RIGHT, of_inputs(parts), self._other_parts(label), clipped(parts))
        for formula in as_formulas(self.laboratory, first) if as_if else cheap:
            if match([first], formula, first_look=True):  # most are refuted by the first input
                fit = match(parts, formula)
                if fit:
                    yield formula, fit

    def _moved(self, label: str) -> Iterator[Diagnosis]:
        """Recognize the right numbers in other places, and the right sizes with wrong signs."""
        parts = self.tried[label]
        if not all(p.of_numbers for p in parts):
            return
        compared = f"compared on {len(parts)} inputs"
        several = any(np.unique(p.right).size > max(2, p.right.size / 4) for p in parts)
        if several and all(nearly_equal(np.sort(p.got, axis=None), np.sort(p.right, axis=None)) for p in parts):
            said = f"{parts[0].what} has the right numbers, but not in the right places."
            yield Diagnosis("displaced", said, Claim("displaced", label), compared)
        if all(nearly_equal(np.abs(p.got), np.abs(p.right)) for p in parts) and sum(p.right.size for p in parts) > 4:
            said = f"{parts[0].what} has the right size in every entry, and the wrong sign in some."
            yield self._with_place(label, Diagnosis("signs", said, Claim("signs", label), compared))

    def _other_parts(self, label: str) -> Iterator[Formula]:
        """Yield the other parts of the right answer as formulas for this one."""
        for other in self.parts:
            if other != label:
                says = f"what `{other}` should be"
                yield Formula("other-part", says, ("other-part", other), _other_part(self, other))

    def _said(self, label: str, formula: Formula, fit: Match) -> Diagnosis:
        at = None if fit.everywhere else place(self.tried[label])
        parts = self.tried[label]
        name, sentence = formula_sentence(parts[0], formula, fit, at)
        scope = "everywhere" if fit.everywhere else "where wrong"
        details = (scope, fit.factor_name, *formula.key, *(("place", at.exact, *at.condition.key) if at else ()))
        return Diagnosis(name, sentence, Claim("formula", label, details), f"compared on {len(parts)} inputs")

    def _responds(self, label: str) -> Iterator[Diagnosis]:
        yield from (self._with_place(label, d) for d in self._responses.found(self.tried[label], STRONG))

    def _slowly(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        yield from self._responses.found(parts, SHAPES)
        yield from self._responses.found(parts, LAST)

    @cached_property
    def _responses(self) -> Responses:
        return Responses(self.laboratory)

    def _placed(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        at = place(parts)
        if at:
            name, sentence = place_sentence(parts[0], at)
            claim = Claim("place", label, ("exactly" if at.exact else "only", *at.condition.key))
            yield Diagnosis(name, sentence, claim, f"looked at {len(parts)} inputs")

    def _isolated(self, label: str) -> Iterator[Diagnosis]:
        """Set one input to 0, and look for a formula for what is left."""
        wrong = sorted((p for p in self.tried[label] if p.is_wrong), key=lambda p: p.attempt.display_order)
        for name, (value, _) in subjects(wrong[0].exercise, wrong[0].case.args).items():
            if (
                is_real(value)
                and not isinstance(value, tuple)
                and name not in networks(wrong[0].exercise, wrong[0].case.args)
            ):
                yield from self._without(label, name, wrong[:ISOLATED])

    def _without(self, label: str, name: str, wrong: Sequence[Part]) -> Iterator[Diagnosis]:
        found = [subjects(p.exercise, p.case.args).get(name) for p in wrong]
        cases = [replace(p.case, args=at[1](0.0 * at[0])) for p, at in zip(wrong, found, strict=True) if at]
        asked = [t for case in cases if (t := self.laboratory.attempt(case))]
        parts = parts_of(self.laboratory.exercise, asked).get(label, [])
        if len(parts) < 2 or not all(p.of_numbers for p in parts) or not all(p.is_wrong for p in parts):
            return
        for formula in chain((ZERO, RIGHT_ITSELF), OF_RIGHT, of_inputs(parts)):
            fit = match(parts, formula)
            if fit:
                inner, sentence = formula_sentence(parts[0], formula, fit, None)
                said = f"With `{name}` set to 0, {sentence[:1].lower() if not label else sentence[:1]}{sentence[1:]}"
                details = (name, "everywhere" if fit.everywhere else "where wrong", fit.factor_name, *formula.key)
                claim = Claim("isolated", label, details)
                yield Diagnosis(f"without-{name}-{inner}", said, claim, f"`{name}` was set to 0 on {len(parts)} inputs")

    def _with_place(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        """Add where the answer is wrong, if a condition says that exactly."""
        at: Place | None = place(self.tried[label])
        if at is None or not at.exact or "the right answer" in at.condition.key:
            return diagnosis
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {place_sentence(self.tried[label][0], at)[1]}")

    # -- of the answer as a whole ----------------------------------------------------------------------------------

    def _right_parts(self) -> list[str]:
        return [k for k, ps in self.tried.items() if not any(p.is_wrong for p in ps)]

    def _with_right_parts(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        right = [k for k in self._right_parts() if k not in self.laboratory.exercise.state]
        if not label or not right or len(right) > 4:
            return diagnosis
        verb = "is" if len(right) == 1 else "are"
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {listed([f'`{k}`' for k in right])} {verb} right.")

    def _parts(self) -> tuple[str, Diagnosis] | None:
        """Recognize that some parts of the answer are right on every input."""
        right = self._right_parts()
        wrong = [k for k in self.tried if k not in right]
        if not right or len(self.tried) > 8:
            return None
        verbs = ["is" if len(some) == 1 else "are" for some in (right, wrong)]
        names = [listed([f"`{k}`" for k in some]) for some in (right, wrong)]
        sentence = f"{names[0]} {verbs[0]} right; {names[1]} {verbs[1]} not."
        claim = Claim("right-parts", "", tuple(right))
        return wrong[0], Diagnosis("parts-right", sentence, claim, f"compared on {len(self.attempts)} inputs")

    def _case(self) -> tuple[str, Diagnosis] | None:
        """Recognize a case, with something to get wrong in it, that is right."""
        for t in self.attempts:
            if t.well_formed and all(c.of_arrays and c.expected64.any() and not c.is_wrong for c in t.comparisons):
                sentence = f'On the case "{t.case.name}" it is right: what is different in the others?'
                return "", Diagnosis("right-case", sentence, Claim("right-case", "", (t.case.name,)))
        return None


def _other_part(explanation: Explanation, other: str) -> Callable[[Part], np.ndarray | None]:
    def of(p: Part) -> np.ndarray | None:
        pool = explanation.tried if "tried" in explanation.__dict__ else explanation.parts
        found = next((q for q in pool[other] if q.attempt is p.attempt), None)
        return found.right if found is not None and found.of_numbers else None

    return of


def _is_input(p: Part, name: str) -> bool:
    given = p.inputs.get(name)
    return given is not None and given.ndim > 0 and given.shape == p.right.shape and bool((given == p.right).all())


def is_explained(report: Report) -> bool:
    """Return whether a report says more than where the numbers are wrong."""
    return report.mistake not in UNEXPLAINED
