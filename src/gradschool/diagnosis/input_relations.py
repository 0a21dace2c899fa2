"""What a wrong answer has to do with the inputs and with the right one: it is `g` as it came in, it lacks a factor.

Where :mod:`gradschool.diagnosis.patterns` sees only where the numbers are wrong, this often tells how. Every relation
holds on every wrong pair, or it is not named. No reference is needed, only the case and the right answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradschool.core.compare import Comparison
from gradschool.core.exercise import Exercise
from gradschool.core.numerics import Array, nearly_equal
from gradschool.core.plain_data import iter_leaves, to_plain
from gradschool.core.report import Diagnosis
from gradschool.diagnosis.patterns import SIZES
from gradschool.rl.nets.mlp import MLP

SAME = 1e-6  # relative: two factors this near are one


@dataclass(frozen=True)
class WrongPair:
    """A wrong comparison with the inputs that it was made from, by the names that the lesson gives them."""

    comparison: Comparison
    inputs: Mapping[str, Array]

    @property
    def what(self) -> str:
        """The part of the answer, as the subject of a sentence."""
        return self.comparison.what

    @property
    def got(self) -> Array:
        """What came back, in float64."""
        return self.comparison.got64

    @property
    def expected(self) -> Array:
        """What was right, in float64."""
        return self.comparison.expected64

    @cached_property
    def off(self) -> Array:
        """Mask of the entries that are wrong beyond all rounding: coarser than the comparison's own."""
        return np.asarray(np.abs(self.got - self.expected) > SAME * np.max(np.abs(self.expected), initial=0.0))


def named_inputs(exercise: Exercise, args: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays and numbers among the inputs whose names a student knows: those in the exercise's signature.

    A network comes as the list of its parameters.
    """
    found: dict[str, Array] = {}
    for name, value in args.items():
        subject = subject_of(exercise, name)
        if subject:
            if isinstance(value, Mapping) and "flat" in value:
                net = MLP(tuple(int(n) for n in value["sizes"]), flat=value["flat"])
                value = [
                    x for w, b in zip(net.weights, net.biases, strict=True) for x in (w.T, b)
                ]  # as torch lists them
            found.update(
                (n, leaf) for n, leaf in iter_leaves(to_plain({subject: value})) if isinstance(leaf, np.ndarray)
            )
    return found


def subject_of(exercise: Exercise, name: str) -> str:
    """Return what the lesson calls an input: its name, ``target_critics[1]`` for ``target_critic_2``, or ""."""
    arguments = exercise.signature.partition("(")[2].partition(")")[0].replace(" ", "").split(",")
    if name in arguments:
        return name
    stem, _, number = name.rpartition("_") if name[-1:].isdigit() else (name, "", "1")
    return f"{stem}s[{int(number) - 1}]" if f"{stem}s" in arguments else ""


def in_common(wrong: Sequence[WrongPair]) -> list[str]:
    """Return the names of the inputs that every one of these wrong pairs has."""
    return [name for name in wrong[0].inputs if all(name in w.inputs for w in wrong)]


Relation = Callable[[Sequence[WrongPair]], Diagnosis | None]


def kept(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize a change to an input that should come back as it is, under its own name."""
    first_word = re.split(r"[_\[]", wrong[0].comparison.label)[0]  # `critic_weights[0]` is about `critic`
    own = [name for name in in_common(wrong) if name.partition("[")[0] == first_word]
    for name in own:
        if all(w.inputs[name].ndim and w.expected.any() and nearly_equal(w.inputs[name], w.expected) for w in wrong):
            return Diagnosis("kept", f"{wrong[0].what} has changed: it should come back as `{name}` went in.")
    return None


def echo(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer that is one of the inputs, or minus one of them."""
    what = wrong[0].what
    for name in in_common(wrong):
        given = [w.inputs[name] for w in wrong]
        if all(g.ndim and g.any() and nearly_equal(w.got, g) for w, g in zip(wrong, given, strict=True)):
            return Diagnosis("echo", f"{what} is `{name}`, exactly as it went in: what should have happened to it?")
        if all(g.ndim and g.any() and nearly_equal(w.got, -1.0 * g) for w, g in zip(wrong, given, strict=True)):
            return Diagnosis(
                "echo-negative", f"{what} is minus `{name}` as it went in: what else should have happened to it?"
            )
    return None


def steps(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize a step from one of the inputs that is right but for its sign or length."""
    label = wrong[0].comparison.label
    for name in sorted(in_common(wrong), key=lambda n: n != label):  # a `theta` is first compared with `theta`
        starts = [w.inputs[name] for w in wrong]
        if any(
            s.shape != w.got.shape or s.ndim == 0 or s.dtype.kind != "f" for s, w in zip(starts, wrong, strict=True)
        ):
            continue
        ways = [(w.got - s, w.expected - s) for s, w in zip(starts, wrong, strict=True)]
        to = "the new one" if name == label else lower(wrong[0].what)
        finding = _way(
            f"The step from {'the old ' if name == label else ''}`{name}` to {to}", ways, list(_numbers(wrong))
        )
        if finding:
            return finding
    return None


def _way(
    start: str, ways: Sequence[tuple[Array, Array]], numbers: Sequence[tuple[str, list[float]]]
) -> Diagnosis | None:
    """Say what is wrong with steps that are multiples of the right ones; None if they are not."""
    if not all(np.count_nonzero(right) and right.size > 1 for _, right in ways):
        return None
    factors = constant_factor(ways)
    if not factors:
        return None
    if np.allclose(factors, -1.0, rtol=SAME):
        return Diagnosis("opposite-step", f"{start} is as long as it should be, and points the opposite way.")
    for words, value in numbers:
        if np.allclose(factors, value, rtol=SAME, atol=0):
            return Diagnosis("step-factor", f"{start} is {words} times as long as it should be.")
    if max(factors) < 0:
        return Diagnosis("opposite-step", f"{start} points the opposite way.")
    if min(factors) < 0 or any(np.count_nonzero(right) < 2 for _, right in ways):
        return None  # any lone number is a multiple of any other
    length = "too short" if max(factors) < 1 else "too long" if min(factors) > 1 else "of the wrong length"
    return Diagnosis("step-length", f"{start} has the right direction, but it is {length}.")


def lower(what: str) -> str:
    """Return the subject of a sentence as it stands in the middle of one."""
    return "the result" if what == "The result" else what


def constant_factor(ways: Sequence[tuple[Array, Array]]) -> list[float]:
    """Return the c of got = c * expected for each pair; [] unless all of them have one that is not 0."""
    factors = []
    for got, expected in ways:
        i = int(np.argmax(np.abs(expected)))
        c = float(got.flat[i] / expected.flat[i]) if expected.flat[i] else 0.0
        if c == 0 or not nearly_equal(got, c * expected):
            return []
        factors.append(c)
    return factors


def _numbers(wrong: Sequence[WrongPair]) -> Iterator[tuple[str, list[float]]]:
    """Yield what a factor may be called: a number among the inputs or a size, itself or one divided by it."""
    for name in in_common(wrong):
        values = [w.inputs[name] for w in wrong]
        if all(v.ndim == 0 and v.dtype.kind in "fiu" and v != 0 for v in values):
            numbers = [float(v) for v in values]
            yield f"`{name}`", numbers
            yield f"1 / `{name}`", [1 / v for v in numbers]
            yield f"1 / `{name}`²", [1 / v**2 for v in numbers]
    for name in wrong[0].comparison.sizes:
        if all(name in w.comparison.sizes for w in wrong):
            sizes = [float(w.comparison.sizes[name]) for w in wrong]
            yield SIZES.get(name, name), sizes
            yield f"1 / {SIZES.get(name, name)}", [1 / v for v in sizes]


def factor(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize a constant factor that is one of the numbers among the inputs or the sizes, or one divided by it."""
    found = constant_factor([(w.got, w.expected) for w in wrong])
    for words, value in _numbers(wrong):
        if found and np.allclose(found, value, rtol=SAME, atol=0):
            return Diagnosis("factor", f"{wrong[0].what} is {words} times what it should be.")
    return None


def entrywise(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize entries that carry one of the inputs as a factor too many, or lack one."""
    what = lower(wrong[0].what)
    for name in in_common(wrong):
        given = [_fitted(w.inputs[name], w.expected.shape) for w in wrong]
        sides = [(w.got, w.expected, g) for w, g in zip(wrong, given, strict=True) if g is not None]
        if len(sides) < len(wrong) or any(np.unique(g).size < 2 for _, _, g in sides):
            continue
        if all(nearly_equal(got, expected * g) for got, expected, g in sides):
            return Diagnosis("factor-too-many", f"Each entry of {what} is `{name}` times what it should be.")
        if all(nearly_equal(got * g, expected) for got, expected, g in sides):
            return Diagnosis("factor-missing", f"Each entry of {what} lacks the factor `{name}`.")
    return None


def _fitted(given: Array, shape: tuple[int, ...]) -> Array | None:
    """Return an input spread over the answer's shape, a (B,) also along rows; None if it does not fit."""
    if given.ndim == 0 or given.dtype.kind == "b":
        return None
    if given.ndim == 1 and len(shape) == 2 and len(given) == shape[0] != shape[1]:
        given = given[:, None]
    try:
        return np.broadcast_to(given.astype(np.float64), shape)
    except ValueError:
        return None


def difference(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize that one of the inputs has been added, or left out of a sum."""
    what = wrong[0].what
    for name in in_common(wrong):
        given = [_fitted(w.inputs[name], w.expected.shape) for w in wrong]
        gaps = [(w.got - w.expected, g) for w, g in zip(wrong, given, strict=True) if g is not None and g.any()]
        if len(gaps) < len(wrong):
            continue
        if all(nearly_equal(gap, g) for gap, g in gaps):
            return Diagnosis("term-too-many", f"{what} is too large by exactly `{name}`, in every entry.")
        if all(nearly_equal(gap, -g) for gap, g in gaps):
            return Diagnosis("term-missing", f"{what} is too small by exactly `{name}`, in every entry.")
    return None


def displaced(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize the right numbers in other places."""
    for w in wrong:
        several = np.unique(w.expected).size > 2 and np.unique(w.expected).size > w.expected.size / 4
        if not several or not nearly_equal(np.sort(w.got, axis=None), np.sort(w.expected, axis=None)):
            return None
    return Diagnosis("displaced", f"{wrong[0].what} has the right numbers, but not in the right places.")


def signs(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize the right sizes with some signs wrong."""
    if not all(nearly_equal(np.abs(w.got), np.abs(w.expected)) for w in wrong) or sum(w.got.size for w in wrong) < 4:
        return None
    return Diagnosis("signs", f"{wrong[0].what} has the right size in every entry, and the wrong sign in some.")


def missing(wrong: Sequence[WrongPair]) -> Diagnosis | None:
    """Recognize an answer that is right where it is not 0, and 0 where it should not be."""
    if all(not w.got[w.off].any() and w.got.any() for w in wrong):
        return Diagnosis("missing", f"{wrong[0].what} is 0 where it should not be; wherever it is not 0, it is right.")
    return None


HOW: tuple[Relation, ...] = (kept, echo, steps, factor, entrywise, difference, displaced, signs, missing)


def relation(wrong: Sequence[WrongPair], among: Sequence[Relation]) -> Diagnosis | None:
    """Return the first of these relations that holds on every wrong pair of one part of an answer, or None."""
    numbers = (w.comparison.expected for w in wrong)
    if not wrong or not all(isinstance(n, np.ndarray) and n.dtype.kind in "fiu" and n.size for n in numbers):
        return None
    if not all(np.isfinite(w.got).all() and w.off.any() for w in wrong):
        return None
    return next((found for look in among if (found := look(wrong))), None)
