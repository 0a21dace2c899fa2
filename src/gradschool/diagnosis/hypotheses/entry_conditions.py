"""Conditions on single entries: on a number beside each, on its place, on a bound between right and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part, a_row_each
from gradschool.diagnosis.hypotheses.factors import in_common
from gradschool.diagnosis.hypotheses.places import Condition, Mask, flat, negated
from gradschool.diagnosis.inputs import fitted, is_flags, networks

WIDEST = 20.0  # times as large as the last right number the first wrong one may be: a wider gap says too little
Field = tuple[str, str, Mask]  # a number beside each entry: its key, its words, and what gives it


def fields(parts: Sequence[Part]) -> Iterator[Field]:
    """Yield the numbers that stand beside each entry: inputs, the right answer, and differences of two inputs."""
    nets, rows = networks(parts[0].exercise, parts[0].case.args), a_row_each(parts)
    names = [n for n in in_common(parts) if "[" not in n and n not in nets and all(_is_field(p, n) for p in parts)]
    for n in names:
        yield n, f"`{n}`", partial(_field, n, n in rows)
    yield "the right answer", "the right answer", lambda p: p.right if p.of_numbers else None
    if len(names) <= 6:
        of = {n: partial(_field, n, n in rows) for n in names}
        for a, b in ((a, b) for k, a in enumerate(names) for b in names[k + 1 :]):
            yield f"{a} - {b}", f"`{a} - {b}`", partial(_gap, of[a], of[b])


def _is_field(p: Part, name: str) -> bool:
    x = p.inputs[name]
    return bool(x.dtype.kind == "f" and x.ndim and x.size and not is_flags(x))


def _field(name: str, row_each: bool, p: Part) -> Array | None:
    return fitted(p.inputs[name], p.wrong.shape, row_each)


def _gap(one: Mask, two: Mask, p: Part) -> Array | None:
    a, b = one(p), two(p)
    return None if a is None or b is None else a - b


def _compared(of: Mask, by: np.ufunc, to: float, p: Part) -> Array | None:
    x = of(p)
    return None if x is None else np.asarray(by(x, to))


def values(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on the sign of a number beside each entry."""
    for key, says, of in fields(parts):
        yield Condition(("negative", key), f"{says} is negative", partial(_compared, of, np.less, 0))
        yield Condition(("positive", key), f"{says} is positive", partial(_compared, of, np.greater, 0))
        if key != "the right answer":  # any wrong factor shows where the right answer is not 0, and only there
            yield Condition(("zero", key), f"{says} is 0", partial(_compared, of, np.equal, 0))
            yield Condition(("not-zero", key), f"{says} is not 0", partial(_compared, of, np.not_equal, 0))


def positions(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on the place of an entry: the first row, the last column, the diagonal."""
    for axis, line in ((0, "entry" if parts[0].wrong.ndim == 1 else "row"), (1, "column")):
        for word, k in (("first", 0), ("last", -1)):
            at = partial(_at, axis, k)
            yield Condition((word, line), f"the {line} is the {word}", at)
            yield Condition((f"not-{word}", line), f"the {line} is not the {word}", partial(negated, at))
    yield Condition(("diagonal",), "the entry is on the diagonal", _diagonal)
    yield Condition(("off-diagonal",), "the entry is off the diagonal", partial(negated, _diagonal))


def _at(axis: int, k: int, p: Part) -> Array | None:
    if p.wrong.ndim <= axis:
        return None
    return np.asarray(np.indices(p.wrong.shape)[axis] == k % max(1, p.wrong.shape[axis]))


def _diagonal(p: Part) -> Array | None:
    if p.wrong.ndim != 2:
        return None
    rows, columns = np.indices(p.wrong.shape)
    return np.asarray(rows == columns)


# -- bounds that tell wrong entries from right ones -------------------------------------------------------------------


def bounds(parts: Sequence[Part], within: Sequence[Array]) -> Iterator[Condition]:
    """Yield a bound on a number beside each entry, if one tells the wrong entries from the right ones."""
    wrong = flat([p.wrong for p in parts], within)
    if min(wrong.sum(), (~wrong).sum()) < max(3, 0.1 * wrong.size):
        return  # a few entries may be right since their error is too small to count
    if min(sum(bool((m & w).any()) for m, w in zip(masks, within, strict=True)) for masks in _both_sides(parts)) < 3:
        return  # one input with a huge number in it is no proof of a bound
    for key, says, of in fields(parts):
        if key == "the right answer":
            continue  # most errors grow with it
        found = [of(p) for p in parts]
        if any(x is None or x.shape != p.wrong.shape for x, p in zip(found, parts, strict=True)):
            continue
        x = np.concatenate([np.ravel(f[w]) for f, w in zip(found, within, strict=True) if f is not None])
        for name, by in (("size of ", np.abs), ("", np.positive)):
            size, the = by(x), f"the {name}{says}" if name else says
            low, high = float(np.max(size[~wrong])), float(np.min(size[wrong]))
            if low < high <= low + WIDEST * abs(low):
                yield _beyond("above", f"{name}{key}", the, (low, high), of, by)
            low, high = float(np.max(size[wrong])), float(np.min(size[~wrong]))
            if low < high <= low + WIDEST * abs(low):
                yield _beyond("below", f"{name}{key}", the, (low, high), of, by)


def _both_sides(parts: Sequence[Part]) -> tuple[list[Array], list[Array]]:
    """Return the masks of the wrong entries, and those of the right ones."""
    return [p.wrong for p in parts], [~p.wrong for p in parts]


def _beyond(way: str, key: str, the: str, gap: tuple[float, float], of: Mask, by: np.ufunc) -> Condition:
    """Return the condition that a number is above, or below, all that lies in a gap between right and wrong entries.

    A bound is said to be about some number: where in the gap it is, no input tells.
    """
    low, high = gap
    at = _plain_number(low, high) if high - low <= 0.1 * abs(high) else None
    middle = (low + high) / 2 if at is None else at
    if way == "above":
        says = (
            f"{the} is {high:.3g} or more (it is right up to {low:.3g})"
            if at is None
            else f"{the} is more than about {at:g}"
        )
        return Condition((way, key, low, high), says, partial(_past, of, by, np.greater, middle))
    says = (
        f"{the} is {low:.3g} or less (it is right from {high:.3g} on)"
        if at is None
        else f"{the} is less than about {at:g}"
    )
    return Condition((way, key, low, high), says, partial(_past, of, by, np.less, middle))


def _past(of: Mask, by: np.ufunc, test: np.ufunc, bound: float, p: Part) -> Array | None:
    x = of(p)
    return None if x is None else np.asarray(test(by(x), bound))


def _plain_number(below: float, above: float) -> float | None:
    """Return the plainest number between two; None if there is none."""
    if not below < above or not np.isfinite([below, above]).all():
        return None
    for digits in range(-6, 12):
        for candidate in (np.ceil(below * 10.0**digits) / 10.0**digits, np.floor(above * 10.0**digits) / 10.0**digits):
            if below <= candidate < above:
                return float(candidate)
    return None
