"""The search for a diagnosis: hypotheses about one part of an answer after another, the most telling first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby

import numpy as np

from gradschool.core.compare import Attempt, same
from gradschool.core.numerics import Array, nearly_equal
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, parts_of
from gradschool.diagnosis.hypotheses.batches import alone
from gradschool.diagnosis.hypotheses.counterfactuals import as_formulas
from gradschool.diagnosis.hypotheses.formulas import OF_RIGHT, RIGHT_ITSELF, ZERO, Formula, Match, clipped, match
from gradschool.diagnosis.hypotheses.input_formulas import of_inputs
from gradschool.diagnosis.hypotheses.observations import largest, scaled
from gradschool.diagnosis.hypotheses.places import Place
from gradschool.diagnosis.hypotheses.responses import LAST, SHAPES, STRONG, Responses
from gradschool.diagnosis.inputs import is_real, networks, subjects
from gradschool.diagnosis.placing import Placing
from gradschool.diagnosis.state_words import state_sentence
from gradschool.diagnosis.wording import formula_sentence, listed, lower, place_sentence

LINES = 4  # tables, of several rows and columns, that must agree on what is said of lines
ISOLATED = 12  # inputs on which one of them is set to 0
OF_INPUTS_ALONE = ("input", "input*input", "input+input", "input-input", "input/input")
PLAIN_FACTORS = ("", "sign", "twice", "half", "minus-twice", "minus-half", "times-B", "over-B", "times-A", "over-A")


@dataclass
class Search:
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
        """The labels of the parts that are wrong on some assessed input, in the order in which they are looked at.

        Those wrong on regular inputs come first. What a call must leave alone comes before the values where some
        values are right: then the values are wrong because of it, if they are.
        """
        found = [k for k, ps in self.parts.items() if any(p.is_wrong for p in ps)]
        edge_only = {k for k in found if not any(p.is_wrong and not p.case.edge for p in self.parts[k])}
        earning = self.laboratory.exercise.earning or tuple(self.parts)
        values_right = any(k in earning and k not in found for k in self.parts)
        return sorted(found, key=lambda k: (k in edge_only, self._must_stay(k) != values_right))

    @cached_property
    def diagnosis(self) -> tuple[str, Diagnosis] | None:
        """The first diagnosis that survives, and the label of the part that it is about."""
        drifted = self._drifted()
        if drifted:
            return "", drifted
        for _, group in groupby(self.wrong, key=self._must_stay):
            labels = list(group)
            for look in self._looks:
                for label in labels:
                    diagnosis = next(look(label), None)
                    if diagnosis:
                        return label, self._with_right_parts(label, diagnosis)
        return self._parts()

    def _drifted(self) -> Diagnosis | None:
        """Recognize a function that answers the same inputs otherwise after calls with other inputs."""
        first = min((t for t in self.attempts if t.well_formed), key=lambda t: t.display_order)
        again = self.laboratory.attempt(first.case)
        if again is None or same(again.reply.first, first.reply.first, first.tolerance):
            return None
        said = "After calls with other inputs the same inputs give something else: is something kept from call to call?"
        claim = Claim("drifts")
        return Diagnosis("kept-between-calls", said, claim, "one input was asked for a second time, after the others")

    @property
    def _looks(self) -> tuple[Callable[[str], Iterator[Diagnosis]], ...]:
        """The looks at one part, the most telling first."""
        return (
            self._state,
            self._kept,
            self._blocked,
            self._precision,
            self._everywhere,
            self._with_one_option,
            self._as_if,
            self._responds,
            self._where_wrong,
            self._alone,
            self._moved,
            self._leaks,
            self._placed,
            self._is_an_input,
            self._lines,
            self._isolated,
            self._slowly,
        )

    # -- each look yields diagnoses of one part, already tried -----------------------------------------------------

    def _state(self, label: str) -> Iterator[Diagnosis]:
        """Say that something has changed that a call must leave as it was."""
        said = state_sentence(label) if self._must_stay(label) else ""
        if not said:
            return
        if label.startswith("optimiser_state.") and (wrong := [k for k in self.wrong if not self._must_stay(k)]):
            yield self._of_optimizer(label, wrong[0])
            return
        yield Diagnosis(f"state-{label}", said, Claim("state", label), "compared before and after the call")

    def _of_optimizer(self, label: str, step: str) -> Diagnosis:
        """Say that a step is wrong, and with it what the optimizer keeps; or that the optimizer took no step at all."""
        parts, kept = self.tried[label], label.partition(".")[2]
        compared = f"compared on {len(parts)} inputs"
        if all(p.of_numbers and not p.got.any() for p in parts):
            said = f"`{step}` is wrong, and the optimizer keeps no `{kept}` as after a step: is its `step()` called?"
            return Diagnosis("no-optimizer-step", said, Claim("no-trace", label), compared)
        said = (
            f"`{step}` is wrong, and so is what the optimizer keeps, its `{kept}`: look at the gradient that is there "
            "when it steps, and at how often it steps."
        )
        return Diagnosis(f"state-{label}", said, Claim("state", label), compared)

    def _must_stay(self, label: str) -> bool:
        earning = self.laboratory.exercise.earning
        return bool(earning) and label not in earning and bool(state_sentence(label))

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

    def _blocked(self, label: str) -> Iterator[Diagnosis]:
        """Say that nothing may arrive at a part of the answer, and something does."""
        parts = self.tried[label]
        if all(p.of_numbers and not p.right.any() for p in parts):
            said = f"{parts[0].what} should be zero everywhere, and is not."
            yield Diagnosis("not-zero", said, Claim("not-zero", label), self._compared(label))

    def _leaks(self, label: str) -> Iterator[Diagnosis]:
        """Recognize an answer that is wrong only where the right one is 0."""
        parts = self.tried[label]
        if all(p.of_numbers and not p.right[p.wrong].any() for p in parts) and any((p.right != 0).any() for p in parts):
            said = f"{parts[0].what} is not 0 in entries where it should be 0; everywhere else it is right."
            yield self._with_place(label, Diagnosis("leak", said, Claim("leak", label), self._compared(label)))

    def _precision(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        yield from self._single(label)
        if not all(p.of_numbers and (np.abs(p.got - p.right) <= 1e-5 * np.abs(p.right))[p.wrong].all() for p in parts):
            return
        if all((p.got == p.got.astype(np.float32)).all() for p in parts):
            said = f"{parts[0].what} is right to about 5 digits in every entry: every entry is a float32."
            yield Diagnosis(
                "float32", said, Claim("precision", label, ("float32",)), "each entry survives rounding to float32"
            )
            return
        said = (
            f"{parts[0].what} is right to about 5 digits in every entry, and no further. Float32 on the way, a "
            "difference quotient, rounding and a small constant added somewhere all look like this."
        )
        yield Diagnosis("precision", said, Claim("precision", label, (1e-5,)), f"compared on {len(parts)} inputs")

    def _single(self, label: str) -> Iterator[Diagnosis]:
        """Recognize numbers that have been float32 on the way, where some are wrong by more than that alone."""
        parts = self.tried[label]
        if not all(p.of_numbers and _is_single(p.got) for p in parts):
            return
        near = [largest(p.got - p.right) <= 1e-6 * largest(p.right) for p in parts]
        if all(near) and sum(p.right.size for p in parts) > LINES and not all(_is_single(p.right) for p in parts):
            said = (
                f"Every entry of {lower(parts[0].what)} is a float32: on the way half of the digits were lost, which "
                "shows most in small entries beside large ones."
            )
            yield Diagnosis(
                "float32",
                said,
                Claim("single", label),
                "each entry survives rounding to float32, and the right ones do not",
            )

    def _everywhere(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for f, m in self._matching(label, as_if=False) if m.everywhere]
        found.sort(key=lambda pair: bool(pair[1].factor) and pair[0].name not in ("right", "step", "term"))
        yield from (self._said(label, f, m) for f, m in found)

    def _with_one_option(self, label: str) -> Iterator[Diagnosis]:
        """Recognize a formula that fits on all inputs in which an option, such as the optimizer, is the same."""
        parts = sorted(self.tried[label], key=lambda p: (not p.is_wrong, p.attempt.display_order))
        options = {(k, str(p.case.args[k])) for p in parts for k, v in p.case.args.items() if isinstance(v, str)}
        for key, text in sorted(options):
            some = [p for p in parts if str(p.case.args.get(key)) == text]
            if len(some) < LINES or not all(p.of_numbers for p in some) or not some[LINES - 1].is_wrong:
                continue
            for formula in (RIGHT_ITSELF, *of_inputs(some)):
                fit = match(some, formula)
                if fit and fit.everywhere and fit.factor_name in PLAIN_FACTORS:
                    name, sentence = formula_sentence(some[0], formula, fit, None)
                    said = f"Where the {key.replace('_', ' ')} is {text}: {sentence[:1].lower()}{sentence[1:]}"
                    claim = Claim("with-option", label, (key, text, "everywhere", fit.factor_name, *formula.key))
                    yield Diagnosis(f"with-{text.replace(' ', '-')}-{name}", said, claim, f"on {len(some)} inputs")

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

    def _alone(self, label: str) -> Iterator[Diagnosis]:
        yield from alone(self.laboratory, self.tried[label])

    def _moved(self, label: str) -> Iterator[Diagnosis]:
        """Recognize the right numbers in other places, and the right sizes with wrong signs."""
        parts = self.tried[label]
        if not all(p.of_numbers for p in parts):
            return
        compared = f"compared on {len(parts)} inputs"
        several = any(np.unique(p.right).size > max(2, p.right.size / 4) for p in parts)
        if several and all(_same_but_for(np.sort(p.got, axis=None), np.sort(p.right, axis=None), p) for p in parts):
            said = f"{parts[0].what} has the right numbers, but not in the right places."
            yield Diagnosis("displaced", said, Claim("displaced", label), compared)
        enough = sum(p.right.size for p in parts) > 4
        if enough and all(_same_but_for(np.abs(p.got), np.abs(p.right), p) for p in parts):
            said = f"{parts[0].what} has the right size in every entry, and the wrong sign in some."
            yield self._with_place(label, Diagnosis("signs", said, Claim("signs", label), compared))

    def _other_parts(self, label: str) -> Iterator[Formula]:
        """Yield the other parts of the right answer as formulas for this one."""
        for other in self.parts:
            if other != label:
                says = f"what `{other}` should be"
                yield Formula("other-part", says, ("other-part", other), _other_part(self, other))

    def _said(self, label: str, formula: Formula, fit: Match) -> Diagnosis:
        parts = self.tried[label]
        at = None if fit.everywhere else self._placing.place(label, parts)
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
        at = self._placing.place(label, parts, search=True)
        if at:
            name, sentence = place_sentence(parts[0], at)
            claim = Claim("place", label, ("exactly" if at.exact else "only", *at.condition.key))
            yield Diagnosis(name, sentence, claim, f"looked at {self._placing.inputs(label, parts)} inputs")

    @cached_property
    def _placing(self) -> Placing:
        return Placing(self.laboratory)

    def _isolated(self, label: str) -> Iterator[Diagnosis]:
        """Set one input to 0, and look for a formula for what is left."""
        wrong = sorted((p for p in self.tried[label] if p.is_wrong), key=lambda p: p.attempt.display_order)
        right = [p for p in self.tried[label] if not p.is_wrong]
        some = [*wrong[:2], *right[:3], *wrong[2:]][:ISOLATED]
        nets = networks(wrong[0].exercise, wrong[0].case.args)
        for name, (value, _) in subjects(wrong[0].exercise, wrong[0].case.args).items():
            if is_real(value) and not isinstance(value, tuple) and name not in nets:
                yield from self._without(label, name, some)

    def _without(self, label: str, name: str, some: Sequence[Part]) -> Iterator[Diagnosis]:
        found = [subjects(p.exercise, p.case.args).get(name) for p in some]
        cases = [replace(p.case, args=at[1](scaled(0.0)(at[0]))) for p, at in zip(some, found, strict=True) if at]
        asked = [t for case in cases if (t := self.laboratory.attempt(case))]
        parts = parts_of(self.laboratory.exercise, asked).get(label, [])
        if len(parts) < ISOLATED / 2 or not all(p.of_numbers for p in parts) or not all(p.is_wrong for p in parts):
            return
        others = (f for f in of_inputs(parts) if f.key[0] in OF_INPUTS_ALONE and name not in f.key)
        for formula in (ZERO, *others):
            fit = match(parts, formula)
            if fit and fit.everywhere and fit.factor_name in PLAIN_FACTORS:
                inner, sentence = formula_sentence(parts[0], formula, fit, None)
                said = f"With `{name}` set to 0, {sentence[:1].lower() if not label else sentence[:1]}{sentence[1:]}"
                claim = Claim("isolated", label, (name, "everywhere", fit.factor_name, *formula.key))
                yield Diagnosis(f"without-{name}-{inner}", said, claim, f"`{name}` was set to 0 on {len(parts)} inputs")

    def _with_place(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        """Add where the answer is wrong, if a condition says that exactly."""
        at: Place | None = self._placing.place(label, self.tried[label])
        if at is None or not at.exact or any("the right answer" in str(k) for k in at.condition.key):
            return diagnosis
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {place_sentence(self.tried[label][0], at)[1]}")

    def _lines(self, label: str) -> Iterator[Diagnosis]:
        """Recognize a factor or an offset that is constant down each column, or along each row."""
        parts = self.tried[label]
        if all(p.of_numbers and p.got.size > 2 and _same_offset(p.got, p.right, None) for p in parts):
            said = f"{parts[0].what} is off by the same amount in every entry."
            yield Diagnosis("offset", said, Claim("lines", label, ("entry", "offset")), self._compared(label))
        parts = [p for p in parts if p.got.ndim == 2 and min(p.got.shape) > 1]
        if len(parts) < LINES or not all(p.of_numbers for p in self.tried[label]):
            return
        for axis, one, every in ((0, "column", "row"), (1, "row", "column")):
            for kind, fits, by in (("factor", _same_factor, "by a factor"), ("offset", _same_offset, "by an amount")):
                if all(fits(p.got, p.right, axis) for p in parts):
                    said = f"{parts[0].what} is in each {one} off {by} of its own, the same in every {every}."
                    yield Diagnosis(f"{one}-{kind}", said, Claim("lines", label, (one, kind)), self._compared(label))

    # -- of the answer as a whole ----------------------------------------------------------------------------------

    def _right_parts(self) -> list[str]:
        return [k for k, ps in self.tried.items() if not any(p.is_wrong for p in ps)]

    def _with_right_parts(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        right = [k for k in self._right_parts() if not self._must_stay(k)]
        if not label or not right or len(right) > 4:
            return diagnosis
        verb = "is" if len(right) == 1 else "are"
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {listed([f'`{k}`' for k in right])} {verb} right.")

    def _parts(self) -> tuple[str, Diagnosis] | None:
        """Recognize that some parts of the answer are right on every input."""
        right = [k for k in self._right_parts() if not self._must_stay(k)]
        wrong = [k for k in self.tried if k not in right and not self._must_stay(k)]
        if not right or not wrong:
            return None
        verbs = ["is" if len(some) == 1 else "are" for some in (right, wrong)]
        names = [listed([f"`{k}`" for k in some]) for some in (right, wrong)]
        sentence = f"{names[0]} {verbs[0]} right; {names[1]} {verbs[1]} not."
        claim = Claim("right-parts", "", tuple(right))
        return wrong[0], Diagnosis("parts-right", sentence, claim, f"compared on {len(self.attempts)} inputs")


def _other_part(search: Search, other: str) -> Callable[[Part], np.ndarray | None]:
    def of(p: Part) -> np.ndarray | None:
        pool = search.tried if "tried" in search.__dict__ else search.parts
        found = next((q for q in pool[other] if q.attempt is p.attempt), None)
        return found.right if found is not None and found.of_numbers else None

    return of


def _is_single(x: Array) -> bool:
    return bool((x == x.astype(np.float32)).all())


def _same_but_for(got: Array, right: Array, p: Part) -> bool:
    """Return whether two arrays agree, up to a small share of what the answer is wrong by."""
    error = np.abs(p.got - p.right)[p.wrong]
    return nearly_equal(got, right) and float(largest(got - right)) <= 1e-3 * float(np.min(error, initial=np.inf))


def _same_factor(got: Array, right: Array, axis: int) -> bool:
    """Return whether got = c * right with one c != 0 in each column (axis 0) or row (axis 1)."""
    squares = np.sum(right**2, axis=axis, keepdims=True)
    c = np.sum(got * right, axis=axis, keepdims=True) / np.where(squares == 0, 1.0, squares)
    several = (np.count_nonzero(right, axis=axis) > 1).all() and not np.allclose(c, c.flat[0])
    return bool(several and (c != 0).all() and nearly_equal(got, c * right))


def _same_offset(got: Array, right: Array, axis: int | None) -> bool:
    gap = got - right
    return nearly_equal(np.broadcast_to(gap.mean(axis, keepdims=True), gap.shape), gap)


def _is_input(p: Part, name: str) -> bool:
    given = p.inputs.get(name)
    return given is not None and given.ndim > 0 and given.shape == p.right.shape and bool((given == p.right).all())
