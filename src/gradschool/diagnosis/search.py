"""The search for a diagnosis: hypotheses about one part of an answer after another, the most telling first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, groupby

import numpy as np

from gradschool.core.calling import raised_text
from gradschool.core.compare import Attempt
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.copies import how_targets_follow
from gradschool.diagnosis.drift import drifted, kept_by_size
from gradschool.diagnosis.evidence import Laboratory, Part, parts_of
from gradschool.diagnosis.hypotheses.batches import alone
from gradschool.diagnosis.hypotheses.combinations import between, portions
from gradschool.diagnosis.hypotheses.counterfactuals import as_formulas, relevant
from gradschool.diagnosis.hypotheses.equal_rows import equal_rows
from gradschool.diagnosis.hypotheses.every_pair import every_pair
from gradschool.diagnosis.hypotheses.formulas import OF_RIGHT, RIGHT_ITSELF, ZERO, Formula, Match, clipped, match
from gradschool.diagnosis.hypotheses.input_formulas import of_inputs
from gradschool.diagnosis.hypotheses.other_losses import cheapest, may_be, other_losses
from gradschool.diagnosis.hypotheses.own_formulas import own_formulas
from gradschool.diagnosis.hypotheses.patterns import (
    about,
    direction,
    displaced,
    leaks,
    lines,
    lines_where_wrong,
    nearly,
    precision,
    sizes,
    wrong_signs,
)
from gradschool.diagnosis.hypotheses.places import Place
from gradschool.diagnosis.hypotheses.responses import (
    INTEGRAL,
    LAST,
    SHAPES,
    STRONG,
    WITHOUT_AN_INPUT,
    Responses,
    depending_without,
)
from gradschool.diagnosis.hypotheses.surroundings import beside_wrong
from gradschool.diagnosis.hypotheses.terms import wrong_arrays, wrong_terms
from gradschool.diagnosis.inputs import is_network, numbers_of
from gradschool.diagnosis.isolation import isolated, with_one_option
from gradschool.diagnosis.placing import RESERVE, Placing
from gradschool.diagnosis.state_words import of_optimizer, state_sentence
from gradschool.diagnosis.updates import first_wrong_update
from gradschool.diagnosis.verdicts import verdicts
from gradschool.diagnosis.wording import formula_sentence, listed, place_sentence, switched_by

LOSSES, CERTAIN = 0.25, 3.0  # of the time at first: to try other losses, which ask about each row, and to make certain
COUNTED = "counted: "  # before a sentence that is not read from weights
LEAST_READ = 3  # answers of which one sentence must be true: what a single one allows may be luck
REPEATS = ("repeated", "repeats", "row-of-twice", "pair-twice")  # conditions on ids that occur more than once


@dataclass
class Search:
    """The search for a diagnosis of one student's answers."""

    laboratory: Laboratory
    attempts: Sequence[Attempt]
    _had_more_time: bool = field(default=False, init=False, repr=False)  # for the right answers to other inputs

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
        kept = drifted(self.laboratory, self.attempts) or kept_by_size(self.laboratory, self.attempts)
        if kept:
            return "", kept
        tested = verdicts(self.tried) if self.laboratory.exercise.signature.endswith("-> None") else None
        if tested:
            return self.wrong[0], self._with_raised(tested)
        for _, group in groupby(self.wrong, key=self._must_stay):
            labels = list(group)
            for look in self._looks:
                for label in labels:
                    diagnosis = next(look(label), None)
                    if diagnosis:
                        return label, self._with_right_parts(label, diagnosis)
        return self._unexplained_update() or self._parts()

    def _with_raised(self, diagnosis: Diagnosis) -> Diagnosis:
        """Add on which inputs the function raised an exception: what is said of agents leaves these out."""
        raised = next(((t.case.name, t.raised) for t in self.attempts if t.raised), None)
        if raised is None:
            return diagnosis
        case, error = raised
        left_out = f'Agents on which it raised an exception are not counted: on "{case}", {raised_text(error)}.'
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {left_out}")

    @property
    def _looks(self) -> tuple[Callable[[str], Iterator[Diagnosis]], ...]:
        """The looks at one part, the most telling first."""
        return (
            self._state,
            self._kept,
            self._blocked,
            self._read,
            self._precision,
            self._following,
            self._by_update,
            self._everywhere,
            self._with_one_option,
            self._as_if,
            self._other_loss,
            self._direction,
            self._responds,
            self._where_wrong,
            self._alone,
            self._displaced,
            self._signs,
            self._leaks,
            self._pieces,
            self._nearly,
            self._integrated,
            self._placed,
            self._is_an_input,
            self._lines,
            self._isolated,
            self._slowly,
            self._sizes,
        )

    # -- each look yields diagnoses of one part, already tried -----------------------------------------------------

    def _state(self, label: str) -> Iterator[Diagnosis]:
        """Say that something has changed that a call must leave as it was."""
        said = state_sentence(label) if self._must_stay(label) else ""
        if not said:
            return
        if label.startswith("optimizer_state.") and (wrong := [k for k in self.wrong if not self._must_stay(k)]):
            arrays = next(wrong_arrays(self.tried[wrong[0]]), None)  # that says more
            yield arrays or of_optimizer(label, wrong[0], self.tried[label])
            return
        yield Diagnosis(f"state-{label}", said, Claim("state", label), "compared before and after the call")

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
            yield from self._read(label)
            said = f"{parts[0].what} should be zero everywhere, and is not."
            yield Diagnosis("not-zero", said, Claim("not-zero", label), self._compared(label))

    def _read(self, label: str) -> Iterator[Diagnosis]:
        """Say what was read from the weights, where one sentence is true of every answer whose part is wrong."""
        told = [(p.is_wrong, p.attempt.reply.told(label)) for p in self.tried[label] if p.attempt.reply.told]
        wrong = [says for is_wrong, says in told if is_wrong and says is not None]
        if len(wrong) < LEAST_READ:
            return
        right = [says for is_wrong, says in told if not is_wrong and says is not None]
        for sentence in wrong[0]:
            if all(sentence in says for says in wrong):
                where = "" if all(sentence in says for says in right) else " where it is wrong"
                how = "Counted" if sentence.startswith(COUNTED) else "Read from the weights"
                said = f"{how}{where}: {sentence.removeprefix(COUNTED)}."
                experiment = f"read after {len(wrong) + len(right)} updates"
                found = Diagnosis("read", said, Claim("read", label, (sentence, where.strip())), experiment)
                yield self._with_place(label, found) if where else found
                return

    def _following(self, label: str) -> Iterator[Diagnosis]:
        """Say what target networks do in each update, where it is not what they should."""
        if label in self.laboratory.exercise.networks_in and all(p.of_numbers for p in self.tried[label]):
            yield from how_targets_follow(self.tried[label])

    def _by_update(self, label: str) -> Iterator[Diagnosis]:
        """Say after which update an agent is wrong, where everything else about it is right."""
        if label in self.laboratory.exercise.networks_in and self.wrong == [label]:
            yield from first_wrong_update(self.tried[label])

    def _precision(self, label: str) -> Iterator[Diagnosis]:
        yield from self._beside(label, precision)

    def _nearly(self, label: str) -> Iterator[Diagnosis]:
        yield from self._beside(label, nearly)
        yield from self._beside(label, about)

    def _direction(self, label: str) -> Iterator[Diagnosis]:
        yield from self._beside(label, direction)

    def _leaks(self, label: str) -> Iterator[Diagnosis]:
        yield from (self._with_place(label, d) for d in self._beside(label, leaks))

    def _displaced(self, label: str) -> Iterator[Diagnosis]:
        yield from self._beside(label, displaced)

    def _pieces(self, label: str) -> Iterator[Diagnosis]:
        if self.laboratory.exercise.read is not None:
            return  # what is read from weights has pieces of its own, which no lesson names
        yield from self._beside(label, wrong_terms)
        yield from self._beside(label, wrong_arrays)

    def _sizes(self, label: str) -> Iterator[Diagnosis]:
        if self.laboratory.exercise.read is None:  # errors that are read from weights have a sentence of their own
            yield from (self._with_place(label, d) for d in self._beside(label, sizes))

    def _signs(self, label: str) -> Iterator[Diagnosis]:
        yield from (self._with_place(label, d) for d in self._beside(label, wrong_signs))

    def _beside(self, label: str, pattern: Callable[[Sequence[Part]], Iterator[Diagnosis]]) -> Iterator[Diagnosis]:
        """Yield what a pattern says where it says so of wrong answers with other inputs too: few may be wrong."""
        parts = self.tried[label]
        if next(pattern(parts), None):
            yield from pattern([*parts, *beside_wrong(self.laboratory, label, parts)])

    def _lines(self, label: str) -> Iterator[Diagnosis]:
        yield from lines(self.tried[label])
        yield from (self._with_place(label, d) for d in self._beside(label, lines_where_wrong))

    def _with_one_option(self, label: str) -> Iterator[Diagnosis]:
        yield from with_one_option(self.tried[label])

    def _isolated(self, label: str) -> Iterator[Diagnosis]:
        yield from isolated(self.laboratory, self.tried[label])

    def _everywhere(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for f, m in self._matching(label, as_if=False) if m.everywhere]
        found.sort(key=lambda pair: bool(pair[1].factor) and pair[0].name not in ("right", "step", "term"))
        for f, m in found:  # another part may be right here where an input is another: that says more
            if f.name == "other-part" and self.laboratory.budget.is_short:
                self.laboratory.budget.extend(CERTAIN)
            if f.name != "other-part" or next(self._as_if(label), None) is None:
                yield self._said(label, f, m)

    def _as_if(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for f, m in self._matching(label, as_if=True) if m.everywhere]
        found.sort(key=lambda pair: (bool(pair[1].factor), pair[0].name != "as-if"))
        yield from (self._said(label, f, m) for f, m in found)

    def _other_loss(self, label: str) -> Iterator[Diagnosis]:
        """Say which loss of the right errors was taken."""
        if label not in self.laboratory.exercise.squared_error_in:
            return
        self.laboratory.budget.extend(LOSSES)
        first = cheapest(self.parts[label])
        for formula in other_losses(self.laboratory, first):
            if may_be(first, formula):
                self.laboratory.budget.extend(CERTAIN)
                fit = match(self.tried[label], formula)
                if fit and fit.everywhere:
                    yield self._said(label, formula, fit)

    def _where_wrong(self, label: str) -> Iterator[Diagnosis]:
        found = [(f, m) for as_if in (False, True) for f, m in self._matching(label, as_if) if not m.everywhere]
        yield from (self._said(label, f, m) for f, m in found if self._holds_beside(label, f, m))

    def _holds_beside(self, label: str, formula: Formula, fit: Match) -> bool:
        """Return whether a formula for the wrong entries alone fits other values of the inputs that it speaks of.

        Few entries may be wrong, and their inputs may be alike: what is cut at 2 is 2, as what is rounded may be. A
        factor speaks of no input, and may come from any.
        """
        from_any = fit.factor_name == "ratio" or formula.name == "otherwise"
        beside = list(beside_wrong(self.laboratory, label, self.tried[label], None if from_any else formula.key[1:]))
        if from_any and not any(p.is_wrong for p in beside):
            return False  # it was not tried
        return match([*self.tried[label], *beside], formula) is not None

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
        cheap = chain(cheap, own_formulas(self.laboratory, first))
        plain = chain(cheap, every_pair(self.laboratory, parts))
        for formula in self._of_other_inputs(parts, first) if as_if else plain:
            if match([first], formula, first_look=True):  # most are refuted by the first input
                fit = match(parts, formula)
                if fit:
                    yield formula, fit

    def _of_other_inputs(self, parts: Sequence[Part], first: Part) -> Iterator[Formula]:
        """Yield formulas of the right answers to other inputs: the few that may be left first, for want of time."""
        budget = self.laboratory.budget
        if budget.is_short and budget.half_over and not self._had_more_time:  # of an agent every question costs much
            self._had_more_time = True
            budget.extend(1.0)
        names = relevant(self.laboratory, first)
        few = (equal_rows(self.laboratory, parts), between(self.laboratory, first, names))
        for formula in chain(*few, portions(self.laboratory, first, names), as_formulas(self.laboratory, first, names)):
            if self.laboratory.budget.half_over:
                return  # the other half is for what comes after
            yield formula

    def _alone(self, label: str) -> Iterator[Diagnosis]:
        for diagnosis in alone(self.laboratory, self.tried[label]):
            yield from (d for d in self._placed(label) if _about_repeats(d))  # that says which batches are wrong
            yield diagnosis

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

    def _integrated(self, label: str) -> Iterator[Diagnosis]:
        """Say that the value came back whose slope is asked for; what is a constant off may be that too, as exp is."""
        if next(lines(self.tried[label]), None) is None:
            yield from self._responses.found(self.tried[label], INTEGRAL)

    def _slowly(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        if self.laboratory.budget.over and label == self.wrong[0]:  # what came before has found nothing, and spent all
            self.laboratory.budget.extend(RESERVE)
        yield from self._responses.found(parts, SHAPES)
        if self.laboratory.budget.over and self.laboratory.budget.is_short and label == self.wrong[0]:
            self.laboratory.budget.extend(1.0)  # what is right without an input is asked with others beside it, too
        yield from self._responses.found(parts, LAST)

    @cached_property
    def _responses(self) -> Responses:
        return Responses(self.laboratory)

    def _placed(self, label: str) -> Iterator[Diagnosis]:
        parts = self.tried[label]
        at = self._placing.place(label, parts, search=True)
        if at and not self._is_where_nothing_is_done(label, at):
            yield from self._cured_beside(label, at)
            name, sentence = place_sentence(parts[0], at)
            claim = Claim("place", label, ("exactly" if at.exact else "only", *at.condition.key))
            yield Diagnosis(name, sentence, claim, f"looked at {self._placing.inputs(label, parts)} inputs")

    def _is_where_nothing_is_done(self, label: str, at: Place) -> bool:
        """Return whether the right answer is only an input wherever a part is right, and another part is wrong too.

        A target network that stays where it is, because `tau` is 0, is right whatever it should have followed.
        """
        whole = self.laboratory.exercise.networks_in  # of several updates, wrong because this part is
        if not any(k != label and k not in whole and not self._must_stay(k) for k in self.wrong):
            return False
        outside = [p for p in self.tried[label] if p.of_numbers and not np.any(at.condition.of(p))]
        return bool(outside) and all(any(_is_input(p, name) for name in p.inputs) for p in outside)

    def _cured_beside(self, label: str, at: Place) -> Iterator[Diagnosis]:
        """Say which input cures an answer by being 0, where that says more than what a flag switches off.

        It does where the right answer without this input still depends on the flag: what the flag switches off is then
        right but for this input.
        """
        flag = switched_by(at)
        if flag is None:
            return
        if self.laboratory.budget.over:  # the search for the place may have spent more than all
            self.laboratory.budget.extend(RESERVE)
        parts = self.tried[label]
        names = depending_without(self.laboratory, parts, flag)
        yield from self._responses.found(parts, WITHOUT_AN_INPUT, names)

    @cached_property
    def _placing(self) -> Placing:
        return Placing(self.laboratory)

    def _with_place(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        """Add where the answer is wrong, if a condition says that exactly."""
        at: Place | None = self._placing.place(label, self.tried[label])
        if at is None or not at.exact or any("the right answer" in str(k) for k in at.condition.key):
            return diagnosis
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {place_sentence(self.tried[label][0], at)[1]}")

    # -- of the answer as a whole ----------------------------------------------------------------------------------

    def _right_parts(self) -> list[str]:
        return [k for k, ps in self.tried.items() if not any(p.is_wrong for p in ps)]

    def _with_right_parts(self, label: str, diagnosis: Diagnosis) -> Diagnosis:
        right = [k for k in self._right_parts() if not self._must_stay(k)]
        if not label or not right or len(right) > 4:
            return diagnosis
        verb = "is" if len(right) == 1 else "are"
        return replace(diagnosis, sentence=f"{diagnosis.sentence} {listed([f'`{k}`' for k in right])} {verb} right.")

    def _unexplained_update(self) -> tuple[str, Diagnosis] | None:
        """Say after which update an agent is wrong, where nothing else was found."""
        labels = [k for k in self.wrong if k in self.laboratory.exercise.networks_in]
        found = ((k, d) for k in labels for d in first_wrong_update(self.tried[k]))
        return next(((k, self._with_right_parts(k, d)) for k, d in found), None)

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


def _about_repeats(diagnosis: Diagnosis) -> bool:
    """Return whether a place is told by ids that occur more than once."""
    return diagnosis.claim is not None and any(key in REPEATS for key in diagnosis.claim.details)


def _other_part(search: Search, other: str) -> Callable[[Part], np.ndarray | None]:
    def of(p: Part) -> np.ndarray | None:
        pool = search.tried if "tried" in search.__dict__ else search.parts
        found = next((q for q in pool[other] if q.attempt is p.attempt), None)
        return found.right if found is not None and found.of_numbers else None

    return of


def _is_input(p: Part, name: str) -> bool:
    orders = [p.inputs[name]] if name in p.inputs else []
    if is_network(p.case.args, name):  # an answer may have its numbers in either order
        orders.append(numbers_of(p.case.args[name]))
    return any(x.ndim > 0 and x.shape == p.right.shape and bool((x == p.right).all()) for x in orders)
