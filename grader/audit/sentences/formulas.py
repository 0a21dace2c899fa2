"""Formulas that a claim may name, worked out from the right answer and the inputs of one sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.audit.sentences.changes import changed, of_rows, unit_rows
from grader.audit.sentences.inputs import Sample, numbers, right_answer
from grader.bank.entry import Entry
from gradschool.core.numerics import Array
from gradschool.diagnosis.inputs import is_network, numbers_of

Details = tuple[str | float, ...]


class UnknownFormula(LookupError):
    """A claim's key names a formula, a factor or a change that is not known here."""


def _lines(axis: int, mean: bool) -> Callable[[Array], Array]:
    def of(x: Array) -> Array:
        total = x.sum(axis=axis, keepdims=True) / (x.shape[axis] if mean else 1)
        return np.asarray(total + np.zeros_like(x))

    return of


OF_RIGHT: dict[str, Callable[[Array], Array]] = {
    "right": lambda x: x,
    "zero": lambda x: 0.0 * x,
    "transposed": lambda x: np.swapaxes(x, 0, 1),
    "absolute": lambda x: np.where(x < 0, -x, x),
    "positive-part": lambda x: np.where(x > 0, x, 0.0),
    "negative-part": lambda x: np.where(x < 0, x, 0.0),
    "sign-only": lambda x: (x > 0) * 1.0 - (x < 0),
    "squared": lambda x: x * x,
    "rolled": lambda x: np.concatenate([x[..., -1:], x[..., :-1]], axis=-1),
    "rolled-back": lambda x: np.concatenate([x[..., 1:], x[..., :1]], axis=-1),
    "rolled-rows": lambda x: np.concatenate([x[-1:], x[:-1]]),
    "rolled-rows-back": lambda x: np.concatenate([x[1:], x[:1]]),
    "reversed": lambda x: np.flip(x, 0),
    "reversed-columns": lambda x: np.flip(x, -1),
    "normalized": lambda x: x / np.sqrt((x * x).sum()),
    "normalized-rows": unit_rows,
    "by-count": lambda x: np.stack([row / max(sum(v != 0 for v in row.tolist()), 1) for row in x]),
    "sum-of-rows": _lines(0, False),
    "mean-of-rows": _lines(0, True),
    "sum-of-columns": _lines(1, False),
    "mean-of-columns": _lines(1, True),
    "first-column": lambda x: np.stack([x[:, 0]] * x.shape[1], axis=1),
    "first-row": lambda x: np.stack([x[0]] * len(x)),
    "cumulative": lambda x: np.stack([x[: k + 1].sum(axis=0) for k in range(len(x))]),
    "centered": lambda x: x - _lines(0, True)(x),
    "centered-columns": lambda x: x - _lines(1, True)(x),
    "diagonal-only": lambda x: x * np.eye(len(x)),
    "rounded": np.rint,
    "cut-off": np.fix,
    "float16": lambda x: x.astype(np.float16).astype(np.float64),
    "reciprocal": lambda x: 1.0 / x,
}
STEPS: dict[str, Callable[[Array, Array], Array]] = {
    "step-sign": lambda step, start: (step > 0) * 1.0 - (step < 0),
    "step-absolute": lambda step, start: np.where(step < 0, -step, step),
    "step-times-start": lambda step, start: start * step,
    "step-over-size": lambda step, start: step * np.sqrt(start * start),
}
WIDTHS: dict[str, Callable[[list[float]], float]] = {
    "largest": max,
    "smallest": min,
    "mean": lambda widths: sum(widths) / len(widths),
    "first": lambda widths: widths[0],
}
OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "*": lambda a, b: a * b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "/": lambda a, b: a / b,
}


def formula(entry: Entry, s: Sample, part: str, key: Details) -> tuple[Array | float, Array | None]:
    """Return what a formula is compared from (0, or the start of a step), and what it gives; None where it does not.

    Raises
    ------
    UnknownFormula
        If the key is not known.
    """
    kind, *rest = key
    right = s.right[part]
    with np.errstate(all="ignore"):
        if kind == "right":
            return 0.0, _of_right(right, rest)
        if kind == "small-lost":
            return 0.0, _small_lost(s, part, *map(float, rest))
        if kind == "input":
            name = str(rest[0])
            flat = entry.exercise.steps and is_network(s.case.args, name)  # answers in the order of MLP.flat
            return 0.0, numbers_of(s.case.args[name]) if flat else _beside(s, rest[0], right)
        if kind == "step":
            name = str(rest[0])
            start = numbers_of(s.case.args[name]) if part in entry.exercise.steps else s.inputs[name]
            return start, right - start
        if kind == "right+input":
            return right, _beside(s, rest[0], right)
        if kind == "right+start":
            return right, numbers_of(s.case.args[str(rest[0])]).reshape(right.shape)
        if kind == "input-right":
            x = _beside(s, rest[0], right)
            return 0.0, None if x is None else x - right
        if kind in ("step-norm-clipped", "step-entries-clipped"):
            start = s.inputs[str(rest[0])]
            most = float(rest[1]) * float(s.case.args.get("lr", 1.0))
            return start, _shortened(right - start, most, whole=kind == "step-norm-clipped")
        if kind in ("right*input", "right/input"):
            x = _beside(s, rest[0], right)
            return 0.0, None if x is None else np.asarray(OF_TWO[str(kind)[5]](right, x))
        if kind in ("right*right/input", "input*input/right"):
            x = _beside(s, rest[0], right)
            if x is None:
                return 0.0, None
            over, under = (right, x) if kind == "right*right/input" else (x, right)
            return 0.0, np.where(right == 0, 0.0, over * (over / under))
        if str(kind).startswith("input") and str(kind).endswith("input"):
            a, b = _beside(s, rest[0], right), _beside(s, rest[1], right)
            return 0.0, None if a is None or b is None else np.asarray(OF_TWO[str(kind)[5]](a, b))
        if kind == "other-part":
            return 0.0, s.right.get(str(rest[0]))
        if kind == "as-if":
            return 0.0, _as_if(entry, s, part, rest)
        if kind == "portion":
            without = _as_if(entry, s, part, (rest[0], "0"))
            return (0.0, None) if without is None else (without, right - without)
        if kind == "between":
            return 0.0, _between(entry, s, part, str(rest[0]), rest[1:])
        if kind == "rows":
            return 0.0, _of_rows(entry, s, part, rest)
        if kind == "otherwise" and entry.exercise.otherwise:
            wrong = entry.exercise.otherwise(s.case.args)[str(rest[0])]()
            return 0.0, numbers(wrong, entry.exercise.returns).get(part)
        if kind == "every-pair":
            return 0.0, _of_all_pairs(entry, s, part)
        if kind == "other-loss":
            return _with_other_loss(entry, s, part, str(rest[0]))
        if kind == "unit-step":
            start = s.inputs[str(rest[0])]
            return start, _unit_steps(s, part, right - start)
        if str(kind) in STEPS:
            start = s.inputs[str(rest[0])]
            return start, STEPS[str(kind)](right - start, start)
        if kind == "step-arrays-clipped":
            start = s.inputs[str(rest[0])]
            most = float(rest[1]) * float(s.case.args.get("lr", 1.0))
            arrays = arrays_of(s, part, right - start)
            return start, np.concatenate([np.ravel(_shortened(x, most, whole=True)) for x in arrays]).reshape(
                start.shape
            )
        if kind == "one-width":
            high, low = (_beside(s, name, right) for name in ("high", "low"))
            width = None if high is None or low is None else (high - low)[0]
            return 0.0, None if width is None else right * (width / WIDTHS[str(rest[0])](width.tolist()))
        if kind in ("right*root-width", "right/root-width"):
            high, low = (_beside(s, name, right) for name in ("high", "low"))
            return 0.0, None if high is None or low is None else OF_TWO[str(kind)[5]](right, (high - low) ** 0.5)
        if kind in ("right*width", "right/width"):
            high, low = (_beside(s, name, right) for name in ("high", "low"))
            return 0.0, None if high is None or low is None else OF_TWO[str(kind)[5]](right, rest[0] * (high - low))
        if kind == "clipped":
            x, low, high = (_beside(s, name, right) for name in (rest[0], "low", "high"))
            return 0.0, None if x is None or low is None or high is None else np.minimum(np.maximum(x, low), high)
        if kind == "factor-clipped":
            x = _beside(s, rest[0], right)
            return 0.0, None if x is None else np.where(
                x == 0, 0.0, x * np.minimum(np.maximum(right / x, rest[1]), rest[2])
            )
    raise UnknownFormula(f"the formula {key!r}")


def _between(entry: Entry, s: Sample, part: str, how: str, key: Sequence[str | float]) -> Array | None:
    """Return the sum, mean, larger or smaller of two answers: of the right one where one change is named."""
    one = _as_if(entry, s, part, key[:3])
    two = _as_if(entry, s, part, key[3:]) if len(key) > 3 else s.right[part]
    if one is None or two is None:
        return None
    return {
        "sum": np.asarray(one + two),
        "mean": 0.5 * one + 0.5 * two,
        "larger": np.where(one > two, one, two),
        "smaller": np.where(one < two, one, two),
    }[how]


def _of_rows(entry: Entry, s: Sample, part: str, key: Sequence[str | float]) -> Array | None:
    """Return the right answer to some rows of a batch; which arrays have rows is told by the ids' length."""
    how, divisor, *names = map(str, key)
    B = s.case.sizes.get("B", 1)
    of_batch = [n for n, x in s.case.args.items() if np.ndim(x) and len(x) == B and n not in ("W", "W_target", "Q")]
    args, share = of_rows(s.case.args, B, how, tuple(names), of_batch)
    right = right_answer(entry, args)
    found = None if right is None else numbers(right, entry.exercise.returns).get(part)
    return found if found is None or divisor != "mean" else found * share


LABEL = ("reward", "next_obs", "next_state", "next_action", "terminated", "truncated", "done", "y", "q_next")


def _of_all_pairs(entry: Entry, s: Sample, part: str) -> Array | None:
    """Return the mean of the right answers to batches whose rows have the labels of others, all in turn."""
    B = s.case.sizes.get("B", 1)
    made: list[Array] = []
    for k in range(B):
        args = _of_labels_and_rows(s.case.args, B, LABEL, lambda x, axis, k=k: np.roll(x, k, axis))  # type: ignore[misc]
        right = right_answer(entry, args)
        found = None if right is None else numbers(right, entry.exercise.returns).get(part)
        if found is None:
            return None
        made.append(found)
    return np.asarray(np.mean(made, axis=0))


SLOPES: dict[str, Callable[[float], float]] = {
    "sign": lambda e: float(np.sign(e)),
    "tanh": lambda e: float(np.tanh(e)),
    "cube": lambda e: e * e * e,
    "softsign": lambda e: e / (1 + abs(e)),
    "cauchy": lambda e: e / (1 + e * e),
    "pseudo-huber": lambda e: e / float(np.sqrt(1 + e * e)),
    "none-beyond-1": lambda e: e * (abs(e) <= 1),
}
OF_ROW = (*LABEL, "state", "obs", "action")


def _with_other_loss(entry: Entry, s: Sample, part: str, name: str) -> tuple[Array | float, Array | None]:
    """Return the start of a step, 0 of a gradient, and what is added to it where labels make other errors.

    The label of each row is moved until its error is what the other loss makes of it.
    """
    bend = float(name.removeprefix("huber-")) if name.startswith("huber-") else 0.0
    slope: Callable[[float], float] = SLOPES.get(name) or (lambda e: min(max(e, -bend), bend))
    start_of = entry.exercise.steps.get(part)
    start = np.zeros(s.right[part].shape) if start_of is None else numbers_of(s.case.args[start_of])
    start = start.reshape(s.right[part].shape)
    B, args = s.case.sizes.get("B", 1), s.case.args
    for b in range(B):
        error = _error_of_row(entry, s, part, start, b)
        args = _with_label_moved(args, B, b, error - slope(error))
    right = right_answer(entry, args)
    found = None if right is None else numbers(right, entry.exercise.returns).get(part)
    return start, None if found is None else found - start


def _error_of_row(entry: Entry, s: Sample, part: str, start: Array, b: int) -> float:
    """Return the error of one row: its own gradient beside that of a label which is larger."""
    B, by = s.case.sizes.get("B", 1), 1.0
    alone = _of_labels_and_rows(s.case.args, B, OF_ROW, lambda x, axis: np.take(x, [b], axis))
    for name in ("reward", "y"):
        for x in (alone.get(name), *(alone.get(k, {}).get(name) for k in ("batch", "batches"))):
            by = by if x is None else max(by, float(np.abs(x).max()))
    one, other = (numbers(right_answer(entry, a), entry.exercise.returns)[part] - start
                  for a in (alone, _with_label_moved(alone, 1, 0, by)))  # fmt: skip
    gap = one - other
    error = by * float(np.vdot(one, gap) / np.vdot(gap, gap)) if gap.any() else 0.0
    return error if abs(error) > 1e-9 * by else 0.0


def _with_label_moved(args: Any, B: int, b: int, by: float) -> Any:
    def moved(x: Array, axis: int) -> Array:
        x = np.array(x, float)
        np.moveaxis(x, axis, 0)[b] += by
        return x

    return _of_labels_and_rows(args, B, ("reward", "y"), moved)


def _of_labels_and_rows(args: Any, B: int, names: Sequence[str], change: Callable[[Array, int], Array]) -> Any:
    """Return the inputs with a change of those of these names that have a row for each sample."""
    new = dict(args)
    for key, x in args.items():
        if key in ("batch", "batches"):
            new[key] = {n: change(v, int(key == "batches")) if n in names else v for n, v in x.items()}
        elif key in names and np.ndim(x) and len(x) == B:
            new[key] = change(x, 0)
    return new


def _unit_steps(s: Sample, part: str, step: Array) -> Array:
    """Return a step with each of its arrays made as long as `lr`."""
    long = float(s.case.args.get("lr", 1.0))
    found = []
    for piece in arrays_of(s, part, step):
        length = float(np.sqrt((piece * piece).sum()))
        found.append(piece * long / length if length else piece)
    return np.concatenate(found).reshape(step.shape)


def arrays_of(s: Sample, part: str, x: Array) -> list[Array]:
    """Return the arrays of a list that is one part, each as a vector."""
    found, at = [], 0
    for label, leaf in s.attempt.expected_leaves:
        if label.partition("[")[0] == part and isinstance(leaf, np.ndarray):
            found.append(np.ravel(x)[at : at + leaf.size])
            at += leaf.size
    return found


def _small_lost(s: Sample, part: str, low: float, high: float) -> Array | None:
    """Return the right answer with 0 for what is small; None where a number so small is left, by whatever little."""
    got, right = s.got[part], s.right[part]
    small = np.abs(right) <= low
    if got[small].any():
        return None
    return np.asarray(right * ~(small | ((np.abs(right) < high) & (got == 0))))


def _shortened(step: Array, most: float, *, whole: bool) -> Array:
    """Return a step whose length is at most ``most``, or whose every entry is."""
    if not whole:
        return np.asarray(np.sign(step) * np.minimum(np.abs(step), most))
    length = float(np.sqrt((step * step).sum()))
    return np.asarray(step * min(1.0, most / (length or 1.0)))


def _of_right(x: Array, rest: Sequence[str | float]) -> Array:
    name, *bounds = rest
    if name == "clipped":
        low, high = map(float, bounds)
        return np.asarray(np.minimum(np.maximum(x, low), high))
    if name == "decimals":
        return np.asarray(np.rint(x * 10.0 ** float(bounds[0])) / 10.0 ** float(bounds[0]))
    if name == "norm-clipped":
        length = float(np.sqrt((x * x).sum()))
        return x * (float(bounds[0]) / length) if length > float(bounds[0]) else x
    if name not in OF_RIGHT:
        raise UnknownFormula(f"{name!r} of the right answer")
    return OF_RIGHT[str(name)](x)


def _beside(s: Sample, name: str | float, like: Array) -> Array | None:
    """Return an input spread over the answer's shape, one number a row where it has one for each."""
    x = s.inputs.get(str(name))
    if x is None:
        return None
    x = x.astype(np.float64)
    if x.ndim == 1 and like.ndim == 2 and len(x) == like.shape[0] and s.stands_by_rows(str(name), like.shape):
        x = x[:, None]
    try:
        return np.asarray(x + np.zeros(like.shape)) if np.broadcast_shapes(x.shape, like.shape) == like.shape else None
    except ValueError:
        return None


def _as_if(entry: Entry, s: Sample, part: str, key: Sequence[str | float]) -> Array | None:
    """Return the right answer to other inputs."""
    args = changed(entry.exercise, s.case.args, tuple(map(str, key)))
    if args is None:
        raise UnknownFormula(f"the change {key!r}")
    right = right_answer(entry, args)
    return None if right is None else numbers(right, entry.exercise.returns).get(part)


PLAIN = {"": 1.0, "sign": -1.0, "twice": 2.0, "half": 0.5, "minus-twice": -2.0, "minus-half": -0.5}
OF_NUMBER: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("twice-times-", "", lambda v: 2 * v),
    ("twice-over-", "", lambda v: 2 / v),
    ("half-over-", "", lambda v: 0.5 / v),
    ("half-times-", "", lambda v: 0.5 * v),
    ("times-root-", "", lambda v: abs(v) ** 0.5),
    ("over-root-", "", lambda v: abs(v) ** -0.5),
    ("times-rest-", "", lambda v: 1 - v),
    ("over-rest-", "", lambda v: 1 / (1 - v)),
    ("bessel-", "", lambda v: v / (v - 1) if v != 1 else 1.0),
    ("less-one-", "", lambda v: (v - 1) / v),
    ("minus-times-", "", lambda v: -v),
    ("minus-over-", "", lambda v: -1 / v),
    ("times-", "-squared", lambda v: v * v),
    ("over-", "-squared", lambda v: 1 / (v * v)),
    ("times-", "", lambda v: v),
    ("over-", "", lambda v: 1 / v),
)


def factor(name: str, s: Sample, samples: Sequence[Sample]) -> float | None:
    """Return the factor of this name on this sample; None for "ratio", which is some constant.

    Raises
    ------
    UnknownFormula
        If the name is not known.
    """
    if name in PLAIN:
        return PLAIN[name]
    if name == "ratio":
        return None
    sizes = {k for one in samples for k in one.case.sizes}
    known = {k: float(s.case.sizes.get(k, 1)) for k in sizes}
    known |= {k: float(x) for k, x in s.inputs.items() if x.ndim == 0 and k not in sizes}
    known |= {f"length-of-{k}": float(len(x)) for k, x in s.case.args.items() if isinstance(x, (list, tuple))}
    for before, after, of in OF_NUMBER:
        inner = name.removeprefix(before).removesuffix(after)
        if name == f"{before}{inner}{after}" and inner in known:
            return of(known[inner])
    for a in sizes:
        for b in sizes:
            by_name = {
                f"times-{a}-{b}": known[a] * known[b],
                f"over-{a}-{b}": 1 / (known[a] * known[b]),
                f"times-{a}-over-{b}": known[a] / known[b],
            }
            if name in by_name:
                return by_name[name]
    raise UnknownFormula(f"the factor {name!r}")
