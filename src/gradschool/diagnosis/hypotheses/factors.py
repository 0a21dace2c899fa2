"""Factors with a name: what an answer must be multiplied with to be right, or to be what a formula gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Part

SAME = 1e-6  # of the largest entry: two arrays this near are one, two factors this near too


def agrees(got: Array, made: Array) -> Array:
    """Return the mask of the entries in which two arrays agree, up to SAME of the largest."""
    return np.asarray(np.abs(got - made) <= SAME * np.max(np.abs(made), initial=0.0))


def factor_of(parts: Sequence[Part], pairs: Sequence[tuple[Array, Array]]) -> tuple[str, str, list[float]] | None:
    """Return the c of got = c * made for all (got, made): in words, as a name, and as numbers; None without a name.

    The factor may differ from input to input if it is one of the numbers among the inputs, or one of the sizes. Then it
    may be 0 on some of them.
    """
    if any(got.any() and not f.any() for got, f in pairs) or not any(f.any() for _, f in pairs):
        return None
    factors = [(constant_ratio(got, f) if got.any() else 0.0) if f.any() else 1.0 for got, f in pairs]
    if any(c is None for c in factors):
        return None
    known = np.array([float(c) for c in factors if c is not None])
    counts = np.array([bool(f.any()) for _, f in pairs])
    for words, name, values in known_factors(parts):
        if np.allclose(known[counts], np.array(values)[counts], rtol=SAME, atol=0):
            return words, name, values
    c = float(known[counts][0])
    several = sum(int(np.count_nonzero(f)) for _, f in pairs) > 2
    if several and c and abs(c - 1) > 1e-4 and np.allclose(known[counts], c, rtol=SAME, atol=0):
        return f"{c:.4g} times", "ratio", list(known)
    return None


def constant_ratio(got: Array, made: Array) -> float | None:
    """Return the c of got = c * made, if it is not 0; None otherwise."""
    i = int(np.argmax(np.abs(made)))
    c = float(got.flat[i] / made.flat[i]) if made.flat[i] else 0.0
    return c if c and bool(agrees(got, c * made).all()) else None


def known_factors(parts: Sequence[Part]) -> Iterator[tuple[str, str, list[float]]]:
    """Yield every factor that has a name: in words, as a name, and its value for each part."""
    ones = np.ones(len(parts))
    plain = [("the negative of", "sign", -1.0), ("twice", "twice", 2.0), ("half of", "half", 0.5)]
    plain += [("-2 times", "minus-twice", -2.0), ("-1/2 of", "minus-half", -0.5)]
    yield from ((words, name, list(c * ones)) for words, name, c in plain)
    for words, name, values in _numbers(parts):
        v = np.array(values)
        if not v.any():
            continue
        yield f"{words} times", f"times-{name}", list(v)
        yield f"-{words} times", f"minus-times-{name}", list(-v)
        yield f"{words}² times", f"times-{name}-squared", list(v**2)
        yield f"2 {words} times", f"twice-times-{name}", list(2 * v)
        yield f"{words}/2 times", f"half-times-{name}", list(0.5 * v)
        yield f"√{words} times", f"times-root-{name}", list(np.sqrt(np.abs(v)))
        if (v != 1).any():
            yield f"(1 - {words}) times", f"times-rest-{name}", list(1 - v)
        if (v != 1).all():
            yield f"1/(1 - {words}) of", f"over-rest-{name}", list(1 / (1 - v))
        if (v != 0).all():
            yield from _divided(words, name, v)
    sizes = _size_names(parts)
    for one, two in ((a, b) for k, a in enumerate(sizes) for b in sizes[k + 1 :]):
        product = np.array([p.sizes.get(one, 1) * p.sizes.get(two, 1) for p in parts], float)
        yield f"{one} {two} times", f"times-{one}-{two}", list(product)
        yield f"1/({one} {two}) of", f"over-{one}-{two}", list(1 / product)
        quotient = np.array([p.sizes.get(one, 1) / p.sizes.get(two, 1) for p in parts], float)
        yield f"{one}/{two} times", f"times-{one}-over-{two}", list(quotient)
        yield f"{two}/{one} times", f"times-{two}-over-{one}", list(1 / quotient)


def _divided(words: str, name: str, v: Array) -> Iterator[tuple[str, str, list[float]]]:
    """Yield the factors in which a number that is never 0 is a divisor."""
    yield f"1/{words} of", f"over-{name}", list(1 / v)
    yield f"-1/{words} of", f"minus-over-{name}", list(-1 / v)
    yield f"1/{words}² of", f"over-{name}-squared", list(1 / v**2)
    yield f"2/{words} of", f"twice-over-{name}", list(2 / v)
    yield f"1/(2 {words}) of", f"half-over-{name}", list(0.5 / v)
    yield f"1/√{words} of", f"over-root-{name}", list(1 / np.sqrt(np.abs(v)))
    if (v != 1).any():
        alone = v == 1  # who divides by one less has to spare a single one
        spared = f", where {words} is more than 1," if alone.any() else ""
        values = np.where(alone, 1, v / np.where(alone, 1, v - 1))
        yield f"{words}/({words} - 1) times{spared}", f"bessel-{name}", list(values)
    if (v != 1).all():
        yield f"({words} - 1)/{words} of", f"less-one-{name}", list((v - 1) / v)


def _size_names(parts: Sequence[Part]) -> list[str]:
    """Return the names of the sizes; a case that leaves one out has a size of 1 there."""
    return list(dict.fromkeys(n for p in parts for n in p.sizes))


def _numbers(parts: Sequence[Part]) -> Iterator[tuple[str, str, list[float]]]:
    """Yield the sizes, the numbers among the inputs, and how many arrays a list among them has."""
    for name in _size_names(parts):
        yield name, name, [float(p.sizes.get(name, 1)) for p in parts]
    for name in in_common(parts):
        values = [p.inputs[name] for p in parts]
        if all(v.ndim == 0 and v.dtype.kind in "fiu" for v in values):
            yield f"`{name}`", name, [float(v) for v in values]
    for name, value in parts[0].case.args.items():
        if isinstance(value, list | tuple) and all(name in p.case.args for p in parts):
            yield f"len({name})", f"length-of-{name}", [float(len(p.case.args[name])) for p in parts]


def in_common(parts: Sequence[Part]) -> list[str]:
    """Return the names of the inputs that every one of these parts has."""
    return [name for name in parts[0].inputs if all(name in p.inputs for p in parts)]
