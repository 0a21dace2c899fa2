"""Conditions: where a wrong answer is wrong, as a mask over its entries that an input or a size explains.

A condition is a hypothesis too. "Exactly where" it holds, or "only where" it holds, must be true of every attempt.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.entry_conditions import bounds, positions, values
from gradschool.diagnosis.hypotheses.factors import in_common
from gradschool.diagnosis.hypotheses.places import Condition, negated
from gradschool.diagnosis.inputs import is_flags, is_ids

Test = Callable[[Any, Any], object]
# Numbers that name a row or a column: 1 is one like another, 0 may count as none.
IDS = ("state", "action", "next_state")
UNNAMED = {"curved": "Q is curved in the action"}  # what a case is, which no input says


def conditions(parts: Sequence[Part], within: Sequence[Array]) -> Iterator[Condition]:
    """Yield the conditions that these parts allow, the plainest first; bounds are learned from entries ``within``."""
    yield from _named_rows(parts)
    yield from _flags(parts)
    yield from _unnamed(parts)
    whole_calls = parts[0].exercise.read is not None  # a row of what is read from weights is a call, not a sample
    if not whole_calls:
        yield from _sizes(parts)
    yield from _options(parts)
    yield from _shapes(parts)
    yield from _ids(parts)
    yield from _single_ids(parts)
    yield from _differing(parts)
    yield from values(parts)
    if not whole_calls:
        yield from positions(parts)
    yield from bounds(parts, within)


def _rowwise(p: Part, mask: Array) -> Array | None:
    """Return a mask over rows as one over entries; None if it has another length."""
    if p.wrong.ndim == 0 or mask.shape != p.wrong.shape[:1]:
        return None
    return np.broadcast_to(mask.reshape(-1, *[1] * (p.wrong.ndim - 1)), p.wrong.shape)


def _whole(key: tuple[str | float, ...], says: str, holds: Callable[[Part], object]) -> Condition:
    """Return a condition on whole inputs, which holds for every entry of an answer or for none."""
    return Condition(key, says, lambda p: np.full(p.wrong.shape, bool(holds(p))), whole=True)


# -- rows that have a name, and flags ---------------------------------------------------------------------------------


def _named_rows(parts: Sequence[Part]) -> Iterator[Condition]:
    for name in parts[0].case.rows:
        yield Condition(("row", name), f"the row is {name}", partial(_named_row, name))


def _named_row(name: str, p: Part) -> Array | None:
    return _rowwise(p, np.asarray(p.case.rows[name], bool)) if name in p.case.rows else None


def _flags(parts: Sequence[Part]) -> Iterator[Condition]:
    names = [n for n in in_common(parts) if all(is_flags(p.inputs[n]) and p.inputs[n].ndim == 1 for p in parts)]
    for n in names:
        yield Condition(("flag", n), f"`{n}` is on", partial(_on, n))
        yield Condition(("no-flag", n), f"`{n}` is off", partial(negated, partial(_on, n)))
    for a in names:
        for b in names:
            if a < b:
                yield Condition(("both", a, b), f"`{a}` and `{b}` are both on", partial(_both, a, b, np.logical_and))
                yield Condition(("either", a, b), f"`{a}` or `{b}` is on", partial(_both, a, b, np.logical_or))
            if a != b:
                says = f"`{a}` is on and `{b}` is off"
                yield Condition(("one-not-two", a, b), says, partial(_both, a, b, np.greater))


def _on(name: str, p: Part) -> Array | None:
    return _rowwise(p, p.inputs[name].astype(bool))


def _both(one: str, two: str, by: np.ufunc, p: Part) -> Array | None:
    return _rowwise(p, np.asarray(by(p.inputs[one].astype(bool), p.inputs[two].astype(bool))))


# -- sizes, options and shapes: of whole inputs -----------------------------------------------------------------------


def _sizes(parts: Sequence[Part]) -> Iterator[Condition]:
    names = list(parts[0].sizes)
    for a, b in ((a, b) for a in names for b in names if a < b):
        if all((p.sizes.get(a, 1) > 1) == (p.sizes.get(b, 1) > 1) for p in parts):  # then nothing tells them apart
            yield _whole(("sizes-above", a, b), f"{a} and {b} are more than 1", partial(_size, a, operator.gt, 1))
    for s in names:
        for n in (1, 2):
            yield _whole(("size", s, n), f"{s} is {n}", partial(_size, s, operator.eq, n))
        yield _whole(("size-above", s, 1), f"{s} is more than 1", partial(_size, s, operator.gt, 1))
    for a, b in ((a, b) for a in names for b in names if a < b):
        yield _whole(("equal", a, b), f"{a} = {b}", partial(_two_sizes, a, b, operator.eq))
        yield _whole(("unequal", a, b), f"{a} is not {b}", partial(_two_sizes, a, b, operator.ne))


def _unnamed(parts: Sequence[Part]) -> Iterator[Condition]:
    for k, says in UNNAMED.items():
        if all(k in p.case.args for p in parts):
            yield _whole(("unnamed", k), says, lambda p, k=k: p.case.args[k])  # type: ignore[misc]


def _size(name: str, test: Test, n: float, p: Part) -> object:
    return test(p.sizes.get(name, 1), n)


def _two_sizes(one: str, two: str, test: Test, p: Part) -> object:
    return test(p.sizes.get(one), p.sizes.get(two))


def _options(parts: Sequence[Part]) -> Iterator[Condition]:
    for k in in_common(parts):
        if all(p.inputs[k].ndim == 0 for p in parts):
            flag = all(p.inputs[k].dtype.kind == "b" for p in parts)
            for n in (0,) if k in IDS else (0, 1):
                word = bool(n) if flag else n
                yield _whole(("value", k, n), f"`{k}` is {word}", partial(_number, k, operator.eq, n))
                if not flag and k not in IDS:
                    yield _whole(("not-value", k, n), f"`{k}` is not {n}", partial(_number, k, operator.ne, n))
            if k in IDS:
                continue
            yield _whole(("above-1", k), f"`{k}` is more than 1", partial(_number, k, operator.gt, 1))
            if not flag and all(p.inputs[k].dtype.kind in "iu" for p in parts):
                yield from _counts(parts, k)
    for k, value in parts[0].case.args.items():
        if isinstance(value, str):
            name = k.replace("_", " ")
            for t in sorted({str(p.case.args.get(k)) for p in parts}):
                yield _whole(("text", k, t), f"the {name} is {t}", partial(_text, k, operator.eq, t))
                yield _whole(("not-text", k, t), f"the {name} is not {t}", partial(_text, k, operator.ne, t))


def _counts(parts: Sequence[Part], k: str) -> Iterator[Condition]:
    """Yield a bound on a count, if one tells the inputs with wrong answers from all others."""
    wrong, right = ({int(p.inputs[k]) for p in parts if p.is_wrong is bad} for bad in (True, False))
    if wrong and right and max(right) < min(wrong):
        says = f"`{k}` is {min(wrong)} or more (it is right up to {max(right)})"
        yield _whole(("count-from", k, max(right), min(wrong)), says, partial(_number, k, operator.gt, max(right)))
    if wrong and right and max(wrong) < min(right):
        says = f"`{k}` is {max(wrong)} or less (it is right from {min(right)} on)"
        yield _whole(("count-to", k, max(wrong), min(right)), says, partial(_number, k, operator.lt, min(right)))


def _number(name: str, test: Test, n: float, p: Part) -> object:
    return test(p.inputs[name], n)


def _text(name: str, test: Test, text: str, p: Part) -> object:
    return test(p.case.args.get(name), text)


SHAPES: tuple[tuple[str, str, Test], ...] = (
    ("square", "is square", operator.eq),
    ("not-square", "is not square", operator.ne),
    ("tall", "has more rows than columns", operator.gt),
    ("wide", "has more columns than rows", operator.lt),
)


def _shapes(parts: Sequence[Part]) -> Iterator[Condition]:
    for k in in_common(parts):
        for n in sorted({p.inputs[k].ndim for p in parts}):
            axes = f"{n} {'axis' if n == 1 else 'axes'}"
            yield _whole(("axes", k, n), f"`{k}` has {axes}", partial(_axes, k, operator.eq, n))
            yield _whole(("more-axes", k, n), f"`{k}` has more than {axes}", partial(_axes, k, operator.gt, n))
    matrices = _shaped_apart(parts)
    for key, says, test in SHAPES:
        for names in _together(parts, matrices, test):
            one = len(names) == 1
            key_of = (key, *names) if one else ("any-of", key, *names)
            yield _whole(key_of, f"{_either(names)} {says}", partial(_any_shape, names, test))


def _shaped_apart(parts: Sequence[Part]) -> list[str]:
    """Return the matrices among the inputs; of those that have one shape in every input, the first."""
    found: dict[tuple[tuple[int, ...], ...], str] = {}
    for k in in_common(parts):
        if all(p.inputs[k].ndim == 2 for p in parts):
            found.setdefault(tuple(p.inputs[k].shape for p in parts), k)
    return list(found.values())


def _together(parts: Sequence[Part], names: Sequence[str], test: Test) -> list[tuple[str, ...]]:
    """Return the names in groups: no input that was tried tells those of a group apart."""
    groups: dict[tuple[bool, ...], list[str]] = {}
    for k in names:
        groups.setdefault(tuple(bool(_any_shape((k,), test, p)) for p in parts), []).append(k)
    return [tuple(group) for group in groups.values()]


def _either(names: Sequence[str]) -> str:
    if len(names) > 3:
        return "one of the matrices"
    return " or ".join(f"`{k}`" for k in names)


def _axes(name: str, test: Test, n: float, p: Part) -> object:
    return test(p.inputs[name].ndim, n)


def _any_shape(names: Sequence[str], test: Test, p: Part) -> object:
    return any(test(*p.inputs[k].shape) for k in names)


# -- ids: rows and columns that they point to -------------------------------------------------------------------------


def _ids(parts: Sequence[Part]) -> Iterator[Condition]:
    for k in in_common(parts):
        if not all(is_ids(p.inputs[k]) and p.inputs[k].ndim == 1 for p in parts):
            continue
        column, row, twice = partial(_column_of, k), partial(_row_of, k, 1), partial(_row_of, k, 2)
        yield Condition(("column-of", k), f"the column is the row's `{k}`", column)
        yield Condition(("not-column-of", k), f"the column is not the row's `{k}`", partial(negated, column))
        yield Condition(("repeated", k), f"the row's `{k}` occurs more than once", partial(_repeated_row, k))
        yield Condition(("row-of", k), f"the row is in `{k}`", row)
        yield Condition(("not-row-of", k), f"the row is not in `{k}`", partial(negated, row))
        yield Condition(("row-of-twice", k), f"the row is in `{k}` more than once", twice)
        yield Condition(("id-zero", k), f"the row's `{k}` is 0", partial(_id_zero, k))
        says = f"an entry of `{k}` occurs more than once"
        yield _whole(("repeats", k), says, partial(_repeats, k))
    if all({"state", "action", "next_state"} <= p.inputs.keys() for p in parts):
        says = "the entry is that of a `state` and `action` whose `next_state` is the same state"
        yield Condition(("back-to-itself",), says, _back_to_itself)
        if all(p.inputs["state"].ndim == p.inputs["next_state"].ndim == 0 for p in parts):
            says = "`next_state` is `state` itself"
            yield _whole(("same-state",), says, lambda p: p.inputs["state"] == p.inputs["next_state"])
    if all({"W", "next_state", "terminated"} <= p.inputs.keys() for p in parts):
        says = "the entry is that of the best action in the `next_state` of a row that goes on"
        yield Condition(("best-of-next",), says, _best_of_next)
    if all({"W", "state", "next_state"} <= p.inputs.keys() for p in parts):
        says = "the entry is that of the best action in a `next_state` that is the row's own `state`"
        yield Condition(("best-of-own-next",), says, _best_of_own_next)
    if all({"q", "action"} <= p.inputs.keys() for p in parts):
        says = "the row's `action` is the one with the largest `q`"
        yield Condition(("best-taken",), says, _best_taken)
    if all({"state", "action"} <= p.inputs.keys() for p in parts):
        yield Condition(("pair-twice",), "the pair of `state` and `action` occurs more than once", _pair_twice)


def _single_ids(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield the entries of a single step's row beside its own: that its own is wrong says nothing."""
    if all({"state", "action"} <= p.inputs.keys() and p.inputs["state"].ndim == 0 for p in parts):
        yield Condition(("beside-step",), "the row is `state` and the column is not `action`", _beside_step)


def _differing(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield the rows in which two tables of one shape differ in several entries."""
    names = [n for n in in_common(parts) if all(p.inputs[n].ndim == 2 for p in parts)]
    for a, b in ((a, b) for k, a in enumerate(names) for b in names[k + 1 :]):
        if all(p.inputs[a].shape == p.inputs[b].shape for p in parts):
            says = f"more than one entry of the row differs between `{a}` and `{b}`"
            yield Condition(("row-differs-twice", a, b), says, partial(_differs_twice, a, b))


def _differs_twice(one: str, two: str, p: Part) -> Array | None:
    return _rowwise(p, (p.inputs[one] != p.inputs[two]).sum(axis=1) > 1)


def _beside_step(p: Part) -> Array | None:
    if p.wrong.ndim != 2:
        return None
    rows, columns = np.indices(p.wrong.shape)
    return np.asarray((rows == p.inputs["state"]) & (columns != p.inputs["action"]))


def _repeated(ids: Array) -> Array:
    values, counts = np.unique(ids, return_counts=True)
    return np.isin(ids, values[counts > 1])


def _repeats(name: str, p: Part) -> object:
    return _repeated(p.inputs[name]).any()


def _id_zero(name: str, p: Part) -> Array | None:
    return _rowwise(p, p.inputs[name] == 0)


def _repeated_row(name: str, p: Part) -> Array | None:
    return _rowwise(p, _repeated(p.inputs[name]))


def _column_of(name: str, p: Part) -> Array | None:
    ids = p.inputs[name]
    if p.wrong.ndim != 2 or len(ids) != len(p.wrong):
        return None
    return np.asarray(np.arange(p.wrong.shape[1]) == ids[:, None])


def _row_of(name: str, times: int, p: Part) -> Array | None:
    if p.wrong.ndim != 2 or len(p.wrong) <= p.inputs[name].max(initial=-1):
        return None
    return _rowwise(p, np.bincount(p.inputs[name], minlength=len(p.wrong)) >= times)


def _back_to_itself(p: Part) -> Array | None:
    """Return the entries (s, a) of steps that lead back to s, in a table of states and actions."""
    rows, columns = p.wrong.shape if p.wrong.ndim == 2 else (0, 0)
    s, a, s_next = (np.atleast_1d(p.inputs[k]).astype(int) for k in ("state", "action", "next_state"))
    if not (len(s) and s.max() < rows and a.max() < columns):
        return None
    mask = np.zeros(p.wrong.shape, bool)
    mask[s[s == s_next], a[s == s_next]] = True
    return mask


def _best_of_next(p: Part) -> Array | None:
    """Return the entries of a table of states and actions that labels of rows that go on are taken from."""
    W = p.inputs["W"]
    if p.wrong.shape != W.shape:
        return None
    onward = p.inputs["next_state"][~p.inputs["terminated"].astype(bool)]
    mask = np.zeros(W.shape, bool)
    mask[onward, W[onward].argmax(axis=1)] = True
    return mask


def _best_of_own_next(p: Part) -> Array | None:
    """Return the entries of a table that labels are taken from in steps that lead back to their own state."""
    W, s, s_next = p.inputs["W"], p.inputs["state"], p.inputs["next_state"]
    if p.wrong.shape != W.shape or s.shape != s_next.shape:
        return None
    back = s_next[s == s_next]
    mask = np.zeros(W.shape, bool)
    mask[back, W[back].argmax(axis=1)] = True
    return mask


def _best_taken(p: Part) -> Array | None:
    q, action = p.inputs["q"], p.inputs["action"]
    return _rowwise(p, q.argmax(axis=1) == action) if q.ndim == 2 and action.shape == q.shape[:1] else None


def _pair_twice(p: Part) -> Array | None:
    if p.wrong.ndim != 2 or np.ndim(p.inputs["state"]) != 1:
        return None
    counts: Array = np.zeros(p.wrong.shape)
    rows, columns = p.wrong.shape
    if p.inputs["state"].max() >= rows or p.inputs["action"].max() >= columns:
        return None
    np.add.at(counts, (p.inputs["state"], p.inputs["action"]), 1)
    return counts > 1
