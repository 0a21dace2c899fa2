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
from gradschool.core.numerics import Array
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, Parts, numbers_in
from gradschool.diagnosis.inputs import Value, is_flags, is_real, networks, subjects

STILL, MOVED = 1e-8, 1e-6  # as a share of the largest entry; what lies between is taken for neither
STEP_SIZES = ("lr", "alpha", "tau")
TRIED = 6  # inputs on which a probe that held on the first two is tried in all


def largest(x: Array) -> float:
    """Return the size of the largest entry; 0 for an empty array."""
    return float(np.max(np.abs(x), initial=0.0))


def unchanged(one: Array, other: Array) -> bool:
    """Return whether two arrays are equal up to STILL of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) <= STILL * max(largest(one), largest(other)))


def moved(one: Array, other: Array) -> bool:
    """Return whether two arrays differ for certain: by more than MOVED of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) > MOVED * max(largest(one), largest(other)))


# -- changes ----------------------------------------------------------------------------------------------------------


def perturbed(value: Value) -> Value:
    """Return other numbers of the same kind: flags turned round, ids moved on by one, all else far from what it was.

    What is nowhere negative stays so: it may be a variance, or a width.
    """
    if isinstance(value, tuple):
        return tuple(perturbed(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, float):
        return 0.5 * value
    if not isinstance(value, np.ndarray):
        return value + 1
    if is_flags(value):
        return ~value if value.dtype.kind == "b" else 1.0 - value
    if value.dtype.kind in "iu":
        return np.asarray((value + 1) % (value.max(initial=0) + 1))
    rng, size = np.random.default_rng(1), largest(value) or 1.0
    if (value >= 0).all():
        return np.asarray(rng.uniform(0.2, 2.0, value.shape) * size)
    return np.asarray(rng.uniform(-1.5, 1.5, value.shape) * size)


def scaled(factor: float) -> Callable[[Any], Value]:
    """Return a change that multiplies every number."""

    def change(value: Any) -> Value:
        return tuple(change(v) for v in value) if isinstance(value, tuple) else factor * value

    return change


def one_more(value: Any) -> Value:
    """Return every number with 1 added to it."""
    return tuple(one_more(v) for v in value) if isinstance(value, tuple) else value + 1.0


def last_bias(flat: Array) -> Array:
    """Return a network's parameters, the last one (which is added to its last output) larger by 1."""
    out = flat.copy()
    out[-1] += 1.0
    return out


def in_row_0(value: Array) -> Array:
    """Return the array with row 0 perturbed and the other rows as they were."""
    out, other = value.copy(), np.asarray(perturbed(value))
    out[0] = other[0]
    return out


# -- what a change shows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Observation:
    """One part of an answer, right and got, before and after a change to the input ``subject``."""

    subject: str
    what: str
    right: Array
    right_after: Array
    got: Array
    got_after: Array


@dataclass(frozen=True)
class Seen:
    """What one observation shows: a sentence, or that it speaks against the probe; and how it was found out.

    ``refuted``: what the sentence would say of the right answer is not true here, so that it may not be said at all.
    """

    says: str = ""
    experiment: str = ""
    against: bool = False
    refuted: bool = False


NOTHING, AGAINST, REFUTED = Seen(), Seen(against=True), Seen(refuted=True)


def ignored(s: Observation) -> Seen:
    """Look for an input that the right answer depends on, and the student's does not."""
    if not moved(s.right_after, s.right):
        return NOTHING
    if not unchanged(s.got_after, s.got):
        return AGAINST
    says = f"When {s.subject} changes, the right {s.what} changes too, and yours does not: where does it come in?"
    return Seen(says, f"{s.subject} alone was changed; your {s.what} came out the same")


def unwanted(s: Observation) -> Seen:
    """Look for an input that the student's answer depends on, and the right one does not."""
    if not unchanged(s.right_after, s.right):
        return REFUTED
    if not moved(s.got_after, s.got):
        return AGAINST
    says = f"When {s.subject} changes, the right {s.what} stays as it is, and yours changes: where does it get in?"
    return Seen(says, f"{s.subject} alone was changed; your {s.what} changed with it")


def mixed(s: Observation) -> Seen:
    """Look for a change in one row of an input that shows in other rows of the student's answer."""
    if s.right.ndim == 0 or len(s.right) < 2:
        return NOTHING
    if moved(s.right_after[1:], s.right[1:]):
        return REFUTED
    if not moved(s.right_after, s.right):
        return NOTHING
    if not moved(s.got_after[1:], s.got[1:]):
        return AGAINST
    place, others = ("row", "rows") if s.right.ndim > 1 else ("entry", "entries")
    says = (
        f"When only {s.subject[:-1]}[0]` changes, the right {s.what} changes in {place} 0 alone, and yours in other "
        f"{others} too: {others} must not mix."
    )
    return Seen(says, f"only {s.subject[:-1]}[0]` was changed; other {others} of your {s.what} moved")


POWERS = {0: "stays as it is", 1: "doubles", 2: "becomes 4 times as large", -1: "halves"}


def grown(s: Observation) -> Seen:
    """Compare how the answers grow with one input: not at all, in proportion, with its square."""
    if not s.right.any():
        return NOTHING
    right, got = power(s.right_after, s.right), power(s.got_after, s.got)
    if right is None:
        return REFUTED
    if right == got:
        return AGAINST
    mine = f"yours {POWERS[got]}" if got is not None else "yours does not"
    says = f"When {s.subject} is doubled, the right {s.what} {POWERS[right]}; {mine}."
    return Seen(says, f"{s.subject} was doubled")


def power(after: Array, before: Array) -> int | None:
    """Return the k for which an answer became 2^k times what it was; None where there is no such k."""
    if not before.any():
        return None
    return next((k for k in POWERS if unchanged(after, 2.0**k * before)), None)


def turned(s: Observation) -> Seen:
    """Compare what becomes of the answers when one input changes its sign."""
    if not s.right.any():
        return NOTHING
    for sign, becomes in ((-1.0, "changes its sign too"), (1.0, "stays as it is")):
        if unchanged(s.right_after, sign * s.right):
            if not moved(s.got_after, sign * s.got):
                return AGAINST
            says = f"When {s.subject} changes its sign, the right {s.what} {becomes}; yours does not."
            return Seen(says, f"the sign of {s.subject} was turned round")
    return REFUTED


def lifted(s: Observation) -> Seen:
    """Compare what becomes of the answers when 1 is added to an input everywhere."""
    for by, becomes in ((0.0, "stays as it is"), (1.0, "grows by 1 too"), (-1.0, "falls by 1")):
        if unchanged(s.right_after, s.right + by):
            if not moved(s.got_after, s.got + by):
                return AGAINST
            says = f"When 1 is added to all of {s.subject}, the right {s.what} {becomes}; yours does not."
            return Seen(says, f"1 was added to {s.subject}")
    return REFUTED


def cured(without: str) -> Callable[[Observation], Seen]:
    """Make a look for an input without which the answer is right; ``without`` says how it was taken out."""

    def look(s: Observation) -> Seen:
        alike = unchanged(s.right_after, np.full(s.right.shape, s.right_after.flat[0]))  # little to be right about
        if alike or not moved(s.got, s.right):
            return NOTHING
        if not unchanged(s.got_after, s.right_after):
            return AGAINST
        says = f"With {s.subject} {without}, yours is right: look at what {s.subject} does in your function."
        return Seen(says, f"{s.subject} was set to be {without}")

    return look


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
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) > 1 and not network


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
    what an input *can* do.
    """

    name: str
    suits: Suits
    change: Callable[[Any], Value]
    look: Callable[[Observation], Seen]
    share: float = 1.0


STRONG: tuple[Probe, ...] = (
    Probe("ignored", anything, perturbed, ignored),
    Probe("unwanted", anything, perturbed, unwanted, 0.5),
    Probe("last-bias", a_network, last_bias, lifted),
    Probe("rows-mixed", with_rows, in_row_0, mixed, 0.5),
)
SHAPES: tuple[Probe, ...] = (
    Probe("growth", real, scaled(2.0), grown),
    Probe("turned", real, scaled(-1.0), turned),
    Probe("lifted", real, one_more, lifted),
)
LAST: tuple[Probe, ...] = (
    Probe("right-if-off", flags, np.zeros_like, cured("off everywhere")),
    Probe("right-without", to_be_left_out, scaled(1e-30), cured("next to 0")),
)


@dataclass
class Responses:
    """The student's answers and the right ones to changed inputs; nothing is asked twice."""

    laboratory: Laboratory
    known: dict[tuple[int, str, str], tuple[Parts, Parts]] = field(default_factory=dict)

    def after(self, part: Part, name: str, probe: Probe) -> tuple[Parts, Parts]:
        """Return the student's answer and the right one with one input changed, part by part; {} where it raises."""
        key = (id(part.attempt), name, getattr(probe.change, "__qualname__", "") + probe.name)
        if key not in self.known:
            value, put = subjects(part.exercise, part.case.args)[name]
            self.known[key] = self._asked(part, put(probe.change(value)))
        return self.known[key]

    def _asked(self, part: Part, args: Args) -> tuple[Parts, Parts]:
        t = self.laboratory.attempt(replace(part.case, args=args))
        if t is None or t.raised:
            return {}, {}
        return numbers_in(t.got, t.returns), numbers_in(t.expected, t.returns)

    def seen(self, part: Part, name: str, probe: Probe) -> Seen:
        """Return what one probe shows of one part of the answer to one case."""
        got_after, right_after = (parts.get(part.label) for parts in self.after(part, name, probe))
        if got_after is None or right_after is None or not part.of_numbers:
            return NOTHING
        if not part.got.shape == got_after.shape == part.right.shape == right_after.shape:
            return NOTHING
        network = name in networks(part.exercise, part.case.args)
        said = f"`{name}`'s last bias" if probe.change is last_bias else f"`{name}`" + (" (its weights)" * network)
        what = f"`{part.label}`" if part.label else "result"
        return probe.look(Observation(said, what, part.right, right_after, part.got, got_after))

    def found(self, parts: Sequence[Part], probes: Sequence[Probe]) -> Iterator[Diagnosis]:
        """Yield what the probes show of one part of the answer, if no other input speaks against it."""
        wrong = sorted((p for p in parts if p.is_wrong), key=lambda p: p.attempt.display_order)
        right = [p for p in parts if not p.is_wrong]
        if not wrong:
            return
        # Right answers are asked too: what is said of all inputs must hold for them.
        order = [*wrong[:1], *right[:2], *wrong[1:], *right[2:]]
        nets = networks(wrong[0].exercise, wrong[0].case.args)
        for probe in probes:
            for name, (value, _) in subjects(wrong[0].exercise, wrong[0].case.args).items():
                if probe.suits(name, value, name in nets):
                    diagnosis = self._repeated(order, name, probe)
                    if diagnosis:
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
            if results[-1].refuted or (results[-1].against and (probe.share == 1.0 or told > 2 * shown + 1)):
                return None
            if told >= TRIED or (len(results) >= TRIED and not told):
                break
        showing = [r for r in results if r.says]
        told = len(showing) + sum(r.against for r in results)
        if not showing or len(showing) < probe.share * told or len({r.says for r in showing}) > 1:
            return None
        claim = Claim("response", parts[0].label, (probe.name, name))
        of = "" if told == 1 else f" (on {len(showing)} of {told} inputs)"
        return Diagnosis(probe.name, showing[0].says, claim, f"{showing[0].experiment}{of}")
