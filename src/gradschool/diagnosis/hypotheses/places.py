"""Where an answer is wrong: the choice among conditions, or of two together, that says it best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part

Mask = Callable[[Part], "Array | None"]
FEW = 3  # inputs on which a condition must hold, and must not
PARTLY = ("exactly", "in exactly these answers", "only")  # how a condition may hold that explains something, best first
# Words of a condition's key that are about shapes alone. Few shapes are asked about, and what stands in one of them
# only, such as a weight of 0, looks like a matter of that shape.
OF_SHAPES = frozenset(
    (
        "size",
        "size-above",
        "sizes-above",
        "equal",
        "unequal",
        "square",
        "not-square",
        "tall",
        "wide",
        "axes",
        "more-axes",
    )
)
OF_STEPS = frozenset(("back-to-itself", "pair-twice", "row-of", "row-of-twice"))  # entries of a table, by its steps
OF_LINES = frozenset(("first", "last", "not-first", "not-last"))
MOST_OUTER = 3  # conditions that hold wherever the answer is wrong, within which a second one is looked for


@dataclass(frozen=True)
class Condition:
    """Some of the entries of an answer: ``says`` completes "it is wrong where ..."; ``key`` is for a program.

    ``whole``: it holds for all entries of an answer or for none, so that few inputs speak for it. Then it is only said
    that everything else is right.
    """

    key: tuple[str | float, ...]
    says: str
    of: Mask
    whole: bool = False


Conditions = Callable[[Sequence[Part], Sequence[Array]], Iterator[Condition]]


@dataclass(frozen=True)
class Place:
    """Where an answer is wrong: in every entry under the condition (``exact``), or in some of them and no others."""

    condition: Condition
    exact: bool


def place(parts: Sequence[Part], conditions: Conditions) -> Place | None:
    """Return the condition, or the two together, that says best where these answers are wrong; None if none does."""
    if not any((~p.wrong).any() for p in parts):
        return None
    parts = sorted(parts, key=lambda p: not p.is_wrong)
    everywhere = [np.ones(p.wrong.shape, bool) for p in parts]
    outer: list[Condition] = []
    for condition in conditions(parts, everywhere):
        held = holds(parts, condition, everywhere)
        if held == "exactly":
            return Place(condition, not condition.whole)
        if held:
            outer.append(condition)
    order = [c.key for c in outer]
    outer.sort(key=lambda c: int(flat([np.asarray(c.of(p)) for p in parts], everywhere).sum()))  # the tightest first
    pairs: list[Condition] = []
    for one in outer[:MOST_OUTER]:
        within = [np.asarray(one.of(p)) for p in parts]
        for two in conditions(parts, within):
            held = holds(parts, two, within)
            if held not in PARTLY or _by_coincidence(parts, one, two):
                continue
            both = _and(two, one) if two.key in order[: order.index(one.key)] else _and(one, two)
            shown = held == "exactly" and _shows_in_every_shape(parts, both)
            if shown and holds(parts, both, everywhere) == "exactly":
                return Place(both, not both.whole)
            pairs.append(both)
    held_by = [(c, holds(parts, c, everywhere)) for c in (*outer, *pairs)]
    telling = [c for how in PARTLY[1:] for c, held in held_by if held == how and _shows_in_every_shape(parts, c)]
    telling += [c for c in outer if c.key[0] == "no-flag" and holds(parts, c, everywhere) == "nearly everywhere"]
    return Place(telling[0], False) if telling else None


def negated(of: Mask, p: Part) -> Array | None:
    """Return the entries that a mask leaves out."""
    mask = of(p)
    return None if mask is None else ~mask


def _and(one: Condition, two: Condition) -> Condition:
    def of(p: Part) -> Array | None:
        a, b = one.of(p), two.of(p)
        return None if a is None or b is None else a & b

    return Condition(("and", *one.key, "&", *two.key), f"{one.says} and {two.says}", of, one.whole or two.whole)


def holds(parts: Sequence[Part], condition: Condition, within: Sequence[Array]) -> str:
    """Return how a condition describes the wrong entries among some; "" if some are wrong outside of it.

    They are wrong "exactly" there, or "only" there. A condition on whole answers may hold "in exactly these answers" of
    which something is wrong; which entries that are says more, if a condition tells. What holds "nearly everywhere", or
    "wider" where little is wrong, explains nothing by itself; but that all is right where a flag is on says that the
    part it switches off is wrong.
    """
    masks: list[Array] = []
    for p, w in zip(parts, within, strict=True):
        mask = condition.of(p)
        if mask is None or mask.shape != p.wrong.shape or (p.wrong & ~mask & w).any():
            return ""  # most are refuted by one of the first
        masks.append(mask)
    inside, wrong = flat(masks, within), flat([p.wrong for p in parts], within)
    if inside.all() or not inside.any():
        return ""
    if not _is_telling(parts, within, inside, wrong) or _in_few(masks, within):
        return "wider"
    if (wrong == inside).all():
        return "exactly"
    if condition.whole and _of_answers(masks, within):  # one wrong entry speaks for the whole answer
        asked = [w.any() for w in within]
        inside = np.array([m[w].any() for m, w in zip(masks, within, strict=True)])[asked]
        wrong = np.array([p.wrong[w].any() for p, w in zip(parts, within, strict=True)])[asked]
        if (wrong == inside).all():
            return "in exactly these answers"
    if wrong[inside].mean() <= 0.3:
        return "wider"
    return "only" if inside.mean() < 0.75 else "nearly everywhere"


def _shows_in_every_shape(parts: Sequence[Part], condition: Condition) -> bool:
    """Return whether a condition on shapes is more than a coincidence; True of a condition on anything else.

    Every answer of such a shape must be wrong, unless nothing but 0 is right there; two shapes, such as wide and more
    than one row, must be those of several inputs.
    """
    about = [k for k in condition.key if k in OF_SHAPES]
    if not about:
        return True
    masks = [condition.of(p) for p in parts]
    inside = [(p, m) for p, m in zip(parts, masks, strict=True) if m is not None and m.any()]
    shapes = {p.shapes for p, _ in inside}
    always = all((p.wrong & m).any() or not (p.of_numbers and p.right[m].any()) for p, m in inside)
    return always and (len(about) == 1 or len(shapes) > 1)


def _by_coincidence(parts: Sequence[Part], one: Condition, two: Condition) -> bool:
    """Return whether two conditions have little to do with each other.

    That some entries are wrong in one shape and not in another takes more than one other shape, and where in a table
    the states of some steps stand is of no importance.
    """
    keys = {one.key[0], two.key[0]}
    if keys & OF_STEPS and keys & OF_LINES:
        return True
    shape, other = (one, two) if about_shapes(one) else (two, one)
    if not about_shapes(shape) or about_shapes(other):
        return False
    masks = [(p, np.asarray(other.of(p)) & ~np.asarray(shape.of(p))) for p in parts]
    return len({p.shapes for p, m in masks if m.any()}) < 2


def about_shapes(condition: Condition) -> bool:
    """Return whether a condition, or one of two together, is about shapes alone."""
    return any(k in OF_SHAPES for k in condition.key)


def _of_answers(masks: Sequence[Array], within: Sequence[Array]) -> bool:
    """Return whether masks cover all entries of an answer or none: a size and a row together cover some."""
    return all(bool(m[w].all() or not m[w].any()) for m, w in zip(masks, within, strict=True))


def _in_few(masks: Sequence[Array], within: Sequence[Array]) -> bool:
    """Return whether a condition holds, or does not hold, on so few inputs that it may be a coincidence."""
    inside = sum(bool(m[w].any()) for m, w in zip(masks, within, strict=True))
    outside = sum(bool((~m[w]).any()) for m, w in zip(masks, within, strict=True))
    return min(inside, outside) < FEW


def _is_telling(parts: Sequence[Part], within: Sequence[Array], inside: Array, wrong: Array) -> bool:
    """Return whether there is something to get wrong outside a condition too: most mistakes show where it is not 0."""
    if not all(p.of_numbers for p in parts):
        return True
    right = np.concatenate([np.ravel(p.right[w]) for p, w in zip(parts, within, strict=True)])
    return int(np.count_nonzero(right[~inside])) >= 3 or not right[wrong].any()


def flat(masks: Sequence[Array], within: Sequence[Array]) -> Array:
    """Return several masks as one vector, of the entries ``within`` alone."""
    return np.concatenate([np.ravel(m[w]) for m, w in zip(masks, within, strict=True)]).astype(bool)
