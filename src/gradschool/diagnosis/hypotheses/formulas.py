"""Formulas for a wrong answer: what the student's function computes instead, up to a factor that has a name.

A formula is a hypothesis about all entries of one part of an answer. It is compared with every attempt, right ones
and edge cases among them: either it *is* the answer on all of them, or only wherever the answer is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.factors import agrees, factor_of, known_factors

Entries = Callable[[Part], "Array | None"]  # what a formula gives for one part; None where it does not apply

SINGLE = 5  # inputs on which the only entry of a step must have the same factor
ROUNDING = 1e-14  # of the largest entry: a difference of two numbers this near may be 0
SMALL = 0.01  # sizes up to which somebody may call a number 0 and mean it


@dataclass(frozen=True)
class Formula:
    """What an answer may be instead of the right one.

    ``name`` is for a program; ``says`` completes "The result is ..."; ``key`` says it in plain data, for an audit;
    ``of`` computes it; ``factor`` is False where a factor makes no sense, as for the sign of each entry. With a
    ``base``, not the answer but what separates it from the base is compared: a step from an input, or an added term.
    ``partly`` is False where it says nothing that a formula fits the wrong entries alone: of two possible actions, the
    wrong one is always the other one.
    """

    name: str
    says: str
    key: tuple[str | float, ...]
    of: Entries
    factor: bool = True
    base: Entries | None = None
    partly: bool = True


@dataclass(frozen=True)
class Match:
    """A formula that fits: ``factor`` in words ("" for 1), and whether it is the answer everywhere."""

    formula: Formula
    factor: str
    factor_name: str
    everywhere: bool


def match(parts: Sequence[Part], formula: Formula, first_look: bool = False) -> Match | None:
    """Return how a formula fits these parts; None if it does not.

    It fits where one factor that has a name makes it equal to the answer everywhere, or equal to it in every wrong
    entry; there it need not apply to right answers. ``first_look``: these are too few parts to tell a coincidence.
    """
    if formula.base is not None:
        return _match_gap(parts, formula, formula.base, first_look)
    made = [(p, formula.of(p)) for p in parts]
    pairs = [(p, f) for p, f in made if f is not None and f.shape == p.got.shape and np.isfinite(f).all()]
    if len(pairs) == len(parts):
        if all(agrees(p.got, f).all() and _accounts_for(p, f) for p, f in pairs):
            says_something = first_look or any(f.any() for _, f in pairs) or formula.name == "zero"
            return Match(formula, "", "", True) if says_something else None
        if formula.factor:
            named = factor_of(parts, [(p.got, f) for p, f in pairs])
            if named and all(_accounts_for(p, named[2][k] * f) for k, (p, f) in enumerate(pairs)):
                return Match(formula, named[0], named[1], True)
    wrong = [(p, f) for p, f in pairs if p.is_wrong]
    partly = formula.partly and len(wrong) == sum(p.is_wrong for p in parts)
    return _match_where_wrong(parts, wrong, formula, first_look) if partly else None


def _match_where_wrong(
    parts: Sequence[Part], wrong: Sequence[tuple[Part, Array]], formula: Formula, first_look: bool
) -> Match | None:
    """Return how a formula fits the wrong entries alone; of a factor only the right answer may have one there."""
    if not first_look and not _is_told_apart(wrong):
        return None
    if all(agrees(p.got, f)[p.wrong].all() and _accounts_for(p, f) for p, f in wrong):
        return Match(formula, "", "", False)
    if formula.name != "right":
        return None
    named = factor_of([p for p, _ in wrong], [(p.got[p.wrong], f[p.wrong]) for p, f in wrong])
    if named and all(_accounts_for(p, named[2][k] * f) for k, (p, f) in enumerate(wrong)):
        return Match(formula, named[0], named[1], False) if _spares_the_right(parts, named[1]) else None
    return None


def _spares_the_right(parts: Sequence[Part], name: str) -> bool:
    """Return whether a factor that differs from input to input is 1 where the answer is right.

    Half the batch size, in wrong answers alone, is a coincidence: right answers come with batches, too.
    """
    if name == "ratio":
        return True
    values = next((np.array(found) for _, known, found in known_factors(parts) if known == name), None)
    right = [k for k, p in enumerate(parts) if not p.is_wrong]
    return values is not None and bool(np.ptp(values) == 0 or np.allclose(values[right], 1.0))


def _accounts_for(p: Part, made: Array) -> bool:
    """Return whether what separates an answer from a formula is small beside what separates it from the right one."""
    left, error = np.abs(p.got - made)[p.wrong], np.abs(p.got - p.right)[p.wrong]
    return bool((left <= 1e-3 * error).all())


def _match_gap(parts: Sequence[Part], formula: Formula, base: Entries, first_look: bool) -> Match | None:
    """Return the factor of what separates the answers from a base, if it has a name.

    A single entry has some factor on any input; that it has the same one on several inputs says something.
    """
    found = [(p, base(p), formula.of(p)) for p in parts]
    gaps = [
        (_without_rounding(p.got - b, b), f)
        for p, b, f in found
        if b is not None and f is not None and b.shape == p.got.shape
    ]
    if len(gaps) < len(parts) or not all(f.shape == gap.shape and np.isfinite(f).all() for gap, f in gaps):
        return None
    single = not any(np.count_nonzero(f) > 1 for _, f in gaps)
    if single and first_look:
        return Match(formula, "", "", True) if all(bool(gap.any()) == bool(f.any()) for gap, f in gaps) else None
    if single and sum(f.any() for _, f in gaps) < SINGLE:
        return None
    if all(agrees(gap, f).all() for gap, f in gaps):
        whole = [b + f for _, b, f in found if b is not None and f is not None]
        explained = all(_accounts_for(p, x) for p, x in zip(parts, whole, strict=True))
        return Match(formula, "", "", True) if explained else None
    named = factor_of(parts, gaps)
    if named is None:
        return None
    made = [b + c * f for (_, b, f), c in zip(found, named[2], strict=True) if b is not None and f is not None]
    if not all(_accounts_for(p, x) for p, x in zip(parts, made, strict=True)):
        return None
    return Match(formula, named[0], named[1], True)


def _without_rounding(gap: Array, base: Array) -> Array:
    """Return what separates an answer from a base, with 0 where that is only the rounding of their difference."""
    return np.asarray(np.where(np.abs(gap) <= ROUNDING * np.max(np.abs(base), initial=0.0), 0.0, gap))


def _is_told_apart(pairs: Sequence[tuple[Part, Array]]) -> bool:
    """Return whether enough wrong entries, of different sizes, speak for a formula that holds in those alone."""
    wrong = np.concatenate([np.ravel(p.got[p.wrong]) for p, _ in pairs])
    return wrong.size >= 3 and (np.unique(np.round(wrong, 9)).size > 2 or not wrong.any())


# -- formulas of the right answer alone -------------------------------------------------------------------------------


def _of_right(name: str, says: str, change: Callable[[Array], Array | None], factor: bool = True) -> Formula:
    return Formula(name, says, ("right", name), lambda p: change(p.right), factor)


def _several(x: Array) -> bool:
    return x.ndim > 0 and x.size > 1


def _square(x: Array) -> bool:
    return x.ndim == 2 and x.shape[0] == x.shape[1] > 1


def _spread(x: Array, axis: int, mean: bool) -> Array | None:
    if x.ndim <= axis or x.shape[axis] < 1 or x.size < 2:
        return None
    total = x.mean(axis, keepdims=True) if mean else x.sum(axis, keepdims=True)
    return np.broadcast_to(total, x.shape).copy()


def _normed(x: Array) -> Array | None:
    norm = np.linalg.norm(x)
    return x / norm if norm and x.size > 1 else None


def _as_float16(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(np.float64)


def unit_rows(x: Array) -> Array:
    """Return the rows of a table, each divided by its norm; a row of zeros stays as it is."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(norms > 0, norms, 1.0))


RIGHT_ITSELF = _of_right("right", "what it should be", lambda x: x)
ZERO = _of_right("zero", "zero everywhere", np.zeros_like, factor=False)
OF_RIGHT: tuple[Formula, ...] = (
    _of_right("transposed", "the transpose of what it should be", lambda x: x.T if x.ndim == 2 else None),
    _of_right("absolute", "the absolute value of what it should be", np.abs),
    _of_right("positive-part", "what it should be where that is positive, and 0 elsewhere", lambda x: np.maximum(x, 0)),
    _of_right("negative-part", "what it should be where that is negative, and 0 elsewhere", lambda x: np.minimum(x, 0)),
    _of_right("sign-only", "only the sign of what it should be", np.sign),
    _of_right("squared", "the square of what it should be", np.square),
    _of_right(
        "rolled",
        "right, but one place too far along its last axis",
        lambda x: np.roll(x, 1, -1) if _several(x) else None,
    ),
    _of_right(
        "rolled-back",
        "right, but one place too early along its last axis",
        lambda x: np.roll(x, -1, -1) if _several(x) else None,
    ),
    _of_right("rolled-rows", "right, but one row too far down", lambda x: np.roll(x, 1, 0) if x.ndim == 2 else None),
    _of_right(
        "rolled-rows-back", "right, but one row too far up", lambda x: np.roll(x, -1, 0) if x.ndim == 2 else None
    ),
    _of_right(
        "reversed", "right, but in reverse order along its first axis", lambda x: x[::-1] if _several(x) else None
    ),
    _of_right(
        "reversed-columns",
        "right, but in reverse order along its last axis",
        lambda x: x[..., ::-1] if x.ndim == 2 else None,
    ),
    _of_right("normalized", "what it should be, divided by its own norm", _normed),
    _of_right(
        "normalized-rows",
        "in every row what it should be, divided by the norm of that row",
        lambda x: unit_rows(x) if x.ndim == 2 else None,
    ),
    _of_right(
        "by-count",
        "in every row what it should be, divided by how many entries of that row should not be 0",
        lambda x: x / np.maximum(np.count_nonzero(x, axis=1, keepdims=True), 1) if x.ndim == 2 else None,
    ),
    _of_right("sum-of-rows", "in every row the sum over the rows of what it should be", lambda x: _spread(x, 0, False)),
    _of_right(
        "mean-of-rows", "in every row the mean over the rows of what it should be", lambda x: _spread(x, 0, True)
    ),
    _of_right(
        "sum-of-columns",
        "in every column the sum over the columns of what it should be",
        lambda x: _spread(x, 1, False),
    ),
    _of_right(
        "mean-of-columns",
        "in every column the mean over the columns of what it should be",
        lambda x: _spread(x, 1, True),
    ),
    _of_right(
        "first-column",
        "in every column what it should be in the first one",
        lambda x: np.repeat(x[:, :1], x.shape[1], 1) if x.ndim == 2 else None,
    ),
    _of_right(
        "first-row",
        "in every row what it should be in the first one",
        lambda x: np.repeat(x[:1], len(x), 0) if x.ndim == 2 else None,
    ),
    _of_right(
        "cumulative",
        "the running sum of what it should be, along its first axis",
        lambda x: np.cumsum(x, 0) if _several(x) else None,
    ),
    _of_right(
        "centered",
        "what it should be minus its mean over the rows",
        lambda x: x - x.mean(0, keepdims=True) if _several(x) else None,
    ),
    _of_right(
        "centered-columns",
        "what it should be minus its mean over the columns",
        lambda x: x - x.mean(1, keepdims=True) if x.ndim == 2 else None,
    ),
    _of_right(
        "diagonal-only", "right on its diagonal, and 0 elsewhere", lambda x: np.diag(np.diag(x)) if _square(x) else None
    ),
    _of_right("rounded", "what it should be, rounded to whole numbers", np.round, factor=False),
    _of_right("cut-off", "what it should be without its decimals, as in an array of integers", np.trunc, factor=False),
    _of_right("float16", "what it should be with about 3 digits, as a float16 holds it", _as_float16, factor=False),
    _of_right("reciprocal", "1 divided by what it should be", lambda x: 1 / x if x.all() else None),
)


def clipped(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield the right answer without its smallest numbers, rounded, clipped or scaled to a norm, as these suggest."""
    wrong = [p for p in parts if p.is_wrong]
    yield from _without_small(parts)
    yield from (_decimals(n) for n in range(1, 8) if any(_loses_digits(p.right, n) for p in wrong))
    top = float(np.max([np.max(p.got, initial=-np.inf) for p in wrong]))
    low = float(np.min([np.min(p.got, initial=np.inf) for p in wrong]))
    for a, b in ((-top, top), (low, -low), (-np.inf, top), (low, np.inf), (low, top)):
        if a < b:
            yield _clip(a, b)
    norm = float(np.max([np.linalg.norm(p.got) for p in wrong]))
    yield Formula(
        "norm-clipped",
        f"what it should be, made shorter where its norm is more than {norm:.4g}",
        ("right", "norm-clipped", norm),
        lambda p: p.right * min(1.0, norm / (np.linalg.norm(p.right) or 1.0)),
        False,
    )


def _without_small(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield the right answer with 0 for its small numbers, if sizes alone tell what is lost from what is kept.

    Some answer must lose numbers beside others that it keeps: where a whole answer is lost, its case may be the reason.
    Larger numbers that come back as 0 may be small beside the inputs that make them, which sizes alone do not tell.
    """
    sizes = [np.abs(p.right) for p in parts]
    lost = [x[p.wrong & (p.got == 0)] for x, p in zip(sizes, parts, strict=True)]
    kept = [x[~p.wrong & (p.got != 0)] for x, p in zip(sizes, parts, strict=True)]
    low = float(np.max(np.concatenate(lost), initial=0.0))
    high = float(np.min(np.concatenate(kept), initial=np.inf))
    if low < high and low <= SMALL and any(a.size and b.size for a, b in zip(lost, kept, strict=True)):
        says = f"what it should be, but 0 where that is {low:.3g} or less in size (it is right from {high:.3g} on)"
        yield Formula("small-lost", says, ("small-lost", low, high), lambda p: _small_lost(p, low, high), False)


def _small_lost(p: Part, low: float, high: float) -> Array:
    """Return the right answer with 0 up to one size and itself from another on; between the two, either."""
    size = np.abs(p.right)
    return np.where((size <= low) | ((size < high) & (p.got == 0)), 0.0, p.right)


def _loses_digits(x: Array, n: int) -> bool:
    """Return whether rounding changes a number to anything but 0; that it makes 0 of some may have other causes."""
    rounded = np.round(x, n)
    return bool(((np.abs(rounded - x) > 1e-9 * np.abs(x)) & (rounded != 0)).any())


def _decimals(n: int) -> Formula:
    says = f"what it should be, rounded to {n} decimal{'s' if n > 1 else ''}"
    return Formula("decimals", says, ("right", "decimals", n), lambda p: np.round(p.right, n), False)


def _clip(a: float, b: float) -> Formula:
    at = (
        f"between {a:.4g} and {b:.4g}"
        if np.isfinite([a, b]).all()
        else f"from above at {b:.4g}"
        if np.isfinite(b)
        else f"from below at {a:.4g}"
    )
    return Formula(
        "clipped",
        f"what it should be, clipped {at}",
        ("right", "clipped", a, b),
        lambda p: np.clip(p.right, a, b),
        False,
    )
