"""Formulas made of the inputs: an input as it went in, two of them together, a step from one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part, a_row_each
from gradschool.diagnosis.hypotheses.factors import in_common
from gradschool.diagnosis.hypotheses.formulas import Entries, Formula
from gradschool.diagnosis.inputs import fitted, is_ids, is_network, numbers_of

STEPS = ("sgd_step", "tabular_step", "polyak", "maximise")  # exercises whose answer is a step away from an input

TWO_INPUTS = (
    ("product", "*", np.multiply),
    ("sum-of-inputs", "+", np.add),
    ("difference", "-", np.subtract),
    ("quotient", "/", np.divide),
)


def of_inputs(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield formulas made of one or two inputs, and of the right answer with one input beside it."""
    names = [n for n in in_common(parts) if all(_usable(p.inputs[n]) for p in parts)]
    label, rows = parts[0].label, a_row_each(parts)
    if stepped := parts[0].exercise.steps.get(label):
        says = f"The step from the old `{stepped}` to {'the new one' if stepped == label else f'`{label}`'}"
        yield Formula("step", says, ("step", stepped), partial(_rest_from, stepped), base=partial(_numbers_of, stepped))
        old = partial(_numbers_of, stepped)  # as weight decay adds them
        yield Formula("term", f"the old `{stepped}`", ("right+start", stepped), old, base=_right)
    spread = {n: partial(_spread_input, n, n in rows) for n in names}
    for n in sorted(names, key=lambda n: n != label):  # a `theta` is first compared with `theta`
        of_a_step = n == label or label.startswith(f"{n}_") or _is_stepped(parts[0].exercise.function, label, n)
        if of_a_step and all(p.inputs[n].shape == p.right.shape and p.right.ndim for p in parts):
            said = f"The step from {'the old ' if n == label else ''}`{n}` to "
            said += "the new one" if n == label else f"`{label}`" if label else "the result"
            yield Formula("step", said, ("step", n), partial(_rest_of_step, n), base=partial(_start, n))
            yield from _shortened_steps(parts, n)
            yield from _changed_steps(n)
            yield _unit_step(parts[0], n)
    for n in names:
        yield Formula("echo", f"`{n}` as it went in", ("input", n), _given(n, n in rows))
        if is_network(parts[0].case.args, n):  # an answer may have its numbers in either order
            yield Formula("echo", f"`{n}` as it went in", ("input", n), partial(_numbers_of, n))
    for n in names:
        yield Formula("term", f"`{n}`", ("right+input", n), spread[n], base=_right)
        yield Formula("rest", f"`{n}` minus what it should be", ("input-right", n), _against_right(spread[n]))
        if all(np.unique(p.inputs[n]).size > 1 for p in parts if p.inputs[n].size > 1):
            yield Formula(
                "factor-too-many",
                f"in each entry `{n}` times what it should be",
                ("right*input", n),
                _with(spread[n], np.multiply),
            )
            yield Formula(
                "factor-missing",
                f"in each entry what it should be divided by `{n}`",
                ("right/input", n),
                _with(spread[n], np.divide),
            )
    for n in (k for k in in_common(parts) if all(is_ids(p.inputs[k]) and p.inputs[k].ndim for p in parts)):
        times = _with(partial(_spread_input, n, True), np.multiply)  # ids are no quantities, and may be taken for some
        yield Formula("id-as-number", f"in each entry `{n}` times what it should be", ("right*input", n), times, False)
    for one, two in permutations(names, 2) if len(names) <= 8 else ():
        for name, sign, by in TWO_INPUTS:
            if one < two or sign in "-/":
                of = _both(spread[one], spread[two], by)
                yield Formula(name, f"`{one}` {sign} `{two}`", (f"input{sign}input", one, two), of)
    if {"low", "high"} <= set(names):
        yield from _with_range(spread["high"], spread["low"])
        yield from (_clipped(n, spread) for n in names if n not in ("low", "high"))
    for n in names:
        yield from (_kept_factor(n, spread[n], *ends) for ends in ((0.0, 1.0), (-1.0, 1.0), (0.0, np.inf)))
        yield from _other_power(n, spread[n])


def _is_stepped(function: str, label: str, name: str) -> bool:
    """Return whether an answer, or an entry of one that is a list, is a step away from this input."""
    return function in STEPS and (not label or (label.startswith("[") and name.endswith(label)))


def _with_range(high: Entries, low: Entries) -> Iterator[Formula]:
    """Yield the right answer multiplied with the half width of the range or the width, and divided by it."""
    width = _both(high, low, np.subtract)
    for key, which, one in ONE_WIDTH:
        says = f"what would be right if the {which} of `high` - `low` were the width of every column, not its own"
        yield Formula(f"{key}-width", says, ("one-width", key), partial(_of_one_width, width, one), False, partly=False)
    for key, words, by in (("*", "times", np.multiply), ("/", "divided by", np.divide)):
        says = f"what it should be, {words} the root of `high` - `low` in each entry"
        yield Formula("root-width", says, (f"right{key}root-width",), partial(_of_root_width, width, by))
    for share, said in ((0.5, "(`high` - `low`) / 2"), (1.0, "(`high` - `low`)")):
        for key, words, by in (("*", "times", np.multiply), ("/", "divided by", np.divide)):

            def of(p: Part, by: np.ufunc = by, share: float = share) -> Array | None:
                x = width(p)
                with np.errstate(all="ignore"):
                    return None if x is None else np.asarray(by(p.right, share * x))

            name = ("half-" if share < 1 else "") + ("width-too-many" if key == "*" else "width-missing")
            yield Formula(name, f"what it should be, {words} {said} in each entry", (f"right{key}width", share), of)


def _of_root_width(width: Entries, by: np.ufunc, p: Part) -> Array | None:
    """Return the right answer times the root of each column's width, or divided by it."""
    x = width(p)
    return None if x is None or (x <= 0).any() else np.asarray(by(p.right, np.sqrt(x)))


ONE_WIDTH: tuple[tuple[str, str, Callable[[Array], Any]], ...] = (
    ("largest", "largest", np.max),
    ("smallest", "smallest", np.min),
    ("mean", "mean", np.mean),
    ("first", "first", lambda widths: widths[0]),
)


def _of_one_width(width: Entries, one: Callable[[Array], Any], p: Part) -> Array | None:
    """Return the right answer with another width in the place of each column's own, which divides it."""
    x = width(p)
    return x if x is None or x.ndim != 2 or not x.all() else np.asarray(p.right * x / one(x[0]))


def _clipped(name: str, spread: Mapping[str, Entries]) -> Formula:
    """Return an input that is clipped to the range from `low` to `high`."""

    def of(p: Part) -> Array | None:
        x, low, high = (spread[n](p) for n in (name, "low", "high"))
        return None if x is None or low is None or high is None else np.clip(x, low, high)

    return Formula("clipped", f"`{name}` clipped to between `low` and `high`", ("clipped", name), of, False)


def _kept_factor(name: str, spread: Entries, low: float, high: float) -> Formula:
    """Return an input times the right factor, which is kept in a range."""

    def of(p: Part) -> Array | None:
        x = spread(p)
        if x is None or (p.right[x == 0] != 0).any():
            return None
        return np.asarray(x * np.clip(p.right / np.where(x == 0, 1.0, x), low, high))

    ends = f"to between {low:g} and {high:g}" if np.isfinite(high) else f"from below at {low:g}"
    says = f"`{name}` times a factor that is right, but clipped {ends}"
    return Formula("factor-clipped", says, ("factor-clipped", name, low, high), of, False)


def _other_power(name: str, spread: Entries) -> Iterator[Formula]:
    """Yield an input times the square of its right factor, as of a slope that counts twice, and divided by it."""
    for key, says, of in (
        ("right*right/input", "times the square of what it should be multiplied with (that counts twice)", _squared),
        ("input*input/right", "divided by what it should be multiplied with", _divided),
    ):
        yield Formula("factor-power", f"`{name}` {says}", (key, name), partial(of, spread), factor=False, partly=False)


def _squared(spread: Entries, p: Part) -> Array | None:
    return _ratio(p.right, spread(p), p)


def _divided(spread: Entries, p: Part) -> Array | None:
    x = spread(p)
    return None if x is None else _ratio(x, p.right, p)


def _ratio(over: Array, under: Array | None, p: Part) -> Array | None:
    """Return the square of one number divided by another, 0 where nothing should be; None where it is infinite."""
    if under is None or (under[p.right != 0] == 0).any():
        return None
    some = p.right != 0
    return np.asarray(np.where(some, over * (over / np.where(some, under, 1.0)), 0.0))


STEP_CHANGES: tuple[tuple[str, str, Callable[[Array, Array], Array]], ...] = (
    ("sign", "only the sign of what it should be in each entry", lambda step, start: np.sign(step)),
    ("absolute", "the absolute value of what it should be in each entry", lambda step, start: np.abs(step)),
    ("times-start", "in each entry `{}` times what it should be", lambda step, start: step * start),
    ("over-size", "in each entry what it should be, times the size of `{}`", lambda step, start: step * np.abs(start)),
)


def _changed_steps(name: str) -> Iterator[Formula]:
    """Yield the right step changed entry by entry, as where only its sign counts."""
    for key, says, change in STEP_CHANGES:
        of = partial(_changed_step, name, change)
        yield Formula("changed-step", says.format(name), (f"step-{key}", name), of, base=partial(_start, name))


def _changed_step(name: str, change: Callable[[Array, Array], Array], p: Part) -> Array:
    return change(_rest_of_step(name, p), _start(name, p))


def _unit_step(part: Part, name: str) -> Formula:
    """Return a step of the length `lr`, or 1, in the right direction."""

    def of(p: Part) -> Array | None:
        steps = _arrays(p, _rest_of_step(name, p))
        return np.concatenate([_of_length(step, _lr(p)) for step in steps]).reshape(p.right.shape)

    long = "`lr`" if "lr" in part.case.args else "1"
    each = "in each array by a step" if len(part.comparisons) > 1 else "by a step"
    says = f"`{name}` moved in the right direction, {each} whose length is always {long}"
    return Formula("unit-step", says, ("unit-step", name), of, False, base=partial(_start, name))


def _of_length(step: Array, length: float) -> Array:
    return step * (length / (float(np.linalg.norm(step)) or 1.0))


def _right(p: Part) -> Array:
    return p.right


def _start(name: str, p: Part) -> Array:
    return p.inputs[name]


def _rest_of_step(name: str, p: Part) -> Array:
    return np.asarray(p.right - p.inputs[name])


def _numbers_of(name: str, p: Part) -> Array:
    """The numbers of an input in the order in which the answer has them: a network's are one vector."""
    return numbers_of(p.case.args[name])


def _rest_from(name: str, p: Part) -> Array:
    return np.asarray(p.right - _numbers_of(name, p))


def _usable(x: Array) -> bool:
    return x.size > 0 and not (is_ids(x) and x.ndim > 0)


def _shortened_steps(parts: Sequence[Part], name: str) -> Iterator[Formula]:
    """Yield the right step from an input, kept short: as a whole, array by array, or entry by entry.

    The bound is that of the gradient where the inputs have an `lr`, and of the step itself elsewhere.
    """
    wrong = [p for p in parts if p.is_wrong and p.got.shape == p.inputs[name].shape]
    of_what = "the gradient" if "lr" in parts[0].case.args else "the step"
    several = any(len(p.comparisons) > 1 for p in parts)
    for key, size, says in (
        ("norm", _norm, f"made shorter where the norm of {of_what} is more than"),
        (
            "arrays",
            _longest_array,
            f"each array by itself, made shorter where the norm of {of_what} in it is more than",
        ),
        ("entries", _largest_entry, f"with every entry of {of_what} clipped at"),
    ):
        if key == "arrays" and not several:
            continue
        most = float(np.max([size(p, (p.got - p.inputs[name]) / _lr(p)) for p in wrong], initial=0.0))
        yield Formula(
            f"step-{key}-clipped",
            f"`{name}` moved by the right step, {says} {most:.4g}",
            (f"step-{key}-clipped", name, most),
            partial(_short_step, name, key, most),
            base=partial(_start, name),
        )


def _short_step(name: str, key: str, most: float, p: Part) -> Array:
    step = _rest_of_step(name, p)
    bound = most * _lr(p)
    if key == "entries":
        return np.asarray(np.clip(step, -bound, bound))
    if key == "norm":
        return _within(step, bound)
    return np.concatenate([_within(x, bound) for x in _arrays(p, step)]).reshape(step.shape)


def _within(step: Array, bound: float) -> Array:
    return step * min(1.0, bound / (float(np.linalg.norm(step)) or 1.0))


def _arrays(p: Part, x: Array) -> list[Array]:
    """Return the arrays of a list that stand one after another in a vector."""
    ends = np.cumsum([c.expected64.size for c in p.comparisons])[:-1]
    return np.split(np.ravel(x), ends)


def _norm(p: Part, x: Array) -> float:
    return float(np.linalg.norm(x))


def _longest_array(p: Part, x: Array) -> float:
    return max(float(np.linalg.norm(array)) for array in _arrays(p, x))


def _largest_entry(p: Part, x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0))


def _lr(p: Part) -> float:
    return float(p.case.args.get("lr", 1.0)) or 1.0


def _given(name: str, row_each: bool) -> Entries:
    def of(p: Part) -> Array | None:
        x = p.inputs[name]
        if x.shape == p.right.shape:
            return x.astype(np.float64)
        return fitted(x, p.right.shape, row_each) if x.ndim else None

    return of


def _spread_input(name: str, row_each: bool, p: Part) -> Array | None:
    x = p.inputs[name]
    if x.dtype.kind == "b":
        x = x.astype(np.float64)
    return np.broadcast_to(x, p.right.shape).astype(np.float64) if x.ndim == 0 else fitted(x, p.right.shape, row_each)


def _against_right(spread: Entries) -> Entries:
    def of(p: Part) -> Array | None:
        x = spread(p)
        return None if x is None else x - p.right

    return of


def _with(spread: Entries, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        x = spread(p)
        if x is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(p.right, x))

    return of


def _both(one: Entries, two: Entries, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        a, b = one(p), two(p)
        if a is None or b is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(a, b))

    return of
