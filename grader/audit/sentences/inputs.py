"""Fresh inputs on which claims are tested, with the answers of a mutant and the right ones, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from grader.audit.mutation.mutants import Solution
from grader.bank.entry import Entry
from gradschool.core.calling import Reply, call_twice, captured_output
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Args, Case, Exercise, Rng
from gradschool.core.numerics import TOLERANCES, Array, wrong_entries
from gradschool.core.plain_data import PlainData, iter_leaves, to_plain

FIRST_SEED = 7_000  # neither the judge, nor `check`, nor the diagnosis draws from these


@dataclass(frozen=True)
class Sample:
    """One fresh input: what the mutant gave, what is right, and which entries are wrong, by part.

    A list of arrays is one part, its entries one after another. ``inputs`` are the arrays and numbers by the names of
    the lesson.
    """

    case: Case
    reply: Reply
    attempt: Attempt
    got: Mapping[str, Array]
    right: Mapping[str, Array]
    wrong: Mapping[str, Array]
    inputs: Mapping[str, Array]

    def stands_by_rows(self, name: str, shape: tuple[int, ...]) -> bool:
        """Return whether a vector has a number for each row of an answer of this shape: a bound has one a column."""
        return shape[0] != shape[1] or (
            name not in ("low", "high", "noise_clip") and shape[0] == self.case.sizes.get("B")
        )

    def has(self, part: str) -> bool:
        """Return whether the part is there as numbers; any sample will do for the answer as a whole."""
        return part in self.got or (not part and "" not in self.right)


def draw(entry: Entry, mutant: Solution, least: int) -> list[Sample]:
    """Return at least ``least`` fresh samples: all cases of one seed after another."""
    found: list[Sample] = []
    seed = FIRST_SEED
    while len(found) < least and seed < FIRST_SEED + 2 * least:
        found += [sample(entry, mutant, case) for case in _cases(entry.cases, seed)]
        seed += 1
    return found


@lru_cache(maxsize=256)
def _cases(draw: Callable[[Rng], list[Case]], seed: int) -> tuple[Case, ...]:
    return tuple(draw(np.random.default_rng(seed)))


def right_answer(entry: Entry, args: Args) -> PlainData | None:
    """Return the reference's answer to inputs that may be none of the lesson's; None where it raises."""
    try:
        with captured_output():
            return entry.right(args)
    except Exception:
        return None


def sample(entry: Entry, mutant: Solution, case: Case) -> Sample:
    """Ask the mutant, and put its answer beside the right one."""
    expected = right_answer(entry, case.args)
    assert expected is not None
    reply = call_twice(entry.exercise, mutant.fresh(), case.args)
    tolerance = TOLERANCES[entry.tolerance]
    attempt = Attempt(case, expected, reply, entry.exercise.returns, tolerance)
    right, got = numbers(expected, entry.exercise.returns), {}
    if not attempt.raised and attempt.well_formed:
        got = numbers(attempt.got, entry.exercise.returns)
    got = {k: x for k, x in got.items() if k in right and x.shape == right[k].shape}
    wrong = {k: _wrong(attempt, k, right[k]) for k in got}
    return Sample(case, reply, attempt, got, right, wrong, lesson_inputs(entry.exercise, case.args))


def _wrong(attempt: Attempt, part: str, right: Array) -> Array:
    masks = [
        wrong_entries(c.got64, c.expected64, attempt.tolerance) for c in attempt.comparisons if stem(c.label) == part
    ]
    return masks[0] if len(masks) == 1 else np.concatenate([np.ravel(m) for m in masks])


def stem(label: str) -> str:
    """Return the list that a label belongs to, ``params`` of ``params[0]``, or the label itself."""
    return label.split("[", maxsplit=1)[0] if label.endswith("]") else label


def numbers(answer: PlainData, returns: tuple[str, ...]) -> dict[str, Array]:
    """Return the parts of an answer that are numbers, in float64."""
    found: dict[str, list[Array]] = {}
    for label, leaf in iter_leaves(answer, returns):
        if isinstance(leaf, np.ndarray):
            found.setdefault(stem(label), []).append(leaf.astype(np.float64))
    return {k: xs[0] if len(xs) == 1 else np.concatenate([np.ravel(x) for x in xs]) for k, xs in found.items()}


def places(exercise: Exercise, args: Args) -> dict[str, tuple[str, str]]:
    """Return where each input of the lesson is among the arguments: its name, and its key inside of that, or ""."""
    words = exercise.signature.partition("(")[2].partition(")")[0].replace(" ", "").split(",")
    found = {}
    for name, value in args.items():
        for key in value if isinstance(value, Mapping) else ():
            if f"{name}.{key}" in exercise.known_as:
                found[exercise.known_as[f"{name}.{key}"]] = (name, key)
        shown = exercise.known_as.get(name, name)
        if name not in words and name not in exercise.known_as:
            base, _, number = name.rpartition("_") if name[-1].isdigit() else (name, "", "1")
            if f"{base}s" not in words:
                continue
            shown = f"{base}s[{int(number) - 1}]"
        if isinstance(value, Mapping):
            for key in ("flat",) if "flat" in value else value:
                found[shown if "flat" in value else f"{shown}.{key}"] = (name, key)
        else:
            found[shown] = (name, "")
    return found


def value_of(exercise: Exercise, args: Args, name: str) -> Any:
    """Return an input by the lesson's name for it; None if there is none."""
    at = places(exercise, args).get(name)
    if at is None:
        return None
    return args[at[0]][at[1]] if at[1] else args[at[0]]


def changed_args(exercise: Exercise, args: Args, name: str, value: Any) -> dict[str, Any]:
    """Return the inputs with another value in the place of one of them."""
    outer, inner = places(exercise, args)[name]
    return {**args, outer: {**args[outer], inner: value} if inner else value}


def lesson_inputs(exercise: Exercise, args: Args) -> dict[str, Array]:
    """Return the arrays and numbers among the inputs, by the lesson's names; parts of a list by their numbers too."""
    found: dict[str, Array] = {}
    for name in places(exercise, args):
        plain = to_plain(value_of(exercise, args, name))
        leaves = [(k, x) for k, x in iter_leaves(plain) if isinstance(x, np.ndarray)]
        for key, leaf in leaves:
            found[f"{name}{key}"] = leaf
        if leaves and isinstance(plain, tuple):
            found[name] = np.concatenate([np.ravel(x) for _, x in leaves])
        if isinstance(args.get(name), Mapping) and "flat" in args[name]:
            layers = _layers(name, args[name])
            found |= layers | {name: np.concatenate([np.ravel(x) for x in layers.values()])}
    return found


def _layers(name: str, net: Mapping[str, Any]) -> dict[str, Array]:
    """Return a network's parameters one by one, in the order in which torch lists them."""
    sizes, flat, at, found, k = [int(n) for n in net["sizes"]], net["flat"], 0, {}, 0
    for n_in, n_out in pairwise(sizes):
        found[f"{name}[{k}]"] = flat[at : at + n_in * n_out].reshape(n_in, n_out).T
        at += n_in * n_out
        found[f"{name}[{k + 1}]"] = flat[at : at + n_out]
        at, k = at + n_out, k + 2
    return found


def with_input(entry: Entry, mutant: Solution, given: Sample, name: str, change: Callable[[Any], Any]) -> Sample | None:
    """Return the sample with one input changed; None if there is no right answer there."""
    value = value_of(entry.exercise, given.case.args, name)
    if value is None:
        return None
    new = tuple(change(v) for v in value) if isinstance(value, tuple) else change(value)
    args = changed_args(entry.exercise, given.case.args, name, new)
    if right_answer(entry, args) is None:
        return None
    return sample(entry, mutant, replace(given.case, args=args))


def only_rows(entry: Entry, mutant: Solution, s: Sample, rows: list[int]) -> Sample | None:
    """Return a sample with these rows of the batch alone; None where it is not certain what its rows are."""
    B, batch = s.case.sizes.get("B", 0), s.case.args.get("batch")
    if sorted(s.case.sizes.values()).count(B) != 1:
        return None
    if isinstance(several := s.case.args.get("batches"), Mapping):
        args = {**s.case.args, "batches": {key: x[:, rows] for key, x in several.items()}}
        if len(set(rows)) < len(rows):
            return None  # no state is in one of an agent's batches twice
    elif isinstance(batch, Mapping):
        outside = [x for key, x in s.case.args.items() if key != "batch" and np.ndim(x) and len(x) == B]
        args = {**s.case.args, "batch": {key: x[rows] for key, x in batch.items()}}
        if outside:
            return None
    else:
        args = {key: x[rows] if np.ndim(x) and len(x) == B else x for key, x in s.case.args.items()}
    case = replace(s.case, args=args, rows={}, sizes={**s.case.sizes, "B": len(rows)})
    return sample(entry, mutant, case) if right_answer(entry, args) is not None else None
