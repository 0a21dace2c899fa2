"""Counterfactuals: the wrong answer as the right answer to other inputs, such as to a `gamma` of 1.

"The result is what would be right if `terminated` were replaced by `truncated`" says what a function does with an
input, whatever its code looks like. The right answers come from the laboratory, so no reference is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from gradschool.core.compare import Attempt
from gradschool.core.exercise import Args, Exercise
from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Laboratory, Part, numbers_in
from gradschool.diagnosis.hypotheses.formulas import Entries, Formula, unit_rows
from gradschool.diagnosis.hypotheses.observations import perturbed
from gradschool.diagnosis.inputs import WIDTHS, Value, is_flags, is_ids, is_real, networks, subjects


@dataclass(frozen=True)
class Change:
    """One way to change the value of an input: ``key`` for a program, ``says`` completes "if `x` were ..."."""

    key: str
    says: str
    suits: Callable[[Any], bool]
    of: Callable[[Any], Value]


def _array(x: object) -> bool:
    return isinstance(x, np.ndarray) and x.ndim > 0


def _real_array(x: object) -> bool:
    return _array(x) and is_real(x)


def _number(x: object) -> bool:
    return isinstance(x, float) or (isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind == "f")


def _count(x: object) -> bool:
    return isinstance(x, int | np.integer) and not isinstance(x, bool | np.bool_)


def _rows(x: object) -> bool:
    """Return whether the value has rows; where it has one, changes among rows leave it as it is."""
    return isinstance(x, np.ndarray) and x.ndim > 0 and len(x) > 0


def _table(x: object) -> bool:
    return isinstance(x, np.ndarray) and x.ndim == 2 and x.size > 0 and is_real(x)


def _square(x: object) -> bool:
    return isinstance(x, np.ndarray) and x.ndim == 2 and x.shape[0] == x.shape[1] > 1


def _real_rows(x: object) -> bool:
    return _rows(x) and is_real(x)


def _shares(x: object) -> bool:
    """Return whether these are numbers between 0 and 1, such as draws."""
    return _array(x) and is_real(x) and isinstance(x, np.ndarray) and bool(((x >= 0) & (x <= 1)).all())


def _without(x: Array, k: int) -> Array:
    out = x.copy()
    out[k] = 0.0
    return out


def _only(x: Array, k: int) -> Array:
    out = np.zeros_like(x)
    out[k] = x[k]
    return out


def _largest(x: Array) -> Array:
    """Return a table with 0 in the place of all but the largest entry of each row, by size."""
    at = np.abs(x).argmax(1)[:, None]
    out = np.zeros_like(x)
    np.put_along_axis(out, at, np.take_along_axis(x, at, 1), 1)
    return out


def _like(x: Array, value: float) -> Array:
    return np.full_like(x, value)


CHANGES: tuple[Change, ...] = (
    Change("off", "off everywhere", lambda x: _array(x) and is_flags(x), lambda x: _like(x, 0)),
    Change("on", "on everywhere", lambda x: _array(x) and is_flags(x), lambda x: _like(x, 1)),
    Change(
        "turned",
        "turned round everywhere",
        lambda x: _array(x) and is_flags(x),
        lambda x: ~x if x.dtype.kind == "b" else 1 - x,
    ),
    Change("false", "False", lambda x: isinstance(x, bool | np.bool_), lambda x: False),
    Change("true", "True", lambda x: isinstance(x, bool | np.bool_), lambda x: True),
    Change("0", "0", lambda x: _real_array(x) or _number(x), lambda x: 0.0 * x),
    Change("1", "1", lambda x: _real_array(x) or _number(x), lambda x: 0.0 * x + 1.0),
    Change("negative", "of the other sign", lambda x: _real_array(x) or _number(x), lambda x: -x),
    Change("absolute", "replaced by the absolute value", lambda x: _real_array(x) or _number(x), np.abs),
    Change("twice", "twice as large", lambda x: _real_array(x) or _number(x), lambda x: 2.0 * x),
    Change("half", "half as large", lambda x: _real_array(x) or _number(x), lambda x: 0.5 * x),
    Change("squared", "squared", lambda x: _number(x) or _real_array(x), lambda x: x * x),
    Change("root", "replaced by its square root", lambda x: _number(x) and x >= 0, lambda x: float(np.sqrt(x))),
    Change("rest", "replaced by 1 minus it", _number, lambda x: 1.0 - x),
    Change("rest-each", "replaced by 1 minus it", _shares, lambda x: 1.0 - x),
    Change("inverse", "replaced by 1 divided by it", lambda x: _number(x) and x != 0, lambda x: 1.0 / x),
    Change("one-more", "larger by 1", _count, lambda x: x + 1),
    Change("one-less", "smaller by 1 (0 stays 0)", _count, lambda x: max(x - 1, 0)),
    Change("count-1", "1", _count, lambda x: 1),
    Change(
        "mean",
        "replaced in every row by its mean over the rows",
        _real_rows,
        lambda x: np.broadcast_to(x.mean(0, keepdims=True), x.shape).copy(),
    ),
    Change("centered", "reduced by its mean over the rows", _real_rows, lambda x: x - x.mean(0, keepdims=True)),
    Change("first", "in every row what it is in row 0", _rows, lambda x: np.broadcast_to(x[:1], x.shape).copy()),
    Change("last", "in every row what it is in the last row", _rows, lambda x: np.broadcast_to(x[-1:], x.shape).copy()),
    Change("max", "its largest entry everywhere", _real_rows, lambda x: _like(x, x.max())),
    Change("min", "its smallest entry everywhere", _real_rows, lambda x: _like(x, x.min())),
    Change("all-mean", "its mean everywhere", _real_rows, lambda x: _like(x, x.mean())),
    Change("reversed", "in reverse order", _rows, lambda x: x[::-1].copy()),
    Change("down", "one row further down", _rows, lambda x: np.roll(x, 1, 0)),
    Change("up", "one row further up", _rows, lambda x: np.roll(x, -1, 0)),
    Change("transposed", "transposed", _square, lambda x: x.T.copy()),
    Change(
        "reversed-columns",
        "in reverse order along its columns",
        lambda x: isinstance(x, np.ndarray) and x.ndim == 2,
        lambda x: x[:, ::-1].copy(),
    ),
    Change("within-1", "clipped to between -1 and 1", _real_array, lambda x: np.clip(x, -1.0, 1.0)),
    Change(
        "norm-1",
        "scaled down to a norm of 1 where it is longer",
        _real_array,
        lambda x: x / max(1.0, float(np.linalg.norm(x))),
    ),
    Change("unit", "scaled to a norm of 1", lambda x: _real_array(x) and x.any(), lambda x: x / np.linalg.norm(x)),
    Change(
        "largest-1",
        "divided by its largest size",
        lambda x: _real_array(x) and x.any(),
        lambda x: x / np.abs(x).max(),
    ),
    Change("unit-rows", "scaled in every row to a norm of 1", _table, unit_rows),
    Change("sign", "replaced by its sign", _real_array, np.sign),
    Change("tanh", "replaced by its tanh", _real_array, np.tanh),
    Change("positive", "0 wherever it is negative", _real_array, lambda x: np.maximum(x, 0.0)),
    Change("decimals", "rounded to 4 decimals, or to fewer", _real_array, lambda x: np.round(x, 4)),
    Change(
        "float32", "rounded to float32", lambda x: _number(x) or _real_array(x), lambda x: np.float64(np.float32(x))
    ),
    Change("whole", "cut to whole numbers", _real_array, np.trunc),
    Change("rounded", "rounded to whole numbers", _real_array, np.round),
    Change(
        "row-mean",
        "replaced in every row by the row's mean",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x.mean(1, keepdims=True), x.shape).copy(),
    ),
    Change(
        "row-min",
        "replaced in every row by the row's smallest entry",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x.min(1, keepdims=True), x.shape).copy(),
    ),
    Change(
        "row-max",
        "replaced in every row by the row's largest entry",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x.max(1, keepdims=True), x.shape).copy(),
    ),
    Change(
        "row-first",
        "replaced in every row by the row's first entry",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x[:, :1], x.shape).copy(),
    ),
    Change(
        "row-sum",
        "replaced in every row by the row's sum",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x.sum(1, keepdims=True), x.shape).copy(),
    ),
    Change(
        "column-max",
        "replaced in every column by the column's largest entry",
        lambda x: _table(x),
        lambda x: np.broadcast_to(x.max(0, keepdims=True), x.shape).copy(),
    ),
    Change(
        "largest-size",
        "replaced in every row by the entry of the largest size",
        lambda x: _table(x),
        lambda x: np.broadcast_to(np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1), x.shape).copy(),
    ),
    Change(
        "row-argmax",
        "replaced in every row by the number of the column with the row's largest entry (0, 1, ...)",
        _table,
        lambda x: np.broadcast_to(x.argmax(1)[:, None], x.shape).astype(float),
    ),
    Change(
        "largest-only",
        "0 except at its entry of the largest size",
        lambda x: _real_rows(x) and x.ndim == 1,
        lambda x: _only(x, int(np.abs(x).argmax())),
    ),
    Change("row-largest-only", "0 in every row except at its entry of the largest size", _table, _largest),
    Change("last-only", "0 except at its end (its last row, or entry)", _real_rows, lambda x: _only(x, -1)),
    Change("first-only", "0 except at its beginning (row 0, or entry 0)", _real_rows, lambda x: _only(x, 0)),
    Change("but-last", "0 at its end (in its last row, or entry)", _real_rows, lambda x: _without(x, -1)),
    Change("but-first", "0 at its beginning (in row 0, or entry 0)", _real_rows, lambda x: _without(x, 0)),
    Change("id-0", "0 everywhere", lambda x: _array(x) and is_ids(x), lambda x: _like(x, 0)),
    Change(
        "id-next",
        "larger by 1, the largest becoming 0",
        lambda x: _array(x) and is_ids(x),
        lambda x: (x + 1) % (x.max(initial=0) + 1),
    ),
    Change("id-before", "smaller by 1, 0 becoming -1", lambda x: _array(x) and is_ids(x), lambda x: x - 1),
)


ZERO = next(change for change in CHANGES if change.key == "0")
LARGE = tuple(change for change in CHANGES if change.key in ("0", "off", "id-0", "reversed"))


@dataclass(frozen=True)
class Counterfactual:
    """Other inputs in the place of a case's own: ``says`` completes "what would be right if ..."."""

    key: tuple[str, ...]
    says: str
    of: Callable[[Args], Args | None]


def counterfactuals(exercise: Exercise, args: Args, relevant: Container[str]) -> Iterator[Counterfactual]:
    """Yield every change to one input, or to two of them, that suits these inputs and can change the right answer.

    ``relevant`` are the names of the inputs that the right answer depends on.
    """
    values = {name: value for name, (value, _) in subjects(exercise, args).items()}
    nets = networks(exercise, args)
    yield from pairs(exercise, values, nets, relevant)
    tables = exercise.known_as  # networks too, which an agent is built on
    open_to_changes = [n for n in values if n in relevant and n not in nets and n not in tables]
    for change, name in product(CHANGES, open_to_changes):  # time may be short: the plain changes of all inputs first
        if change.suits(values[name]) and not (change.key == "negative" and name in WIDTHS):
            yield changed(exercise, name, change)
    yield from _with_option(exercise, values, nets, relevant)
    yield from _with_range(exercise, values, nets, relevant)


RANGE = ("low", "high")  # two arrays with a number for each column
OF_WIDTHS: tuple[tuple[str, str, Callable[[Array], Any]], ...] = (
    ("widest", "the widest one", np.max),
    ("narrowest", "the narrowest one", np.min),
    ("mean-width", "all of them in the mean", np.mean),
    ("first-width", "the first one", lambda widths: widths[0]),
)
OF_HALF_WIDTH: tuple[tuple[str, str, Callable[[Any, Array], Any]], ...] = (
    ("over-half-width", "divided by half of", lambda x, width: x / (0.5 * width)),
    ("times-half-width", "multiplied by half of", lambda x, width: x * (0.5 * width)),
)


def _with_range(
    exercise: Exercise, values: dict[str, Value], nets: dict[str, tuple[int, ...]], relevant: Container[str]
) -> Iterator[Counterfactual]:
    """Yield ranges of one width around their own middles, and other tables scaled by the width of their column."""
    low, high = (values.get(name) for name in RANGE)
    if not (isinstance(low, np.ndarray) and isinstance(high, np.ndarray) and low.shape == high.shape and low.ndim == 1):
        return
    for key, says, one in OF_WIDTHS:
        same = f"all ranges from `low` to `high` were as wide as {says}, around their own middles"
        yield _two(exercise, *RANGE, key, same, partial(_of_one_width, one))
    for name, value in values.items():
        beside = _table(value) and np.asarray(value).shape[1:] == low.shape
        if beside and name in relevant and name not in (*RANGE, *nets):
            for key, says, scale in OF_HALF_WIDTH:
                told = f"`{name}` were {says} `high` - `low` in its column"
                yield Counterfactual((name, key), told, partial(_scaled_by_width, exercise, name, scale))


def _of_one_width(one: Callable[[Array], Any], low: Array, high: Array) -> tuple[Array, Array]:
    middle, half = (low + high) / 2, one(high - low) / 2
    return middle - half, middle + half


def _scaled_by_width(exercise: Exercise, name: str, scale: Callable[[Any, Array], Any], args: Args) -> Args | None:
    known = subjects(exercise, args)
    value, put = known[name]
    width = np.asarray(known["high"][0]) - np.asarray(known["low"][0])
    return put(scale(np.asarray(value), width)) if width.all() else None


# Two numbers between 0 and 1, so that what is compared with the other is the other way round.
TURNED_ROUND = "both-rest"
# Not said of the wrong entries alone: there these may fit since the other action, or what stands last, is all there is.
ONLY_WHOLE = (TURNED_ROUND, "but-last", "but-first")
WithOption: TypeAlias = "Callable[[Any, float], tuple[Any, float]]"
WITH_OPTION: tuple[tuple[str, str, WithOption], ...] = (  # the last one of shares alone
    ("times-option", "`{one}` were multiplied by `{two}`", lambda x, k: (k * x, k)),
    ("over-option", "`{one}` were divided by `{two}`", lambda x, k: (x / k if k else x, k)),
    ("times-rest-option", "`{one}` were multiplied by 1 - `{two}`", lambda x, k: ((1 - k) * x, k)),
    (
        TURNED_ROUND,
        "`{one}` and `{two}` were both replaced by 1 minus them, which turns round a comparison of the two",
        lambda x, k: (1 - x, 1 - k),
    ),
)


def _with_option(
    exercise: Exercise, values: dict[str, Value], nets: Container[str], relevant: Container[str]
) -> Iterator[Counterfactual]:
    """Yield arrays of numbers multiplied or divided by a number among the inputs, such as a discount on the reward."""
    arrays = [n for n, x in values.items() if n in relevant and n not in nets and _real_array(x)]
    numbers = [n for n, x in values.items() if _number(x)]
    for one, two in ((a, b) for a in arrays for b in numbers):
        shares = _is_share(values[one]) and _is_share(values[two])
        for key, says, change in WITH_OPTION if shares else WITH_OPTION[:-1]:
            yield _two(exercise, one, two, key, says.format(one=one, two=two), change, alike=False)


def _is_share(value: Any) -> bool:
    """Return whether all numbers are between 0 and 1."""
    return bool(np.all((np.asarray(value) >= 0) & (np.asarray(value) <= 1)))


def changed(exercise: Exercise, name: str, change: Change) -> Counterfactual:
    """Return the inputs with one of them changed."""

    def of(args: Args) -> Args | None:
        value, put = subjects(exercise, args)[name]
        return put(change.of(value)) if change.suits(value) else None

    return Counterfactual((name, change.key), f"`{name}` were {change.says}", of)


def pairs(
    exercise: Exercise, values: dict[str, Value], nets: dict[str, tuple[int, ...]], relevant: Container[str]
) -> Iterator[Counterfactual]:
    """Yield what two inputs of one kind and shape allow: one in the other's place, both swapped, flags together."""
    for one, a in values.items():
        for two, b in values.items():
            if one == two or not _of_one_kind(a, b) or (one in nets) != (two in nets) or nets.get(one) != nets.get(two):
                continue
            if one in relevant:
                yield _two(exercise, one, two, "replaced-by", f"`{one}` were replaced by `{two}`", lambda a, b: (b, b))
                for key, says, change in _together(one, two, a):
                    yield _two(exercise, one, two, key, says, change)
            if one < two and (one in relevant or two in relevant):
                yield _two(exercise, one, two, "swapped", f"`{one}` and `{two}` were swapped", lambda a, b: (b, a))


Both = Callable[[Any, Any], tuple[Any, Any]]


def _at_best_of(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the one table with its entry at the largest one of the other's row in every place of a row.

    Other inputs of the same exercise may be one row, or a number, which stays as it is.
    """
    if a.ndim == 0 or a.size == 0 or a.shape != b.shape:
        return a, b
    return np.broadcast_to(np.take_along_axis(a, b.argmax(-1, keepdims=True), -1), a.shape).copy(), b


def _together(one: str, two: str, value: Value) -> Iterator[tuple[str, str, Both]]:
    """Yield changes to two arrays of one shape that need both: the smaller of two numbers, or flags combined."""
    if _table(value):
        says = f"`{one}` were replaced in every row by its entry where the row of `{two}` is largest"
        yield "at-best-of", says, _at_best_of
    if is_flags(value) and _array(value):
        yield "or", f"`{one}` were on where either `{one}` or `{two}` is", lambda a, b: (np.maximum(a, b), b)
        yield "and", f"`{one}` were on only where `{two}` is on too", lambda a, b: (np.minimum(a, b), b)
        yield "without", f"`{one}` were off where `{two}` is on", lambda a, b: (np.where(b > 0, np.zeros_like(a), a), b)
    elif is_real(value) and _array(value) and one < two:
        both = f"`{one}` and `{two}` were both"
        if isinstance(value, np.ndarray) and value.ndim == 1:
            firsts = f"`{one}` and `{two}` were both everywhere what they are in entry 0"
            yield "both-first", firsts, lambda a, b: (_like(a, a[0]), _like(b, b[0]))
        yield "smaller", f"{both} the smaller of the two", lambda a, b: (np.minimum(a, b),) * 2
        yield "larger", f"{both} the larger of the two", lambda a, b: (np.maximum(a, b),) * 2
        yield "mean", f"{both} the mean of the two", lambda a, b: ((a + b) / 2,) * 2


def _two(
    exercise: Exercise, one: str, two: str, key: str, says: str, change: Both, alike: bool = True
) -> Counterfactual:
    def of(args: Args) -> Args | None:
        known = subjects(exercise, args)
        if one not in known or two not in known or (alike and not _alike(known[one][0], known[two][0])):
            return None
        new_one, new_two = change(known[one][0], known[two][0])
        first = known[one][1](new_one)
        return subjects(exercise, first)[two][1](new_two)

    return Counterfactual((one, key, two), says, of)


def _of_one_kind(a: Value, b: Value) -> bool:
    """Return whether one may stand in the other's place: flags are no numbers, though they may be written as such."""
    return _alike(a, b) and is_flags(a) == is_flags(b)


def _alike(a: Value, b: Value) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and (a.dtype.kind == b.dtype.kind)
    return type(a) is type(b) and isinstance(a, float | int)


def as_formulas(laboratory: Laboratory, part: Part, names: Container[str]) -> Iterator[Formula]:
    """Yield every counterfactual as a formula for parts of this label; the right answers are asked for when needed.

    ``names`` are those of the inputs that the right answer depends on.
    """
    for c in counterfactuals(laboratory.exercise, part.case.args, names):
        says, partly = f"what would be right if {c.says}", c.key[1] not in ONLY_WHOLE
        yield Formula("as-if", says, ("as-if", *c.key), right_if(laboratory, c), partly=partly)


def right_if(laboratory: Laboratory, c: Counterfactual) -> Entries:
    """Return what gives the right answer to the other inputs, for each part."""
    return lambda p: laboratory.right_instead(p.attempt, c.key, c.of(p.case.args)).get(p.label)


def relevant(laboratory: Laboratory, part: Part) -> set[str]:
    """Return the names of the inputs that the right answer depends on in this case.

    A small change may alter no choice, as of an action, though a large one does: both are tried.
    """
    return {
        name
        for name, value in subjects(laboratory.exercise, part.case.args).items()
        if _matters(laboratory, part, name, *value)
    }


def _matters(laboratory: Laboratory, part: Part, name: str, value: Value, put: Callable[[Value], Args]) -> bool:
    """Return whether any of a few changes of one input changes the right answer, or leaves none."""
    others = {"perturbed": perturbed(value)} | {c.key: c.of(value) for c in LARGE if c.suits(value)}
    for key, other in others.items():
        right = laboratory.right_instead(part.attempt, (name, key), put(other))
        if not right or any(not _equal(x, part.attempt, label) for label, x in right.items()):
            return True
    return False


def _equal(x: Array, attempt: Attempt, label: str) -> bool:
    right = numbers_in(attempt.expected, attempt.returns).get(label)
    return right is not None and right.shape == x.shape and bool(np.array_equal(right, x))
