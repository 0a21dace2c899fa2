"""Formulas for a wrong answer: what the student's function computes instead, up to a factor that has a name.

A formula is a hypothesis about all entries of one part of an answer. It is compared with every attempt, right ones
and edge cases among them: either it *is* the answer on all of them, or only wherever the answer is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.inputs import fitted, is_flags, is_ids

SAME = 1e-6  # of the largest entry: two arrays this near are one, two factors this near too
Entries = Callable[[Part], "Array | None"]  # what a formula gives for one part; None where it does not apply


@dataclass(frozen=True)
class Formula:
    """What an answer may be instead of the right one.

    ``name`` is for a program; ``says`` completes "The result is ..."; ``key`` says it in plain data, for an audit;
    ``of`` computes it; ``factor`` is False where a factor makes no sense, as for the sign of each entry. With a
    ``base``, not the answer but what separates it from the base is compared: a step from an input, or an added term.
    """

    name: str
    says: str
    key: tuple[str | float, ...]
    of: Entries
    factor: bool = True
    base: Entries | None = None


@dataclass(frozen=True)
class Match:
    """A formula that fits: ``factor`` in words ("" for 1), and whether it is the answer everywhere."""

    formula: Formula
    factor: str
    factor_name: str
    everywhere: bool


def match(parts: Sequence[Part], formula: Formula, first_look: bool = False) -> Match | None:
    """Return how a formula fits these parts; None if it does not.

    It fits where one factor that has a name makes it equal to the answer everywhere, or equal to it (without a
    factor) in every wrong entry. ``first_look``: these are too few parts to tell a coincidence.
    """
    if formula.base is not None:
        return _match_gap(parts, formula, formula.base)
    made = [formula.of(p) for p in parts]
    pairs = [(p, f) for p, f in zip(parts, made, strict=True) if f is not None]
    if len(pairs) < len(parts) or not all(f.shape == p.got.shape and np.isfinite(f).all() for p, f in pairs):
        return None
    if all(agrees(p.got, f).all() and _accounts_for(p, f) for p, f in pairs):
        return Match(formula, "", "", True) if any(f.any() for _, f in pairs) or formula.name == "zero" else None
    if formula.factor:
        named = factor_of(parts, [(p.got, f) for p, f in pairs])
        if named and all(_accounts_for(p, named[2][k] * f) for k, (p, f) in enumerate(pairs)):
            return Match(formula, named[0], named[1], True)
    if all(agrees(p.got, f)[p.wrong].all() and _accounts_for(p, f) for p, f in pairs):
        return Match(formula, "", "", False) if first_look or _is_told_apart(pairs) else None
    return None


def _accounts_for(p: Part, made: Array) -> bool:
    """Return whether what separates an answer from a formula is small beside what separates it from the right one."""
    left, error = np.abs(p.got - made)[p.wrong], np.abs(p.got - p.right)[p.wrong]
    return bool((left <= 1e-3 * error).all())


def _match_gap(parts: Sequence[Part], formula: Formula, base: Entries) -> Match | None:
    """Return the factor of what separates the answers from a base, if it has a name."""
    found = [(p, base(p), formula.of(p)) for p in parts]
    gaps = [(p.got - b, f) for p, b, f in found if b is not None and f is not None and b.shape == p.got.shape]
    if len(gaps) < len(parts) or not all(f.shape == gap.shape and np.isfinite(f).all() for gap, f in gaps):
        return None
    if not any(np.count_nonzero(f) > 1 for _, f in gaps):
        return None
    named = factor_of(parts, gaps)
    if named is None:
        return None
    made = [b + c * f for (_, b, f), c in zip(found, named[2], strict=True) if b is not None and f is not None]
    if not all(_accounts_for(p, x) for p, x in zip(parts, made, strict=True)):
        return None
    return Match(formula, named[0], named[1], True)


def agrees(got: Array, made: Array) -> Array:
    """Return the mask of the entries in which two arrays agree, up to SAME of the largest."""
    return np.asarray(np.abs(got - made) <= SAME * np.max(np.abs(made), initial=0.0))


def _is_told_apart(pairs: Sequence[tuple[Part, Array]]) -> bool:
    """Return whether enough wrong entries, of different sizes, speak for a formula that holds in those alone."""
    wrong = np.concatenate([np.ravel(p.got[p.wrong]) for p, _ in pairs])
    return wrong.size >= 3 and (np.unique(np.round(wrong, 9)).size > 2 or not wrong.any())


# -- factors ----------------------------------------------------------------------------------------------------------


def factor_of(parts: Sequence[Part], pairs: Sequence[tuple[Array, Array]]) -> tuple[str, str, Sequence[float]] | None:
    """Return the c of got = c * made for all (got, made): in words, as a name, and as numbers; None without a name.

    The factor may differ from input to input if it is one of the numbers among the inputs, or one of the sizes.
    """
    if any(got.any() and not f.any() for got, f in pairs) or not any(f.any() for _, f in pairs):
        return None
    factors = [constant_ratio(got, f) if f.any() else 1.0 for got, f in pairs]
    if any(c is None for c in factors):
        return None
    known = np.array([float(c) for c in factors if c is not None])
    counts = np.array([bool(f.any()) for _, f in pairs])
    for words, name, values in known_factors(parts):
        if np.allclose(known[counts], np.array(values)[counts], rtol=SAME, atol=0):
            return words, name, known
    c = float(known[counts][0])
    several = sum(int(np.count_nonzero(f)) for _, f in pairs) > 2
    if several and abs(c - 1) > 1e-4 and np.allclose(known[counts], c, rtol=SAME, atol=0):
        return f"{c:.4g} times", "ratio", known
    return None


def constant_ratio(got: Array, made: Array) -> float | None:
    """Return the c of got = c * made, if it is not 0; None otherwise."""
    i = int(np.argmax(np.abs(made)))
    c = float(got.flat[i] / made.flat[i]) if made.flat[i] else 0.0
    return c if c and bool(agrees(got, c * made).all()) else None


SIZES = {"B": "B (the batch size)"}


def known_factors(parts: Sequence[Part]) -> Iterator[tuple[str, str, list[float]]]:
    """Yield every factor that has a name: in words, as a name, and its value for each part."""
    ones = np.ones(len(parts))
    plain = [("the negative of", "sign", -1.0), ("twice", "twice", 2.0), ("half of", "half", 0.5)]
    plain += [("-2 times", "minus-twice", -2.0), ("-1/2 of", "minus-half", -0.5)]
    yield from ((words, name, list(c * ones)) for words, name, c in plain)
    for words, name, values in _numbers(parts):
        v = np.array(values)
        if (v == 0).any():
            continue
        yield f"{words} times", f"times-{name}", list(v)
        yield f"1 / {words} of", f"over-{name}", list(1 / v)
        yield f"-{words} times", f"minus-times-{name}", list(-v)
        yield f"-1 / {words} of", f"minus-over-{name}", list(-1 / v)
        yield f"{words}² times", f"times-{name}-squared", list(v**2)
        yield f"1 / {words}² of", f"over-{name}-squared", list(1 / v**2)
        yield f"2 {words} times", f"twice-times-{name}", list(2 * v)
        yield f"2 / {words} of", f"twice-over-{name}", list(2 / v)
        yield f"1 / (2 {words}) of", f"half-over-{name}", list(0.5 / v)
        yield f"√{words} times", f"times-root-{name}", list(np.sqrt(np.abs(v)))
        yield f"1 / √{words} of", f"over-root-{name}", list(1 / np.sqrt(np.abs(v)))
        if (v != 1).all():
            yield f"(1 - {words}) times", f"times-rest-{name}", list(1 - v)
            yield f"1 / (1 - {words}) of", f"over-rest-{name}", list(1 / (1 - v))
            yield f"{words} / ({words} - 1) of", f"bessel-{name}", list(v / (v - 1))
            yield f"({words} - 1) / {words} of", f"less-one-{name}", list((v - 1) / v)
    sizes = _size_names(parts)
    for one, two in ((a, b) for k, a in enumerate(sizes) for b in sizes[k + 1 :]):
        product = np.array([p.sizes.get(one, 1) * p.sizes.get(two, 1) for p in parts], float)
        yield f"{one} {two} times", f"times-{one}-{two}", list(product)
        yield f"1 / ({one} {two}) of", f"over-{one}-{two}", list(1 / product)
        quotient = np.array([p.sizes.get(one, 1) / p.sizes.get(two, 1) for p in parts], float)
        yield f"{one} / {two} of", f"times-{one}-over-{two}", list(quotient)
        yield f"{two} / {one} of", f"times-{two}-over-{one}", list(1 / quotient)


def _size_names(parts: Sequence[Part]) -> list[str]:
    """Return the names of the sizes; a case that leaves one out has a size of 1 there."""
    return list(dict.fromkeys(n for p in parts for n in p.sizes))


def _numbers(parts: Sequence[Part]) -> Iterator[tuple[str, str, list[float]]]:
    for name in _size_names(parts):
        yield SIZES.get(name, name), name, [float(p.sizes.get(name, 1)) for p in parts]
    for name in in_common(parts):
        values = [p.inputs[name] for p in parts]
        if all(v.ndim == 0 and v.dtype.kind in "fiu" for v in values):
            yield f"`{name}`", name, [float(v) for v in values]


def in_common(parts: Sequence[Part]) -> list[str]:
    """Return the names of the inputs that every one of these parts has."""
    return [name for name in parts[0].inputs if all(name in p.inputs for p in parts)]


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


RIGHT_ITSELF = _of_right("right", "what it should be", lambda x: x)
ZERO = _of_right("zero", "zero everywhere", np.zeros_like, factor=False)
OF_RIGHT: tuple[Formula, ...] = (
    _of_right("transposed", "the transpose of what it should be", lambda x: x.T if x.ndim == 2 else None),
    _of_right("absolute", "the absolute value of what it should be", np.abs),
    _of_right("positive-part", "what it should be where that is positive, and 0 elsewhere", lambda x: np.maximum(x, 0)),
    _of_right("negative-part", "what it should be where that is negative, and 0 elsewhere", lambda x: np.minimum(x, 0)),
    _of_right("sign-only", "only the sign of what it should be", np.sign),
    _of_right("squared", "the square of what it should be", np.square),
    _of_right("rolled", "right, but one place too far along its last axis", lambda x: np.roll(x, 1, -1) if _several(x) else None),
    _of_right("rolled-back", "right, but one place too early along its last axis", lambda x: np.roll(x, -1, -1) if _several(x) else None),
    _of_right("rolled-rows", "right, but one row too far down", lambda x: np.roll(x, 1, 0) if x.ndim == 2 else None),
    _of_right("rolled-rows-back", "right, but one row too far up", lambda x: np.roll(x, -1, 0) if x.ndim == 2 else None),
    _of_right("reversed", "right, but in reverse order along its first axis", lambda x: x[::-1] if _several(x) else None),
    _of_right("reversed-columns", "right, but in reverse order along its last axis", lambda x: x[..., ::-1] if x.ndim == 2 else None),
    _of_right("normalized", "what it should be, divided by its own norm", _normed),
    _of_right("sum-of-rows", "in every row the sum over the rows of what it should be", lambda x: _spread(x, 0, False)),
    _of_right("mean-of-rows", "in every row the mean over the rows of what it should be", lambda x: _spread(x, 0, True)),
    _of_right("sum-of-columns", "in every column the sum over the columns of what it should be", lambda x: _spread(x, 1, False)),
    _of_right("mean-of-columns", "in every column the mean over the columns of what it should be", lambda x: _spread(x, 1, True)),
    _of_right("cumulative", "the running sum of what it should be, along its first axis", lambda x: np.cumsum(x, 0) if _several(x) else None),
    _of_right("centered", "what it should be minus its mean over the rows", lambda x: x - x.mean(0, keepdims=True) if _several(x) else None),
    _of_right("centered-columns", "what it should be minus its mean over the columns", lambda x: x - x.mean(1, keepdims=True) if x.ndim == 2 else None),
    _of_right("diagonal-only", "right on its diagonal, and 0 elsewhere", lambda x: np.diag(np.diag(x)) if _square(x) else None),
    _of_right("rounded", "what it should be, rounded to whole numbers", np.round, factor=False),
    _of_right("reciprocal", "1 divided by what it should be", lambda x: 1 / x if x.all() else None),
)  # fmt: skip


def clipped(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield the right answer clipped at a bound, or scaled down to a norm, that these answers suggest."""
    wrong = [p for p in parts if p.is_wrong]
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


def _clip(a: float, b: float) -> Formula:
    at = (
        f"between {a:.4g} and {b:.4g}"
        if np.isfinite([a, b]).all()
        else f"from above at {b:.4g}"
        if np.isfinite(b)
        else f"from below at {a:.4g}"
    )
    return Formula("clipped", f"what it should be, clipped {at}", ("right", "clipped", a, b), lambda p: np.clip(p.right, a, b), False)  # fmt: skip


STEPS = ("sgd_step", "tabular_step", "polyak", "maximise")  # exercises whose answer is a step away from an input

# -- formulas of the inputs -------------------------------------------------------------------------------------------


def of_inputs(parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield formulas made of one or two inputs, and of the right answer with one input beside it."""
    names = [n for n in in_common(parts) if all(_usable(p.inputs[n]) for p in parts)]
    label = parts[0].label
    for n in sorted(names, key=lambda n: n != label):  # a `theta` is first compared with `theta`
        of_a_step = n == label or label.startswith(f"{n}_after") or (not label and parts[0].exercise.function in STEPS)
        if of_a_step and all(p.inputs[n].shape == p.right.shape and p.right.ndim for p in parts):
            said = f"The step from {'the old ' if n == label else ''}`{n}` to "
            said += "the new one" if n == label else f"`{label}`" if label else "the result"
            yield Formula(
                "step", said, ("step", n), lambda p, n=n: p.right - p.inputs[n], base=lambda p, n=n: p.inputs[n]
            )  # type: ignore[misc]
    for n in names:
        yield Formula("echo", f"`{n}` as it went in", ("input", n), _given(n))
    for n in names:
        yield Formula("term", f"`{n}`", ("right+input", n), lambda p, n=n: _spread_input(p, n), base=lambda p: p.right)  # type: ignore[misc]
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


def _usable(x: Array) -> bool:
    return x.size > 0 and not (is_ids(x) and x.ndim > 0)


def _given(name: str) -> Entries:
    def of(p: Part) -> Array | None:
        x = p.inputs[name]
        if x.shape == p.right.shape:
            return x.astype(np.float64)
        return fitted(x, p.right.shape) if x.ndim else None

    return of


def _spread_input(p: Part, name: str) -> Array | None:
    x = p.inputs[name]
    if x.dtype.kind == "b":
        x = x.astype(np.float64)
    return np.broadcast_to(x, p.right.shape).astype(np.float64) if x.ndim == 0 else fitted(x, p.right.shape)


def _with(name: str, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        x = _spread_input(p, name)
        if x is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(p.right, x))

    return of


def _both(one: str, two: str, by: np.ufunc) -> Entries:
    def of(p: Part) -> Array | None:
        a, b = _spread_input(p, one), _spread_input(p, two)
        if a is None or b is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(by(a, b))

    return of


def of_flags(p: Part, name: str) -> bool:
    """Return whether an input of this part is flags."""
    return name in p.inputs and is_flags(p.inputs[name])
