"""Conditions that a claim may name, worked out as masks over the entries of one sample's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from grader.audit.sentences.inputs import Sample
from gradschool.core.numerics import Array

Details = tuple[str | float, ...]


class UnknownCondition(LookupError):
    """A claim's key names a condition that is not known here."""


def condition(s: Sample, part: str, key: Details) -> Array | None:
    """Return the entries of a part of the answer of which a condition is true; None where it makes no sense.

    Raises
    ------
    UnknownCondition
        If the key is not known.
    """
    if key[0] == "and":
        at = key.index("&")
        one, two = condition(s, part, key[1:at]), condition(s, part, key[at + 1 :])
        return None if one is None or two is None else one & two
    name, *rest = key
    like = s.right[part]
    if name in WHOLE:
        return np.full(like.shape, bool(WHOLE[str(name)](s, *rest)))
    if name in ROWS:
        rows = ROWS[str(name)](s, *rest)
        if rows is None or like.ndim == 0 or len(rows) != len(like):
            return None
        return np.asarray(rows.reshape(-1, *[1] * (like.ndim - 1)) & np.ones(like.shape, bool))
    if name in ENTRIES:
        return ENTRIES[str(name)](s, part, *rest)
    raise UnknownCondition(f"the condition {key!r}")


# -- of whole inputs ---------------------------------------------------------------------------------------------------


def _size(s: Sample, name: str | float) -> int | None:
    return s.case.sizes.get(str(name))


def _axes(s: Sample, name: str) -> int:
    return s.inputs[name].ndim


WHOLE: dict[str, Callable[..., object]] = {
    "any": lambda s, n: s.inputs[n].astype(bool).any(),
    "none": lambda s, n: not s.inputs[n].astype(bool).any(),
    "size": lambda s, n, k: (_size(s, n) or 1) == k,
    "size-above": lambda s, n, k: (_size(s, n) or 1) > k,
    "equal": lambda s, a, b: _size(s, a) == _size(s, b),
    "unequal": lambda s, a, b: _size(s, a) != _size(s, b),
    "value": lambda s, n, k: s.inputs[n] == k,
    "not-value": lambda s, n, k: s.inputs[n] != k,
    "above-1": lambda s, n: s.inputs[n] > 1,
    "text": lambda s, n, t: str(s.case.args.get(n)) == t,
    "not-text": lambda s, n, t: str(s.case.args.get(n)) != t,
    "square": lambda s, n: s.inputs[n].shape[0] == s.inputs[n].shape[1],
    "not-square": lambda s, n: s.inputs[n].shape[0] != s.inputs[n].shape[1],
    "tall": lambda s, n: s.inputs[n].shape[0] > s.inputs[n].shape[1],
    "wide": lambda s, n: s.inputs[n].shape[0] < s.inputs[n].shape[1],
    "any-of": lambda s, shape, *names: any(WHOLE[shape](s, n) for n in names),
    "axes": lambda s, n, k: _axes(s, n) == k,
    "more-axes": lambda s, n, k: _axes(s, n) > k,
    "same-state": lambda s: int(s.inputs["state"]) == int(s.inputs["next_state"]),
    "repeats": lambda s, n: len(set(s.inputs[n].tolist())) < s.inputs[n].size,
}

# -- of rows -----------------------------------------------------------------------------------------------------------


def _flag(s: Sample, name: str) -> Array:
    return s.inputs[name].astype(bool)


def _named(s: Sample, name: str) -> Array | None:
    return np.asarray(s.case.rows[name], bool) if name in s.case.rows else None


def _more_than_once(s: Sample, name: str) -> Array:
    ids = s.inputs[name].tolist()
    count = Counter(ids)
    return np.array([count[k] > 1 for k in ids], bool)


ROWS: dict[str, Callable[..., Array | None]] = {
    "row": _named,
    "flag": _flag,
    "no-flag": lambda s, n: ~_flag(s, n),
    "both": lambda s, a, b: _flag(s, a) & _flag(s, b),
    "either": lambda s, a, b: _flag(s, a) | _flag(s, b),
    "one-not-two": lambda s, a, b: _flag(s, a) & ~_flag(s, b),
    "repeated": _more_than_once,
    "id-zero": lambda s, n: s.inputs[n] == 0,
}

# -- of entries --------------------------------------------------------------------------------------------------------


def beside(s: Sample, part: str, name: str) -> Array | None:
    """Return the number that stands beside each entry: an input, the right answer, a difference of two inputs."""
    like = s.right[part]
    if name == "the right answer":
        return like
    if " - " in name:
        one, two = (beside(s, part, n) for n in name.split(" - "))
        return None if one is None or two is None else one - two
    x = s.inputs.get(name)
    if x is None:
        return None
    x = x.astype(np.float64)
    if x.ndim == 1 and like.ndim == 2 and len(x) == like.shape[0] and s.stands_by_rows(name, like.shape):
        x = x[:, None]
    try:
        return np.asarray(np.broadcast_to(x, like.shape))
    except ValueError:
        return None


def _compared(test: Callable[[Array], Array]) -> Callable[[Sample, str, str], Array | None]:
    def of(s: Sample, part: str, name: str) -> Array | None:
        x = beside(s, part, name)
        return None if x is None else np.asarray(test(x))

    return of


def _bound(s: Sample, part: str, name: str) -> Array | None:
    """Return the number beside each entry, or its size, or its negative."""
    for words, of in (("size of ", np.abs), ("negative of ", np.negative)):
        if name.startswith(words):
            x = beside(s, part, name.removeprefix(words))
            return None if x is None else np.asarray(of(x))
    return beside(s, part, name)


def _above(s: Sample, part: str, name: str, low: float, high: float) -> Array | None:
    x = _bound(s, part, name)
    return None if x is None else _outside_gap(s, part, x > low, x >= high)


def _below(s: Sample, part: str, name: str, low: float, high: float) -> Array | None:
    x = _bound(s, part, name)
    return None if x is None else _outside_gap(s, part, x < high, x <= low)


def _outside_gap(s: Sample, part: str, perhaps: Array, surely: Array) -> Array:
    """Return the mask of a bound that is only known to lie in a gap: within the gap both are allowed."""
    return np.where(perhaps & ~surely, s.wrong[part], surely)


def _count(s: Sample, part: str, name: str, right_up_to: float, wrong_from: float) -> Array:
    """Return whether a count lies on the wrong side of a bound, from one number to the other, either way round."""
    x = float(s.inputs[name])
    perhaps, surely = (
        (x > right_up_to, x >= wrong_from) if right_up_to < wrong_from else (x < right_up_to, x <= wrong_from)
    )
    return np.full(s.right[part].shape, surely or (perhaps and bool(s.wrong[part].any())))


def _line(axis: int, at: int, wanted: bool) -> Callable[[Sample, str], Array | None]:
    def of(s: Sample, part: str) -> Array | None:
        shape = s.right[part].shape
        if len(shape) <= axis:
            return None
        inside = np.zeros(shape, bool)
        if shape[axis]:
            np.moveaxis(inside, axis, 0)[at] = True
        return inside if wanted else ~inside

    return of


def _position(at: int, wanted: bool) -> Callable[[Sample, str, str], Array | None]:
    return lambda s, part, line: _line(1 if line == "column" else 0, at, wanted)(s, part)


def _diagonal(s: Sample, part: str) -> Array | None:
    shape = s.right[part].shape
    return np.eye(*shape, dtype=bool) if len(shape) == 2 else None


def _off_diagonal(s: Sample, part: str) -> Array | None:
    on = _diagonal(s, part)
    return None if on is None else ~on


def _column_of(s: Sample, part: str, name: str) -> Array | None:
    shape, ids = s.right[part].shape, s.inputs[name]
    if len(shape) != 2 or len(ids) != shape[0]:
        return None
    return np.array([[column == k for column in range(shape[1])] for k in ids.tolist()], bool).reshape(shape)


def _row_of(s: Sample, part: str, name: str, times: int) -> Array | None:
    shape, count = s.right[part].shape, Counter(s.inputs[name].tolist())
    if len(shape) != 2:
        return None
    return np.array([[count[row] >= times] * shape[1] for row in range(shape[0])], bool).reshape(shape)


def _not(of: Callable[..., Array | None]) -> Callable[..., Array | None]:
    def negated(*given: object) -> Array | None:
        mask = of(*given)
        return None if mask is None else ~mask

    return negated


def _pair_twice(s: Sample, part: str) -> Array | None:
    shape = s.right[part].shape
    pairs = Counter(zip(s.inputs["state"].tolist(), s.inputs["action"].tolist(), strict=True))
    if len(shape) != 2:
        return None
    return np.array([[pairs[i, j] > 1 for j in range(shape[1])] for i in range(shape[0])], bool)


def _back_to_itself(s: Sample, part: str) -> Array | None:
    shape = s.right[part].shape
    if len(shape) != 2:
        return None
    steps = zip(*(np.ravel(s.inputs[k]).tolist() for k in ("state", "action", "next_state")), strict=True)
    back = {(here, action) for here, action, after in steps if here == after}
    return np.array([[(i, j) in back for j in range(shape[1])] for i in range(shape[0])], bool)


def _beside_step(s: Sample, part: str) -> Array | None:
    shape, state, action = s.right[part].shape, int(s.inputs["state"]), int(s.inputs["action"])
    if len(shape) != 2:
        return None
    return np.array([[i == state and j != action for j in range(shape[1])] for i in range(shape[0])], bool)


def _best_of_next(s: Sample, part: str) -> Array | None:
    shape, W = s.right[part].shape, s.inputs["W"].tolist()
    if shape != s.inputs["W"].shape:
        return None
    rows = zip(s.inputs["next_state"].tolist(), s.inputs["terminated"].tolist(), strict=True)
    best = {(state, W[state].index(max(W[state]))) for state, over in rows if not over}
    return np.array([[(i, j) in best for j in range(shape[1])] for i in range(shape[0])], bool)


def _row_differs_twice(s: Sample, part: str, one: str, two: str) -> Array | None:
    shape = s.right[part].shape
    rows = [
        sum(x != y for x, y in zip(a, b, strict=True)) > 1 for a, b in zip(s.inputs[one], s.inputs[two], strict=True)
    ]
    return (
        np.broadcast_to(np.array(rows).reshape(-1, *[1] * (len(shape) - 1)), shape) if len(rows) == shape[0] else None
    )


ENTRIES: dict[str, Callable[..., Array | None]] = {
    "negative": _compared(lambda x: x < 0),
    "positive": _compared(lambda x: x > 0),
    "zero": _compared(lambda x: x == 0),
    "not-zero": _compared(lambda x: x != 0),
    "count-from": _count,
    "count-to": lambda s, part, name, wrong_to, right_from: _count(s, part, name, right_from, wrong_to),
    "above": _above,
    "below": _below,
    "first": _position(0, True),
    "last": _position(-1, True),
    "not-first": _position(0, False),
    "not-last": _position(-1, False),
    "diagonal": _diagonal,
    "off-diagonal": _off_diagonal,
    "column-of": _column_of,
    "not-column-of": _not(_column_of),
    "row-of": lambda s, part, name: _row_of(s, part, name, 1),
    "not-row-of": _not(lambda s, part, name: _row_of(s, part, name, 1)),
    "row-of-twice": lambda s, part, name: _row_of(s, part, name, 2),
    "pair-twice": _pair_twice,
    "back-to-itself": _back_to_itself,
    "beside-step": _beside_step,
    "best-of-next": _best_of_next,
    "row-differs-twice": _row_differs_twice,
}
