"""Conditions: where a wrong answer is wrong, as a mask over its entries that an input or a size explains.

A condition is a hypothesis too. "Exactly where" it holds, or "only where" it holds, must be true of every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.formulas import in_common
from gradschool.diagnosis.inputs import fitted, is_flags, is_ids, networks

Mask = Callable[[Part], "Array | None"]


@dataclass(frozen=True)
class Condition:
    """Some of the entries of an answer: ``says`` completes "it is wrong where ..."; ``key`` is for a program."""

    key: tuple[str | float, ...]
    says: str
    of: Mask


@dataclass(frozen=True)
class Place:
    """Where an answer is wrong: in every entry under the condition (``exact``), or in some of them and no others."""

    condition: Condition
    exact: bool


MOST_OUTER = 3  # conditions that hold wherever the answer is wrong, within which a second one is looked for


def place(parts: Sequence[Part]) -> Place | None:
    """Return the condition, or the two together, that says best where these answers are wrong; None if none does."""
    if not any((~p.wrong).any() for p in parts):
        return None
    everywhere = [np.ones(p.wrong.shape, bool) for p in parts]
    outer: list[Condition] = []
    for condition in conditions(parts, everywhere):
        held = holds(parts, condition, everywhere)
        if held == "exactly":
            return Place(condition, True)
        if held:
            outer.append(condition)
    for one in outer[:MOST_OUTER]:
        within = [np.asarray(one.of(p)) for p in parts]
        for two in conditions(parts, within):
            both = _and(one, two)
            if holds(parts, two, within) == "exactly" and holds(parts, both, everywhere) == "exactly":
                return Place(both, True)
    telling = [c for c in outer if holds(parts, c, everywhere) == "only"]
    return Place(telling[0], False) if telling else None


def _and(one: Condition, two: Condition) -> Condition:
    def of(p: Part) -> Array | None:
        a, b = one.of(p), two.of(p)
        return None if a is None or b is None else a & b

    return Condition(("and", *one.key, "&", *two.key), f"{one.says} and {two.says}", of)


def holds(parts: Sequence[Part], condition: Condition, within: Sequence[Array]) -> str:
    """Return how a condition describes the wrong entries among some: "exactly", "only", "wider" or ""."""
    masks = [condition.of(p) for p in parts]
    if any(m is None or m.shape != p.wrong.shape for m, p in zip(masks, parts, strict=True)):
        return ""
    inside = _flat([m for m in masks if m is not None], within)
    wrong = _flat([p.wrong for p in parts], within)
    if (wrong & ~inside).any() or inside.all() or not inside.any():
        return ""
    if (wrong == inside).all():
        return "exactly" if _is_telling(parts, masks, within) else "wider"
    # A condition that holds nearly everywhere, or in which little is wrong, explains nothing by itself.
    common = wrong[inside].mean() > 0.3 and inside.mean() < 0.75
    return "only" if common and _is_telling(parts, masks, within) else "wider"


def _is_telling(parts: Sequence[Part], masks: Sequence[Array | None], within: Sequence[Array]) -> bool:
    """Return whether there is something to get wrong outside a condition too: most mistakes show where it is not 0."""
    if not all(p.of_numbers for p in parts):
        return True
    inside = _flat([m for m in masks if m is not None], within)
    right, wrong = _flat_numbers(parts, within), _flat([p.wrong for p in parts], within)
    return int(np.count_nonzero(right[~inside])) >= 3 or not right[wrong].any()


def _flat_numbers(parts: Sequence[Part], within: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(p.right[w]) for p, w in zip(parts, within, strict=True)])


def _flat(masks: Sequence[Array], within: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(m[w]) for m, w in zip(masks, within, strict=True)]).astype(bool)


def conditions(parts: Sequence[Part], within: Sequence[Array]) -> Iterator[Condition]:
    """Yield the conditions that these parts allow, the plainest first; bounds are learned from the entries ``within``."""
    yield from _named_rows(parts)
    yield from _flags(parts)
    yield from _of_cases(parts)
    yield from _ids(parts)
    yield from _values(parts)
    yield from _places(parts)
    yield from _thresholds(parts, within)


def _rowwise(p: Part, mask: Array) -> Array | None:
    """Return a mask over rows as one over entries; None if it has another length."""
    if p.wrong.ndim == 0 or mask.shape != p.wrong.shape[:1]:
        return None
    return np.broadcast_to(mask.reshape(-1, *[1] * (p.wrong.ndim - 1)), p.wrong.shape)


def _named_rows(parts: Sequence[Part]) -> Iterator[Condition]:
    for name in parts[0].case.rows:

        def of(p: Part, name: str = name) -> Array | None:
            return _rowwise(p, np.asarray(p.case.rows[name], bool)) if name in p.case.rows else None

        yield Condition(("row", name), f"the row is {name}", of)


def _flags(parts: Sequence[Part]) -> Iterator[Condition]:
    names = [n for n in in_common(parts) if all(is_flags(p.inputs[n]) and p.inputs[n].ndim == 1 for p in parts)]

    def on(p: Part, name: str) -> Array:
        return p.inputs[name].astype(bool)

    for n in names:
        yield Condition(("flag", n), f"`{n}` is on", lambda p, n=n: _rowwise(p, on(p, n)))  # type: ignore[misc]
        yield Condition(("no-flag", n), f"`{n}` is off", lambda p, n=n: _rowwise(p, ~on(p, n)))  # type: ignore[misc]
    for one in names:
        for two in names:
            if one < two:
                yield Condition(("both", one, two), f"`{one}` and `{two}` are both on", lambda p, a=one, b=two: _rowwise(p, on(p, a) & on(p, b)))  # type: ignore[misc]  # fmt: skip
                yield Condition(("either", one, two), f"`{one}` or `{two}` is on", lambda p, a=one, b=two: _rowwise(p, on(p, a) | on(p, b)))  # type: ignore[misc]  # fmt: skip
            if one != two:
                yield Condition(("one-not-two", one, two), f"`{one}` is on and `{two}` is off", lambda p, a=one, b=two: _rowwise(p, on(p, a) & ~on(p, b)))  # type: ignore[misc]  # fmt: skip


def _of_cases(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on whole inputs: a size of 1, an option at 0 or 1, an id that occurs twice."""
    for size in parts[0].sizes:
        for n in (1, 2):
            yield _whole(("size", size, n), f"{size} is {n}", lambda p, s=size, n=n: p.sizes.get(s) == n)
        yield _whole(("size-above", size, 1), f"{size} is more than 1", lambda p, s=size: p.sizes.get(s, 1) > 1)
    for one in parts[0].sizes:
        for two in parts[0].sizes:
            if one < two:
                yield _whole(("equal", one, two), f"{one} = {two}", lambda p, a=one, b=two: p.sizes.get(a) == p.sizes.get(b))  # fmt: skip
                yield _whole(("unequal", one, two), f"{one} is not {two}", lambda p, a=one, b=two: p.sizes.get(a) != p.sizes.get(b))  # fmt: skip
    for name in in_common(parts):
        if all(p.inputs[name].ndim == 0 for p in parts):
            for n in (0, 1):
                yield _whole(("value", name, n), f"`{name}` is {n}", lambda p, k=name, n=n: bool(p.inputs[k] == n))
                yield _whole(("not-value", name, n), f"`{name}` is not {n}", lambda p, k=name, n=n: bool(p.inputs[k] != n))  # fmt: skip
            yield _whole(("above", name, 1), f"`{name}` is more than 1", lambda p, k=name: bool(p.inputs[k] > 1))
        if all(is_ids(p.inputs[name]) and p.inputs[name].ndim == 1 for p in parts):
            yield _whole(("repeats", name), f"an entry of `{name}` occurs more than once", lambda p, k=name: _repeated(p.inputs[k]).any())  # fmt: skip
        if all(p.inputs[name].ndim == 1 and is_flags(p.inputs[name]) for p in parts):
            yield _whole(("any", name), f"any entry of `{name}` is on", lambda p, k=name: p.inputs[k].any())
            yield _whole(("none", name), f"no entry of `{name}` is on", lambda p, k=name: not p.inputs[k].any())
    for name in in_common(parts):
        for n in sorted({p.inputs[name].ndim for p in parts}):
            yield _whole(("axes", name, n), f"`{name}` has {n} {'axis' if n == 1 else 'axes'}", lambda p, k=name, n=n: p.inputs[k].ndim == n)  # fmt: skip
            yield _whole(("more-axes", name, n), f"`{name}` has more than {n} {'axis' if n == 1 else 'axes'}", lambda p, k=name, n=n: p.inputs[k].ndim > n)  # fmt: skip
        if all(p.inputs[name].ndim == 2 for p in parts):
            yield _whole(("square", name), f"`{name}` is square", lambda p, k=name: p.inputs[k].shape[0] == p.inputs[k].shape[1])  # fmt: skip
            yield _whole(("not-square", name), f"`{name}` is not square", lambda p, k=name: p.inputs[k].shape[0] != p.inputs[k].shape[1])  # fmt: skip
            yield _whole(("tall", name), f"`{name}` has more rows than columns", lambda p, k=name: p.inputs[k].shape[0] > p.inputs[k].shape[1])  # fmt: skip
            yield _whole(("wide", name), f"`{name}` has more columns than rows", lambda p, k=name: p.inputs[k].shape[0] < p.inputs[k].shape[1])  # fmt: skip
    for name, value in parts[0].case.args.items():
        if isinstance(value, str):
            seen = sorted({str(p.case.args.get(name)) for p in parts})
            for text in seen:
                yield _whole(("text", name, text), f"the {name.replace('_', ' ')} is {text}", lambda p, k=name, t=text: p.case.args.get(k) == t)  # fmt: skip
                yield _whole(("not-text", name, text), f"the {name.replace('_', ' ')} is not {text}", lambda p, k=name, t=text: p.case.args.get(k) != t)  # fmt: skip


def _whole(key: tuple[str | float, ...], says: str, holds: Callable[[Part], bool]) -> Condition:
    return Condition(key, says, lambda p: np.full(p.wrong.shape, bool(holds(p))))


def _repeated(ids: Array) -> Array:
    values, counts = np.unique(ids, return_counts=True)
    return np.isin(ids, values[counts > 1])


def _ids(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on rows and columns that ids point to."""
    for name in in_common(parts):
        if not all(is_ids(p.inputs[name]) and p.inputs[name].ndim == 1 for p in parts):
            continue
        yield Condition(("column-of", name), f"the column is the row's `{name}`", lambda p, k=name: _column_of(p, k))  # type: ignore[misc]
        yield Condition(("not-column-of", name), f"the column is not the row's `{name}`", lambda p, k=name: _turned(_column_of(p, k)))  # type: ignore[misc]  # fmt: skip
        yield Condition(("repeated", name), f"the row's `{name}` occurs more than once", lambda p, k=name: _rowwise(p, _repeated(p.inputs[k])))  # type: ignore[misc]  # fmt: skip
        yield Condition(("row-of", name), f"the row is in `{name}`", lambda p, k=name: _row_of(p, k, 1))  # type: ignore[misc]
        yield Condition(("not-row-of", name), f"the row is not in `{name}`", lambda p, k=name: _turned(_row_of(p, k, 1)))  # type: ignore[misc]  # fmt: skip
        yield Condition(("row-of-twice", name), f"the row is in `{name}` more than once", lambda p, k=name: _row_of(p, k, 2))  # type: ignore[misc]  # fmt: skip
        yield Condition(("id-zero", name), f"the row's `{name}` is 0", lambda p, k=name: _rowwise(p, p.inputs[k] == 0))  # type: ignore[misc]  # fmt: skip
    if all({"state", "action"} <= p.inputs.keys() for p in parts):
        yield Condition(("pair-twice",), "the pair of `state` and `action` occurs more than once", _pair_twice)


def _turned(mask: Array | None) -> Array | None:
    return None if mask is None else ~mask


def _column_of(p: Part, name: str) -> Array | None:
    ids = p.inputs[name]
    if p.wrong.ndim != 2 or len(ids) != len(p.wrong):
        return None
    return np.asarray(np.arange(p.wrong.shape[1]) == ids[:, None])


def _row_of(p: Part, name: str, times: int) -> Array | None:
    if p.wrong.ndim != 2 or len(p.wrong) <= p.inputs[name].max(initial=-1):
        return None
    counts = np.bincount(p.inputs[name], minlength=len(p.wrong))
    return _rowwise(p, counts >= times)


def _pair_twice(p: Part) -> Array | None:
    if p.wrong.ndim != 2 or np.ndim(p.inputs["state"]) != 1:
        return None
    counts = np.zeros(p.wrong.shape)
    if p.inputs["state"].max() >= len(counts) or p.inputs["action"].max() >= counts.shape[1]:
        return None
    np.add.at(counts, (p.inputs["state"], p.inputs["action"]), 1)
    return counts > 1


def _values(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on the sign of an input's entry, or of the right answer's."""
    for key, says, of in _fields(parts):
        yield Condition(("negative", key), f"{says} is negative", lambda p, of=of: _test(of(p), lambda x: x < 0))  # type: ignore[misc]  # fmt: skip
        yield Condition(("positive", key), f"{says} is positive", lambda p, of=of: _test(of(p), lambda x: x > 0))  # type: ignore[misc]  # fmt: skip
        if key == "the right answer":
            continue  # any wrong factor shows where the right answer is not 0, and only there
        yield Condition(("zero", key), f"{says} is 0", lambda p, of=of: _test(of(p), lambda x: x == 0))  # type: ignore[misc]  # fmt: skip
        yield Condition(("not-zero", key), f"{says} is not 0", lambda p, of=of: _test(of(p), lambda x: x != 0))  # type: ignore[misc]  # fmt: skip


def _test(x: Array | None, test: Callable[[Array], Array]) -> Array | None:
    return None if x is None else test(x)


Field = tuple[str, str, Mask]  # key, words, the number that stands beside each entry


def _fields(parts: Sequence[Part]) -> Iterator[Field]:
    nets = networks(parts[0].exercise, parts[0].case.args)
    names = [
        n
        for n in in_common(parts)
        if "[" not in n
        and n not in nets
        and all(p.inputs[n].dtype.kind == "f" and p.inputs[n].size and not is_flags(p.inputs[n]) for p in parts)
    ]
    for n in names:
        yield n, f"`{n}`", lambda p, n=n: fitted(p.inputs[n], p.wrong.shape) if p.inputs[n].ndim else None  # type: ignore[misc]  # fmt: skip
    yield "the right answer", "the right answer", lambda p: p.right if p.of_numbers else None
    arrays = [n for n in names if all(p.inputs[n].ndim for p in parts)]
    if len(arrays) <= 6:
        for k, one in enumerate(arrays):
            for two in arrays[k + 1 :]:
                yield f"{one} - {two}", f"`{one} - {two}`", lambda p, a=one, b=two: _gap(p, a, b)  # type: ignore[misc]


def _gap(p: Part, one: str, two: str) -> Array | None:
    a, b = fitted(p.inputs[one], p.wrong.shape), fitted(p.inputs[two], p.wrong.shape)
    return None if a is None or b is None else a - b


def _places(parts: Sequence[Part]) -> Iterator[Condition]:
    """Yield conditions on the place of an entry: the first row, the last column, the diagonal."""

    def at(axis: int, k: int) -> Mask:
        def of(p: Part) -> Array | None:
            if p.wrong.ndim <= axis or p.wrong.size < 2 or p.wrong.shape[axis] < 2:
                return np.zeros(p.wrong.shape, bool) if p.wrong.ndim > axis else None
            return np.asarray(np.indices(p.wrong.shape)[axis] == k % p.wrong.shape[axis])

        return of

    for axis, line in ((0, "entry" if parts[0].wrong.ndim == 1 else "row"), (1, "column")):
        yield Condition(("first", line), f"the {line} is the first", at(axis, 0))
        yield Condition(("not-first", line), f"the {line} is not the first", lambda p, of=at(axis, 0): _turned(of(p)))  # type: ignore[misc]  # fmt: skip
        yield Condition(("last", line), f"the {line} is the last", at(axis, -1))
        yield Condition(("not-last", line), f"the {line} is not the last", lambda p, of=at(axis, -1): _turned(of(p)))  # type: ignore[misc]  # fmt: skip
    yield Condition(("diagonal",), "the entry is on the diagonal", lambda p: np.eye(*p.wrong.shape, dtype=bool) if p.wrong.ndim == 2 else None)  # fmt: skip
    yield Condition(("off-diagonal",), "the entry is off the diagonal", lambda p: ~np.eye(*p.wrong.shape, dtype=bool) if p.wrong.ndim == 2 else None)  # fmt: skip


def _thresholds(parts: Sequence[Part], within: Sequence[Array]) -> Iterator[Condition]:
    """Yield a bound on the size of a number beside each entry, if one tells the wrong entries from the right ones."""
    wrong = _flat([p.wrong for p in parts], within)
    if not 3 <= wrong.sum() <= wrong.size - 3:
        return
    for key, says, of in _fields(parts):
        found = [of(p) for p in parts]
        if any(x is None or x.shape != p.wrong.shape for x, p in zip(found, parts, strict=True)):
            continue
        x = np.concatenate([np.ravel(f[w]) for f, w in zip(found, within, strict=True) if f is not None])
        for name, by in (("size of ", np.abs), ("", np.asarray), ("negative of ", np.negative)):
            size, the = by(x), f"the {name}{says}" if name else says
            low, high = float(np.max(size[~wrong])), float(np.min(size[wrong]))
            if low < high and not (low <= 0 and key == "the right answer"):
                yield _beyond("above", f"{name}{key}", the, (low, high), of, by)
            low, high = float(np.max(size[wrong])), float(np.min(size[~wrong]))
            if low < high and name == "size of ":
                yield _beyond("below", f"{name}{key}", the, (low, high), of, by)


def _beyond(
    way: str, key: str, the: str, gap: tuple[float, float], of: Mask, by: Callable[[Array], Array]
) -> Condition:
    """Return the condition that a number is above, or below, all that lies in a gap between right and wrong entries."""
    low, high = gap
    at = _bound(low, high)
    narrow = at is not None and high - low <= 0.1 * abs(high)
    middle = at if narrow and at is not None else (low + high) / 2
    if way == "above":
        says = f"{the} is more than {at:g}" if narrow else f"{the} is {high:.3g} or more (it is right up to {low:.3g})"
        return Condition((way, key, low, high), says, lambda p: _test(of(p), lambda x: by(x) > middle))
    says = f"{the} is less than {at:g}" if narrow else f"{the} is {low:.3g} or less (it is right from {high:.3g} on)"
    return Condition((way, key, low, high), says, lambda p: _test(of(p), lambda x: by(x) < middle))


def _bound(below: float, above: float) -> float | None:
    """Return the plainest number between two; None if the first is not smaller."""
    if not below < above or not np.isfinite([below, above]).all():
        return None
    for digits in range(-6, 12):
        for candidate in (np.ceil(below * 10.0**digits) / 10.0**digits, np.floor(above * 10.0**digits) / 10.0**digits):
            if below <= candidate < above:
                return float(candidate)
    return None
