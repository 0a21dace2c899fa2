"""What a wrong answer responds to: one input is changed at a time, and the student's function is asked again.

"When `g` is changed, the right result changes and yours does not" says more about a mistake than any of its numbers.
Each probe is repeated on every input at hand: one that contradicts it silences it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Exercise
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, Parts, numbers_in, of_every_kind
from gradschool.diagnosis.hypotheses.observations import (
    A_BROADCAST,
    FAR,
    NOTHING,
    Observation,
    Seen,
    a_little_more,
    changed_a_little,
    coarse,
    cured,
    grown,
    ignored,
    in_row_0,
    integral,
    kept_short,
    last_bias,
    left_over,
    lifted,
    mixed,
    one_more,
    perturbed,
    perturbed_otherwise,
    responds,
    scaled,
    turned,
    turned_alone,
    unchanged,
    unwanted,
)
from gradschool.diagnosis.hypotheses.surroundings import with_others, with_small_others, with_zeros
from gradschool.diagnosis.inputs import BOUNDS, STEP_SIZES, WIDTHS, Value, is_flags, is_real, networks, subjects

TRIED = 10  # inputs on which a probe is tried
A_NUMBER_EACH = ("reward", "y")  # inputs with one number for each sample, which enters that sample's error alone
IN_PART = 3  # inputs that must show what is said of some
BESIDE = 3  # inputs in which another input has a row of zeros
SEVERAL = 5  # inputs that must be right without something, and wrong with it
TO_TELL = 1.0  # of the time at first: to tell what is coarse from what is left out

# -- which inputs a change suits --------------------------------------------------------------------------------------

Suits = Callable[[str, Value, bool], bool]  # of an input's name and value, and whether it is a network


def anything(name: str, value: Value, network: bool) -> bool:
    """Return True: the change suits every input."""
    return True


def real(name: str, value: Value, network: bool) -> bool:
    """Return whether the input may vary continuously."""
    return is_real(value)


def real_array(name: str, value: Value, network: bool) -> bool:
    """Return whether the input is an array that may vary continuously, and no network."""
    return isinstance(value, np.ndarray) and is_real(value) and not network


def no_step(name: str, value: Value, network: bool) -> bool:
    """Return whether the input may vary continuously, and is no step: nothing that grows with a step is its slope."""
    return is_real(value) and name not in STEP_SIZES


def in_between(name: str, value: Value, network: bool) -> bool:
    """Return whether the input may vary continuously, and is no bound, which does not show while nothing meets it."""
    return is_real(value) and name not in (*BOUNDS, *WIDTHS)


def signed(name: str, value: Value, network: bool) -> bool:
    """Return whether the input may vary continuously, and have either sign."""
    return is_real(value) and name not in WIDTHS


def with_rows(name: str, value: Value, network: bool) -> bool:
    """Return whether the input is an array with more than one row or entry, and no network."""
    array = isinstance(value, np.ndarray) and value.ndim > 0 and len(value) > 1
    return array and not network and name not in BOUNDS


def a_network(name: str, value: Value, network: bool) -> bool:
    """Return whether the input is the parameters of a network."""
    return network


def flags(name: str, value: Value, network: bool) -> bool:
    """Return whether the input is booleans, or zeros and ones in place of them."""
    return isinstance(value, np.ndarray) and is_flags(value)


def to_be_left_out(name: str, value: Value, network: bool) -> bool:
    """Return whether something is left to be right about without the input; with a step size of 0 any step is right."""
    return is_real(value) and not isinstance(value, tuple) and not network and name not in STEP_SIZES


@dataclass(frozen=True)
class Probe:
    """One experiment: which inputs it suits, the change, and what to look for.

    ``share`` is the least share of the observations that must show it: 1 for what is true of every input, less for
    what an input *can* do. ``least`` of them must show it. ``again`` is a second change that must show the same.
    ``elsewhere``: it must hold as well where the other inputs have a row of zeros, and where they are others.
    ``in_part``: where some observations speak against it, that is said instead.
    """

    name: str
    suits: Suits
    change: Callable[[Any], Value]
    look: Callable[[Observation], Seen]
    share: float = 1.0
    again: Callable[[Any], Value] | None = None
    least: int = 1
    elsewhere: bool = False
    in_part: bool = False

    @property
    def tried(self) -> int:
        """On how many inputs it is tried: to be right may be luck, as of a slope that is often the same."""
        return 2 * TRIED if self.elsewhere else TRIED

    def cannot_show(self, shown: int, told: int) -> bool:
        """Return whether an observation that speaks against it silences it, after ``shown`` of ``told`` that do not."""
        if self.in_part:
            return shown + self.tried - told < IN_PART  # too few are left to come
        return self.share == 1.0 or self.share * told > shown + 1


WITHOUT = scaled(0.0)  # one function for several probes: the laboratory is asked once for all
AT_ZERO = Probe("responds-at-0", real, WITHOUT, responds)  # 0 may be a case of its own

LEFT_OUT = Probe("ignored", anything, perturbed, ignored, again=perturbed_otherwise)

STRONG: tuple[Probe, ...] = (
    LEFT_OUT,
    Probe("unwanted", anything, perturbed, unwanted, 0.5),
    Probe("last-bias", a_network, last_bias, lifted),
    Probe("rows-mixed", with_rows, in_row_0, mixed, 0.2, least=2),
)
INTEGRAL = (Probe("integral", real_array, a_little_more, integral, least=SEVERAL),)
SHAPES: tuple[Probe, ...] = (
    Probe("left-over", real, WITHOUT, left_over, least=SEVERAL),
    Probe("coarse", in_between, changed_a_little, coarse, 0.6, least=SEVERAL),
    Probe("growth", real, scaled(2.0), grown, in_part=True),
    Probe("turned", signed, scaled(-1.0), turned, in_part=True),
    Probe("lifted", real, one_more, lifted, in_part=True),
    Probe("turned-alone", signed, scaled(-1.0), turned_alone, least=SEVERAL),
)
WITHOUT_AN_INPUT = (
    Probe("right-without", to_be_left_out, WITHOUT, cured("set to 0", "set to 0"), least=SEVERAL, elsewhere=True),
)
LAST: tuple[Probe, ...] = (
    Probe("right-if-off", flags, np.zeros_like, cured("off everywhere", "switched off"), least=SEVERAL, elsewhere=True),
    *WITHOUT_AN_INPUT,
    Probe("kept-short", no_step, scaled(FAR), kept_short, least=SEVERAL),
)


Beside = Callable[[Exercise, Args, str], Args]  # changes the inputs beside the one that is named

SURROUNDINGS: tuple[Beside, ...] = (with_zeros, with_others, with_small_others)


def as_it_is(exercise: Exercise, args: Args, name: str) -> Args:
    """Return the inputs themselves."""
    return args


@dataclass
class Responses:
    """The student's answers and the right ones to changed inputs; nothing is asked twice."""

    laboratory: Laboratory
    known: dict[tuple[int, str, Callable[[Any], Value], Beside], tuple[Parts, Parts]] = field(default_factory=dict)
    zeroed: list[Part] = field(default_factory=list)
    no_rows: set[str] = field(default_factory=set)  # parts whose rows are not those of the batch

    def after(self, part: Part, name: str, probe: Probe, beside: Beside = as_it_is) -> tuple[Parts, Parts]:
        """Return the student's answer and the right one with one input changed, part by part; {} where it raises.

        ``beside`` changes the other inputs.
        """
        key = (id(part.attempt), name, probe.change, beside)
        if key not in self.known:
            if self.laboratory.budget.over:
                return {}, {}
            value, put = subjects(part.exercise, part.case.args)[name]
            self.known[key] = self._asked(part, beside(part.exercise, put(probe.change(value)), name))
        return self.known[key]

    def _asked(self, part: Part, args: Args) -> tuple[Parts, Parts]:
        t = self.laboratory.attempt(replace(part.case, args=args))
        if t is None or t.raised:
            return {}, {}
        return numbers_in(t.got, t.returns), numbers_in(t.expected, t.returns)

    def seen(self, part: Part, name: str, probe: Probe, beside: Beside = as_it_is) -> Seen:
        """Return what one probe shows of one part of the answer to one case."""
        got_after, right_after = (parts.get(part.label) for parts in self.after(part, name, probe, beside))
        if got_after is None or right_after is None or not part.of_numbers:
            return NOTHING
        if not part.got.shape == got_after.shape == part.right.shape == right_after.shape:
            return NOTHING
        if part.exercise.read and unchanged(right_after, part.right):
            return NOTHING  # what is read from weights is what they say beside the inputs: the weights do not stay
        network = name in networks(part.exercise, part.case.args)
        said = f"`{name}`'s last bias" if probe.change is last_bias else f"`{name}`" + (" (its weights)" * network)
        what = f"`{part.label}`" if part.label else "result"
        each = name.endswith(A_NUMBER_EACH) and part.inputs[name].ndim == 1
        rows = part.label not in self.no_rows
        return probe.look(Observation(said, what, part.right, right_after, part.got, got_after, rows, each))

    def found(
        self, parts: Sequence[Part], probes: Sequence[Probe], names: frozenset[str] | None = None
    ) -> Iterator[Diagnosis]:
        """Yield what the probes show of one part of the answer, if no other input speaks against it.

        With ``names``, only these inputs are changed.
        """
        wrong = sorted((p for p in parts if p.is_wrong), key=lambda p: p.attempt.display_order)
        right = [p for p in parts if not p.is_wrong]
        if not wrong:
            return
        if any("B" in p.sizes and p.right.shape[:1] != (p.sizes["B"],) for p in parts):
            self.no_rows.add(wrong[0].label)
        # Right answers are asked too: what is said of all inputs must hold for them.
        order = of_every_kind([*wrong[:1], *right[:2], *wrong[1:], *right[2:]])
        exercise, args = wrong[0].exercise, wrong[0].case.args
        nets = networks(exercise, args)
        for probe in probes:
            for name, (value, _) in subjects(exercise, args).items():
                if name in exercise.known_as or (names is not None and name not in names):
                    continue  # the networks that an agent is built on: it would cost too much
                if probe.suits(name, value, name in nets):
                    diagnosis = self._shown(order, name, probe, AT_ZERO.suits(name, value, name in nets))
                    if diagnosis:
                        yield _without_broadcast(diagnosis) if _one_alone_is_wrong(wrong) else diagnosis

    def _shown(self, order: Sequence[Part], name: str, probe: Probe, may_be_zero: bool) -> Diagnosis | None:
        """Return what a probe shows, if no further change of the same input speaks against it.

        What a small change leaves as it is may follow no larger one either: then the input is left out.
        """
        diagnosis = self._repeated(order, name, probe)
        if diagnosis and probe.look is coarse and self.laboratory.budget.over:
            self.laboratory.budget.extend(TO_TELL)
        if diagnosis and probe.look is coarse and self._repeated(order, name, LEFT_OUT):
            return self._shown(order, name, LEFT_OUT, may_be_zero)
        if diagnosis and probe.look is ignored:
            at_zero = may_be_zero and self._against(order, name, AT_ZERO)
            if at_zero or self._counts_beside_zeros(order, name, probe):
                return None
        second = replace(probe, change=probe.again, again=None) if probe.again else None
        return diagnosis if diagnosis and (second is None or self._repeated(order, name, second)) else None

    def _repeated(self, parts: Sequence[Part], name: str, probe: Probe) -> Diagnosis | None:
        """Return what a probe shows, if it shows the same on often enough of the inputs."""
        showing: list[Seen] = []
        asked = told = 0
        most = TRIED if self.laboratory.exercise.read else probe.tried  # a whole update costs too much for more
        for p in parts:
            if name not in subjects(p.exercise, p.case.args):
                continue
            result = self.seen(p, name, probe)
            if result.says:
                showing.append(result)
            asked, told = asked + 1, told + (result.against or bool(result.says))
            if result.refuted or (result.against and probe.cannot_show(len(showing), told)):
                return None
            if told >= most or (asked >= most and not told):
                break
        if probe.in_part and told < min(IN_PART, asked):
            return None  # it is said of all inputs
        if probe.in_part and IN_PART <= len(showing) < told:
            showing = [replace(r, says=r.in_part) for r in showing]
        elif len(showing) < max(probe.least, probe.share * told):
            return None
        elif len({r.says for r in showing}) > 1:
            showing = [replace(r, says=r.plainly or r.says) for r in showing]
        if len({r.says for r in showing}) > 1:
            return None
        if probe.elsewhere and self._fails_elsewhere(parts[:SEVERAL], name, probe):
            return None
        if probe.elsewhere and self._cured_anyhow(parts, name, probe):
            return None
        claim = Claim("response", parts[0].label, (probe.name, name))
        of = "" if told == 1 else f" (on {len(showing)} of {told} inputs)"
        return Diagnosis(probe.name, showing[0].says, claim, f"{showing[0].experiment}{of}")

    def _against(self, parts: Sequence[Part], name: str, probe: Probe) -> bool:
        of_it = [p for p in parts if name in subjects(p.exercise, p.case.args)]
        return any(self.seen(p, name, probe).against for p in of_it[:SEVERAL])

    def _counts_beside_zeros(self, parts: Sequence[Part], name: str, probe: Probe) -> bool:
        """Return whether an input that seems to be left out counts where another one has a row of zeros.

        So it is where an answer takes a number for a truth, as ``np.where(reward, ...)`` does.
        """
        for p in parts[:BESIDE]:
            for other in subjects(p.exercise, p.case.args):
                args = with_zeros(p.exercise, p.case.args, name, only=other)
                zeroed = None if args is p.case.args else self.laboratory.part(replace(p.case, args=args), p.label)
                if zeroed:
                    self.zeroed.append(zeroed)  # what is known of it goes by its identity
                    if self.seen(zeroed, name, probe).against:
                        return True
        return False

    def _fails_elsewhere(self, parts: Sequence[Part], name: str, probe: Probe) -> bool:
        return any(self.seen(p, name, probe, beside).against for beside in SURROUNDINGS for p in parts)

    def _cured_anyhow(self, parts: Sequence[Part], name: str, probe: Probe) -> bool:
        """Return whether what an input's 0 cures, any other value of it cures too, as where a wrong answer is rare."""
        other = replace(probe, change=perturbed)
        cured = [p for p in parts[:SEVERAL] if p.is_wrong and self.seen(p, name, probe).says]
        return bool(cured) and all(self.seen(p, name, other).says for p in cured)


def depending_without(laboratory: Laboratory, parts: Sequence[Part], flag: str) -> frozenset[str]:
    """Return the inputs without which the right answer still is another where a flag is on than where it is off."""
    exercise, args = parts[0].exercise, parts[0].case.args
    nets = networks(exercise, args)
    names = [n for n, (value, _) in subjects(exercise, args).items() if to_be_left_out(n, value, n in nets)]
    some = of_every_kind([p for p in parts if p.is_wrong])[:IN_PART]
    return frozenset(n for n in names if n != flag and all(_depends(laboratory, p, n, flag) for p in some))


def _depends(laboratory: Laboratory, p: Part, name: str, flag: str) -> bool:
    value, put = subjects(p.exercise, p.case.args)[name]
    states, switch = subjects(p.exercise, put(WITHOUT(value)))[flag]
    answers = [laboratory.right_to(switch(change(np.asarray(states)))) for change in (np.zeros_like, np.ones_like)]
    off, on = ({} if a is None else numbers_in(a, p.exercise.returns) for a in answers)
    one, other = off.get(p.label), on.get(p.label)
    return one is not None and other is not None and one.shape == other.shape and not unchanged(one, other)


def _one_alone_is_wrong(wrong: Sequence[Part]) -> bool:
    """Whether some batch of one sample is wrong: then no broadcast between rows is behind it."""
    return any(p.sizes.get("B") == 1 for p in wrong)


def _without_broadcast(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, sentence=diagnosis.sentence.removesuffix(A_BROADCAST))
