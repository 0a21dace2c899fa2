"""What a wrong answer responds to: one input is changed at a time, and the student's function is asked again.

"When `g` is changed, the right result changes and yours does not" says more about a mistake than any of its numbers.
Each probe is repeated on every input at hand: one that contradicts it silences it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, Parts, numbers_in, of_every_kind
from gradschool.diagnosis.hypotheses.observations import (
    NOTHING,
    Observation,
    Seen,
    cured,
    grown,
    ignored,
    in_row_0,
    last_bias,
    lifted,
    mixed,
    one_more,
    perturbed,
    perturbed_otherwise,
    scaled,
    turned,
    unwanted,
)
from gradschool.diagnosis.inputs import Value, is_flags, is_real, networks, subjects

STEP_SIZES = ("lr", "alpha", "tau")
TRIED = 10  # inputs on which a probe is tried
A_NUMBER_EACH = ("reward", "y")  # inputs with one number for each sample, which enters that sample's error alone
SEVERAL = 5  # inputs that must be right without something, and wrong with it
BOUNDS = ("low", "high", "noise_clip")  # a row of zeros in these would leave no range

# -- which inputs a change suits --------------------------------------------------------------------------------------

Suits = Callable[[str, Value, bool], bool]  # of an input's name and value, and whether it is a network


def anything(name: str, value: Value, network: bool) -> bool:
    """Return True: the change suits every input."""
    return True


def real(name: str, value: Value, network: bool) -> bool:
    """Return whether the input may vary continuously."""
    return is_real(value)


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
    ``zeros``: it must hold as well where the other inputs have a row of zeros.
    """

    name: str
    suits: Suits
    change: Callable[[Any], Value]
    look: Callable[[Observation], Seen]
    share: float = 1.0
    again: Callable[[Any], Value] | None = None
    least: int = 1
    zeros: bool = False


STRONG: tuple[Probe, ...] = (
    Probe("ignored", anything, perturbed, ignored, again=perturbed_otherwise),
    Probe("unwanted", anything, perturbed, unwanted, 0.5),
    Probe("last-bias", a_network, last_bias, lifted),
    Probe("rows-mixed", with_rows, in_row_0, mixed, 0.2, least=2),
)
SHAPES: tuple[Probe, ...] = (
    Probe("growth", real, scaled(2.0), grown),
    Probe("turned", real, scaled(-1.0), turned),
    Probe("lifted", real, one_more, lifted),
)
LAST: tuple[Probe, ...] = (
    Probe("right-if-off", flags, np.zeros_like, cured("off everywhere", "switched off"), least=SEVERAL, zeros=True),
    Probe("right-without", to_be_left_out, scaled(0.0), cured("set to 0", "set to 0"), least=SEVERAL, zeros=True),
)


@dataclass
class Responses:
    """The student's answers and the right ones to changed inputs; nothing is asked twice."""

    laboratory: Laboratory
    known: dict[tuple[int, str, str], tuple[Parts, Parts]] = field(default_factory=dict)
    no_rows: set[str] = field(default_factory=set)  # parts whose rows are not those of the batch

    def after(self, part: Part, name: str, probe: Probe, zeros: bool = False) -> tuple[Parts, Parts]:
        """Return the student's answer and the right one with one input changed, part by part; {} where it raises.

        ``zeros``: the other inputs have a row of zeros.
        """
        key = (id(part.attempt), name, f"{getattr(probe.change, '__qualname__', '')} {probe.name} {zeros}")
        if key not in self.known:
            value, put = subjects(part.exercise, part.case.args)[name]
            args = put(probe.change(value))
            self.known[key] = self._asked(part, _with_zeros(part, args, name) if zeros else args)
        return self.known[key]

    def _asked(self, part: Part, args: Args) -> tuple[Parts, Parts]:
        t = self.laboratory.attempt(replace(part.case, args=args))
        if t is None or t.raised:
            return {}, {}
        return numbers_in(t.got, t.returns), numbers_in(t.expected, t.returns)

    def seen(self, part: Part, name: str, probe: Probe, zeros: bool = False) -> Seen:
        """Return what one probe shows of one part of the answer to one case."""
        got_after, right_after = (parts.get(part.label) for parts in self.after(part, name, probe, zeros))
        if got_after is None or right_after is None or not part.of_numbers:
            return NOTHING
        if not part.got.shape == got_after.shape == part.right.shape == right_after.shape:
            return NOTHING
        network = name in networks(part.exercise, part.case.args)
        said = f"`{name}`'s last bias" if probe.change is last_bias else f"`{name}`" + (" (its weights)" * network)
        what = f"`{part.label}`" if part.label else "result"
        each = name.endswith(A_NUMBER_EACH) and part.inputs[name].ndim == 1
        rows = part.label not in self.no_rows
        return probe.look(Observation(said, what, part.right, right_after, part.got, got_after, rows, each))

    def found(self, parts: Sequence[Part], probes: Sequence[Probe]) -> Iterator[Diagnosis]:
        """Yield what the probes show of one part of the answer, if no other input speaks against it."""
        wrong = sorted((p for p in parts if p.is_wrong), key=lambda p: p.attempt.display_order)
        right = [p for p in parts if not p.is_wrong]
        if not wrong:
            return
        if any("B" in p.sizes and p.right.shape[:1] != (p.sizes["B"],) for p in parts):
            self.no_rows.add(wrong[0].label)
        # Right answers are asked too: what is said of all inputs must hold for them.
        order = of_every_kind([*wrong[:1], *right[:2], *wrong[1:], *right[2:]])
        nets = networks(wrong[0].exercise, wrong[0].case.args)
        for probe in probes:
            for name, (value, _) in subjects(wrong[0].exercise, wrong[0].case.args).items():
                if probe.suits(name, value, name in nets):
                    diagnosis = self._repeated(order, name, probe)
                    second = replace(probe, change=probe.again, again=None) if probe.again else None
                    if diagnosis and (second is None or self._repeated(order, name, second)):
                        yield diagnosis

    def _repeated(self, parts: Sequence[Part], name: str, probe: Probe) -> Diagnosis | None:
        """Return what a probe shows, if it shows the same on often enough of the inputs."""
        results: list[Seen] = []
        for p in parts:
            if name not in subjects(p.exercise, p.case.args):
                continue
            results.append(self.seen(p, name, probe))
            told = sum(r.against or bool(r.says) for r in results)
            shown = sum(bool(r.says) for r in results)
            if results[-1].refuted or (results[-1].against and (probe.share == 1.0 or probe.share * told > shown + 1)):
                return None
            if told >= TRIED or (len(results) >= TRIED and not told):
                break
        showing = [r for r in results if r.says]
        told = len(showing) + sum(r.against for r in results)
        if len(showing) < max(probe.least, probe.share * told) or len({r.says for r in showing}) > 1:
            return None
        if probe.zeros and any(self.seen(p, name, probe, zeros=True).against for p in parts[:SEVERAL]):
            return None
        claim = Claim("response", parts[0].label, (probe.name, name))
        of = "" if told == 1 else f" (on {len(showing)} of {told} inputs)"
        return Diagnosis(probe.name, showing[0].says, claim, f"{showing[0].experiment}{of}")


def _with_zeros(part: Part, args: Args, name: str) -> Args:
    """Return inputs in which every array of numbers but one, and but bounds and networks, has a row of zeros."""
    nets = networks(part.exercise, args)
    for other, (value, _) in subjects(part.exercise, args).items():
        if other == name or other in nets or other in BOUNDS or not isinstance(value, np.ndarray):
            continue
        if value.ndim and len(value) and is_real(value):
            zeroed = value.copy()
            zeroed[0] = 0.0
            args = subjects(part.exercise, args)[other][1](zeroed)
    return args
