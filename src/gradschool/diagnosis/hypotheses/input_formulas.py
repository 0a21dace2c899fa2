"""Formulas made of the inputs: an input as it went in, two of them together, a step from one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import permutations

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.factors import in_common
from gradschool.diagnosis.hypotheses.formulas import Entries, Formula
from gradschool.diagnosis.inputs import fitted, is_ids

STEPS = ("sgd_step", "tabular_step", "polyak", "maximise")  # exercises whose answer is a step away from an input


def of_inputs(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield formulas made of one or two inputs, and of the right answer with one input beside it."""
    names = [n for n in in_common(parts) if all(_usable(p.inputs[n]) for p in parts)]
    label = parts[0].label
    for n in sorted(names, key=lambda n: n != label):  # a `theta` is first compared with `theta`
        of_a_step = n == label or label.startswith(f"{n}_after") or (not label and parts[0].exercise.function in STEPS)
        if of_a_step and all(p.inputs[n].shape == p.right.shape and p.right.ndim for p in parts):
            said = f"The step from {'the old ' if n == label else ''}`{n}` to "
            said += "the new one" if n == label else f"`{label}`" if label else "the result"
            yield Formula("step", said, ("step", n), partial(_rest_of_step, n), base=partial(_start, n))
    for n in names:
        yield Formula("echo", f"`{n}` as it went in", ("input", n), _given(n))
    for n in names:
        yield Formula("term", f"`{n}`", ("right+input", n), partial(_spread_input, n), base=_right)
        if all(np.unique(p.inputs[n]).size > 1 for p in parts if p.inputs[n].size > 1):
            yield Formula(
                "factor-too-many",
                f"in each entry `{n}` times what it should be",
                ("right*input", n),
                _with(n, np.multiply),
            )
            yield Formula(
                "factor-missing",
                f"in each entry what it should be divided by `{n}`",
                ("right/input", n),
                _with(n, np.divide),
            )
    if len(names) <= 8:
        for one, two in permutations(names, 2):
            if one < two:
                yield Formula("product", f"`{one}` * `{two}`", ("input*input", one, two), _both(one, two, np.multiply))
                yield Formula("sum-of-inputs", f"`{one}` + `{two}`", ("input+input", one, two), _both(one, two, np.add))
            yield Formula("difference", f"`{one}` - `{two}`", ("input-input", one, two), _both(one, two, np.subtract))
            yield Formula("quotient", f"`{one}` / `{two}`", ("input/input", one, two), _both(one, two, np.divide))


def _right(p: Part) -> Array:
    return p.right


def _start(name: str, p: Part) -> Array:
    return p.inputs[name]


def _rest_of_step(name: str, p: Part) -> Array:
    return np.asarray(p.right - p.inputs[name])


def _usable(x: Array) -> bool:
    return x.size > 0 and not (is_ids(x) and x.ndim > 0)


def _given(name: str) -> Entries:
    def of(p: Part) -> Array | None:
        x = p.inputs[name]
        if x.shape == p.right.shape:
            return x.astype(np.float64)
        return fitted(x, p.right.shape) if x.ndim else None

    return of


def _spread_input(name: str, p: Part) -> Array | None:
    x = p.inputs[name]
    if x.dtype.kind == "b":
        x = x.astype(np.float64)
    return np.broadcast_to(x, p.right.shape).astype(np.float64) if x.ndim == 0 else fitted(x, p.right.shape)


def _with(name: str, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        x = _spread_input(name, p)
        if x is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(p.right, x))

    return of


def _both(one: str, two: str, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        a, b = _spread_input(one, p), _spread_input(two, p)
        if a is None or b is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(a, b))

    return of
