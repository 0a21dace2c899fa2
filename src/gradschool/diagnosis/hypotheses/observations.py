"""Changes to one input, and what a change shows: how the right answer and the student's respond to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.inputs import Value, is_flags

STILL, MOVED = 1e-8, 1e-6  # as a share of the largest entry; what lies between is taken for neither


def largest(x: Array) -> float:
    """Return the size of the largest entry; 0 for an empty array."""
    return float(np.max(np.abs(x), initial=0.0))


def unchanged(one: Array, other: Array) -> bool:
    """Return whether two arrays are equal up to STILL of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) <= STILL * max(largest(one), largest(other)))


def moved(one: Array, other: Array) -> bool:
    """Return whether two arrays differ for certain: by more than MOVED of their largest entry."""
    return bool(np.max(np.abs(one - other), initial=0.0) > MOVED * max(largest(one), largest(other)))


# -- changes -----------------------------------------------------------------------------------------------------------


def perturbed(value: Value, seed: int = 1) -> Value:
    """Return other numbers of the same kind: flags turned round, ids moved on by one, all else far from what it was.

    What is nowhere negative stays so: it may be a variance, or a width. Where several inputs are perturbed together,
    each needs a ``seed`` of its own, or those of one shape would get the same signs.
    """
    if isinstance(value, tuple):
        return tuple(perturbed(v, seed) for v in value)
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
    rng, size = np.random.default_rng(seed), largest(value) or 1.0
    if (value >= 0).all():
        return np.asarray(rng.uniform(0.2, 2.0, value.shape) * size)
    return np.asarray(rng.uniform(-1.5, 1.5, value.shape) * size)


def perturbed_otherwise(value: Value) -> Value:
    """Return still other numbers of the same kind: flags off, ids mirrored, all else larger and in reverse."""
    if isinstance(value, tuple):
        return tuple(perturbed_otherwise(v) for v in value)
    if isinstance(value, float):
        return 0.8 * value
    if not isinstance(value, np.ndarray):
        return perturbed(value)
    if is_flags(value):
        return np.zeros_like(value)
    if value.dtype.kind in "iu":
        return np.asarray(value.max(initial=0) - value)
    return np.asarray(1.7 * value[::-1] + 0.3 * largest(value)) if value.ndim else 1.7 * value


def scaled(factor: float) -> Callable[[Any], Value]:
    """Return a change that multiplies every number."""

    def change(value: Any) -> Value:
        return tuple(change(v) for v in value) if isinstance(value, tuple) else factor * value

    return change


def changed_a_little(value: Any) -> Value:
    """Return every number changed by a share of its own, up to 0.01 percent; one share would only rescale."""
    if isinstance(value, tuple):
        return tuple(changed_a_little(v) for v in value)
    share = 1e-4 * np.cos(np.arange(np.size(value))).reshape(np.shape(value))
    return np.asarray(value * (1 + share)) if np.ndim(value) else float(value * (1 + share))


def one_more(value: Any) -> Value:
    """Return every number with 1 added to it."""
    return tuple(one_more(v) for v in value) if isinstance(value, tuple) else value + 1.0


LITTLE = 1e-4  # what is added to an input to see by how much an answer grows


def a_little_more(value: Any) -> Value:
    """Return every number with LITTLE added to it."""
    return np.asarray(value + LITTLE)


def last_bias(flat: Array) -> Array:
    """Return a network's parameters, the last one (which is added to its last output) larger by 1."""
    out = flat.copy()
    out[-1] += 1.0
    return out


def first_as_second(value: Any) -> Value:
    """Return an array in which the first entry is what the second is, so that an id occurs twice."""
    out = np.array(value)
    out[0] = out[1]
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
    row_wise: bool = True  # whether the answer's rows are those of the batch
    a_number_each: bool = False  # whether the input is a vector, with one number for each sample


@dataclass(frozen=True)
class Seen:
    """What one observation shows: a sentence, or that it speaks against the probe; and how it was found out.

    ``refuted``: what the sentence would say of the right answer is not true here, so that it may not be said at all.
    ``plainly``: what is said where other inputs show the same in other words; ``in_part``: where some speak against it.
    """

    says: str = ""
    experiment: str = ""
    against: bool = False
    refuted: bool = False
    plainly: str = ""
    in_part: str = ""


NOTHING, AGAINST, REFUTED = Seen(), Seen(against=True), Seen(refuted=True)


def ignored(s: Observation) -> Seen:
    """Look for an input that the right answer depends on, and the student's does not."""
    if not moved(s.right_after, s.right):
        return NOTHING
    if not unchanged(s.got_after, s.got):
        return AGAINST
    says = f"When {s.subject} changes, the right {s.what} changes too, and yours does not: where does it come in?"
    return Seen(says, f"{s.subject} alone was changed; your {s.what} came out the same")


def responds(s: Observation) -> Seen:
    """Look for an answer that a change of an input changes after all, as far as both answers are numbers."""
    finite = np.isfinite(s.got_after).all() and np.isfinite(s.right_after).all()
    return AGAINST if finite and moved(s.got_after, s.got) else NOTHING


def unwanted(s: Observation) -> Seen:
    """Look for an input that the student's answer depends on, and the right one does not."""
    if not unchanged(s.right_after, s.right):
        return REFUTED
    if not moved(s.got_after, s.got):
        return AGAINST
    says = f"When {s.subject} changes, the right {s.what} stays as it is, and yours changes: where does it get in?"
    return Seen(says, f"{s.subject} alone was changed; your {s.what} changed with it")


def mixed(s: Observation) -> Seen:
    """Look for a change in one row of an input that shows in entries of the answer in which that row has no part."""
    if s.right.ndim == 0 or len(s.right) < 2 or not moved(s.right_after, s.right):
        return NOTHING
    row_0 = f"{s.subject[:-1]}[0]`"
    if not s.row_wise:
        return _mixed_entries(s, row_0)
    if moved(s.right_after[1:], s.right[1:]):
        return REFUTED
    if not moved(s.got_after[1:], s.got[1:]):
        return AGAINST
    place, others = ("row", "rows") if s.right.ndim > 1 else ("entry", "entries")
    says = (
        f"When only {row_0} changes, the right {s.what} changes in {place} 0 alone, and yours in other "
        f"{others} too: {others} must not mix."
    )
    return Seen(says, f"only {row_0} was changed; other {others} of your {s.what} moved")


A_BROADCAST = " So it is, for example, where (B, 1) meets (B,) and every row meets every row."


def _mixed_entries(s: Observation, row_0: str) -> Seen:
    """As :func:`mixed`, for an answer whose rows are not those of the batch, such as a gradient of weights.

    A broadcast between rows moves what all other samples contribute.
    """
    apart = np.abs(s.right_after - s.right) <= STILL * max(largest(s.right), largest(s.right_after))
    if not s.a_number_each or not s.right[apart].any():
        return NOTHING
    if largest((s.got_after - s.got)[apart]) <= MOVED * max(largest(s.got), largest(s.got_after)):
        return AGAINST
    says = (
        f"When only {row_0} changes, yours changes in entries in which the right {s.what} stays as it is: what has "
        "that sample to do with them?"
    )
    every = (np.abs(s.got_after - s.got) > MOVED * max(largest(s.got), largest(s.got_after)))[apart & (s.right != 0)]
    how = f"only {row_0} was changed; other entries of your {s.what} moved"
    return Seen(says + A_BROADCAST * bool(every.all()), how, plainly=says)


IN_PART = "yours does so only on some inputs."
POWERS = {0: "stays as it is", 1: "doubles", 2: "becomes 4 times as large", -1: "halves"}


def grown(s: Observation) -> Seen:
    """Compare how the answers grow with one input: not at all, in proportion, with its square."""
    if not s.right.any():
        return NOTHING
    right, got = power(s.right_after, s.right), power(s.got_after, s.got)
    if right is None:
        return REFUTED
    if right == got or not (s.got.any() or s.got_after.any()):  # what is 0 and stays so grows in any way
        return AGAINST
    mine = f"yours {POWERS[got]}" if got is not None else "yours does not"
    begins = f"When {s.subject} is doubled, the right {s.what} {POWERS[right]}; "
    how = f"{s.subject} was doubled"
    return Seen(f"{begins}{mine}.", how, plainly=f"{begins}yours does not.", in_part=begins + IN_PART)


def power(after: Array, before: Array) -> int | None:
    """Return the k for which an answer became 2^k times what it was; None where there is no such k."""
    if not before.any():
        return None
    return next((k for k in POWERS if unchanged(after, 2.0**k * before)), None)


def left_over(s: Observation) -> Seen:
    """Look for an answer that is not 0 without an input, where the right one is."""
    if s.right_after.any() or not s.right.any():
        return REFUTED if s.right_after.any() else NOTHING
    if not s.got_after.any():
        return AGAINST
    says = f"With {s.subject} set to 0, the right {s.what} is 0, and yours is not: what else is in it?"
    return Seen(says, f"{s.subject} was set to 0")


def coarse(s: Observation) -> Seen:
    """Look for an answer that a small change of an input leaves exactly as it is, where the right one follows."""
    if not np.array_equal(s.got_after, s.got):
        return NOTHING if np.array_equal(s.right_after, s.right) else AGAINST
    if not moved(s.right_after, s.right):
        return NOTHING
    says = (
        f"When {s.subject} changes a little, the right {s.what} changes too, and yours stays as it is on most inputs: "
        "do only signs enter, or the order of the numbers?"
    )
    return Seen(says, f"{s.subject} was changed by up to 0.01 percent")


def integral(s: Observation) -> Seen:
    """Look for an answer whose slope is the right one, as a loss in the place of its gradient."""
    wanted = LITTLE * (s.right + s.right_after) / 2
    allowed = 1e-3 * largest(wanted)
    if 1e-13 * max(largest(s.got), largest(s.got_after)) >= allowed:
        return NOTHING  # nothing is wanted, or it is lost in rounding
    if largest(s.right_after - s.right - wanted) <= allowed:
        return NOTHING  # the right answer is its own slope, as an exponential is
    if largest(s.got_after - s.got - wanted) > allowed:
        return AGAINST
    says = (
        f"When a little is added to all of {s.subject}, your {s.what} grows by that much times the right {s.what}: do "
        "you return the value whose slope is asked for?"
    )
    return Seen(says, f"{LITTLE:g} was added to {s.subject}")


FAR, MORE = 10_000.0, 100.0  # an input is made FAR times as large; the right answer grows MORE times as much
ALIKE = 0.8  # the share of entries with the right sign


def kept_short(s: Observation) -> Seen:
    """Look for an answer that hardly grows with a huge input, where the right one does: a clip, or Huber's loss.

    It keeps the direction, unlike numbers that do not grow for another reason.
    """
    if not s.right.any() or not s.got.any() or largest(s.right_after) < MORE * largest(s.right):
        return NOTHING
    if largest(s.got_after) * MORE * largest(s.right) > largest(s.right_after) * largest(s.got):
        return AGAINST
    if np.mean((np.sign(s.got_after) == np.sign(s.right_after))[s.right_after != 0]) < ALIKE:
        return AGAINST
    says = (
        f"When {s.subject} becomes {FAR:,.0f} times as large, the right {s.what} grows by a factor that is more than "
        f"{MORE:g} times yours: is something kept short, by a clip or by the loss?"
    )
    return Seen(says, f"{s.subject} was multiplied by {FAR:,.0f}")


def turned(s: Observation) -> Seen:
    """Compare what becomes of the answers when one input changes its sign."""
    if not s.right.any():
        return NOTHING
    for sign, becomes in ((-1.0, "changes its sign too"), (1.0, "stays as it is")):
        if unchanged(s.right_after, sign * s.right):
            if not moved(s.got_after, sign * s.got):
                return AGAINST
            begins = f"When {s.subject} changes its sign, the right {s.what} {becomes}; "
            return Seen(
                f"{begins}yours does not.", f"the sign of {s.subject} was turned round", in_part=begins + IN_PART
            )
    return REFUTED


def turned_alone(s: Observation) -> Seen:
    """Look for an answer whose size does not know the sign of an input, where that of the right one does."""
    if not s.right.any() or not s.got.any():
        return NOTHING
    for sign, becomes in ((-1.0, "changes its sign and keeps its size"), (1.0, "stays as it is")):
        if unchanged(s.got_after, sign * s.got):
            if not moved(s.right_after, sign * s.right):
                return AGAINST
            says = (
                f"When {s.subject} changes its sign, your {s.what} {becomes}, and the right one does not: what should "
                "its sign decide?"
            )
            return Seen(says, f"the sign of {s.subject} was turned round")
    return AGAINST


def lifted(s: Observation) -> Seen:
    """Compare what becomes of the answers when 1 is added to an input everywhere."""
    for by, becomes in ((0.0, "stays as it is"), (1.0, "grows by 1 too"), (-1.0, "falls by 1")):
        if unchanged(s.right_after, s.right + by):
            if not moved(s.got_after, s.got + by):
                return AGAINST
            begins = f"When 1 is added to all of {s.subject}, the right {s.what} {becomes}; "
            return Seen(f"{begins}yours does not.", f"1 was added to {s.subject}", in_part=begins + IN_PART)
    return REFUTED


def cured(without: str, done: str) -> Callable[[Observation], Seen]:
    """Make a look for an input without which the answer is right; ``without`` and ``done`` say how it was taken out."""

    def look(s: Observation) -> Seen:
        if not unchanged(s.got_after, s.right_after):
            return AGAINST
        if not moved(s.right_after, s.right):
            return NOTHING  # the right answer is the same without it: that says nothing of how the input is used
        alike = unchanged(s.right_after, np.full(s.right.shape, s.right_after.flat[0]))  # little to be right about
        if alike or not moved(s.got, s.right):
            return NOTHING
        mine = "yours" if s.what == "result" else f"your {s.what}"  # other parts may be wrong all the same
        says = f"With {s.subject} {without}, {mine} is right; with other values it can be wrong."
        return Seen(says, f"{s.subject} was {done}")

    return look
