"""Where an answer is wrong, tried on inputs that are made to break what is said of it.

The inputs of an exercise are few, and what happens to go together in them looks like a cause: a batch in which an
episode ends may be the only one in which a state occurs twice. Here one input at a time is changed, the others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case
from gradschool.core.numerics import Array
from gradschool.diagnosis.challenges import challenges, outside, sizes_where_wrong
from gradschool.diagnosis.evidence import IN_BATCHES, Laboratory, Part, inputs_of_length, taken, with_rows
from gradschool.diagnosis.hypotheses.conditions import UNNAMED, conditions
from gradschool.diagnosis.hypotheses.observations import largest, perturbed, scaled
from gradschool.diagnosis.hypotheses.places import Place, about_shapes, place
from gradschool.diagnosis.inputs import Value, is_flags, is_ids, is_real, networks, subjects

RESERVE = 0.25  # of the time for all questions, beyond it
SHAPES = 3  # of wrong inputs that are changed before a shape is named
BASES, LEAST, MOST = 4, 3, 48  # cases that are changed, and changes of all of them together: at least, and at most
ROUNDS = 3  # how many places are challenged, one after another
RANGE = ("low", "high")  # these two change together, or nothing is left between them


def every_other(flags: Array) -> Array:
    """Return flags that are on in every second row: a batch that ends as a whole does not show what some ends do."""
    out = np.zeros_like(flags)
    out[::2] = 1
    return out


OF_FLAGS: tuple[Callable[[Any], Value], ...] = (np.zeros_like, np.ones_like, every_other)


@dataclass
class Placing:
    """The search for the place where one student's answers are wrong; changed inputs are asked for once a part."""

    laboratory: Laboratory
    known: dict[str, list[Part]] = field(default_factory=dict)

    def place(self, label: str, parts: Sequence[Part], *, search: bool = False) -> Place | None:
        """Return where a part of the answer is wrong, if a condition says so on changed inputs as well.

        Parameters
        ----------
        label
            The part's label.
        parts
            The part in every answer so far.
        search
            Look among the changed inputs too where the others show no place.
        """
        if not search and place(parts, conditions) is None:
            return None
        if label not in self.known:
            if not self.known:  # said only after an experiment: what came before has left nothing for it, perhaps
                self.laboratory.budget.extend(RESERVE)
            self.known[label] = list(self._changed(label, parts))
        changed = self.known[label]
        if len(changed) < LEAST and self.laboratory.budget.over:
            return None  # it was not tried
        at = place([*parts, *changed], conditions)
        beyond = [p for key, bound in _bounds(at) for p in self._beyond(label, parts, key, bound)]
        beyond += [p for name, value in _values(at) for p in self._with_value(label, parts, name, value)]
        beyond += [p for name in _zeros(at) for p in self._with_zeros(label, parts, name)]
        beyond += [p for name in _repeats(at) for p in self._without_repeats(label, parts, name)]
        if at and about_shapes(at.condition):
            beyond += self._of_other_shapes(label, parts)
            if self.laboratory.budget.over:
                return None  # not all of it was tried
        changed += beyond
        return self._challenged(label, parts, place([*parts, *changed], conditions) if beyond else at)

    def _challenged(self, label: str, parts: Sequence[Part], at: Place | None) -> Place | None:
        """Return a place that may be luck, or the next one, once other numbers do not refute it."""
        for _ in range(ROUNDS):
            if at is None or not _may_be_luck(at) or self.laboratory.exercise.read is not None:
                return at
            known = self.known[label]
            bases = outside([*parts, *known], at)
            if self.laboratory.budget.over:
                self.laboratory.budget.extend(RESERVE)
            sizes = sizes_where_wrong([*parts, *known])
            known += self._asked(label, parts, (c for p in bases for c in challenges(p.case, sizes)))
            again = place([*parts, *known], conditions)
            if again is None or again.condition.key == at.condition.key:
                return again
            at = again
        return None

    def inputs(self, label: str, parts: Sequence[Part]) -> int:
        """Return on how many inputs a place was tried."""
        return len(parts) + len(self.known.get(label, ()))

    def _changed(self, label: str, parts: Sequence[Part]) -> Iterator[Part]:
        cases = (case for base in _bases(parts) for case in changed_cases(self.laboratory, base))
        yield from self._asked(label, parts, islice(cases, MOST))

    def _of_other_shapes(self, label: str, parts: Sequence[Part]) -> list[Part]:
        """Return the part for inputs that tell a shape from what happens to go with it, rows of other numbers first."""
        if self.laboratory.budget.over:
            self.laboratory.budget.extend(RESERVE)
        found: list[Part] = []
        if self.laboratory.exercise.read is None:  # a whole update costs too much
            found += self._asked(label, parts, with_other_rows([*parts, *self.known[label]]))
        return [*found, *self._of_that_shape(label, [p for p in parts if p.is_wrong])]

    def _of_that_shape(self, label: str, wrong: Sequence[Part]) -> Iterator[Part]:
        """Yield the part for wrong inputs with other numbers: only then it is the shape that makes them wrong."""
        by_shapes = {p.shapes: p.case for p in wrong}
        for case in list(by_shapes.values())[:SHAPES]:
            yield from self._asked(label, wrong, changed_cases(self.laboratory, case))
            yield from self._asked(label, wrong, _of_ordinary_size(self.laboratory, case))

    def _without_repeats(self, label: str, parts: Sequence[Part], name: str) -> Iterator[Part]:
        """Yield the part for some rows alone of wrong batches, with different ids: large batches repeat some."""
        cases = (case for p in parts if p.is_wrong for case in _without_a_repeat(p, name))
        yield from self._asked(label, parts, islice(cases, MOST))

    def _beyond(self, label: str, parts: Sequence[Part], name: str, bound: float) -> Iterator[Part]:
        """Yield the part for cases in which one input, and it alone, is taken across a bound."""
        for base in _bases(parts):
            value, put = subjects(self.laboratory.exercise, base.args)[name]
            factor = 3.0 * abs(bound) / (largest(np.asarray(value)) or 1.0)
            yield from self._asked(label, parts, [replace(base, args=put(factor * np.asarray(value)))])

    def _with_value(self, label: str, parts: Sequence[Part], name: str, value: float) -> Iterator[Part]:
        """Yield the part for cases with another value of an option in which, and in it alone, they were not.

        What is right where `gamma` is 1 may be right there because every row of these cases ends. Of a count the next
        one is asked for as well: what is right after no steps may be right after one.
        """
        bases = [*_bases([p for p in parts if p.is_wrong]), *_bases([p for p in parts if not p.is_wrong])]
        for base in bases:
            old, put = subjects(self.laboratory.exercise, base.args)[name]
            is_count = isinstance(old, int) and not isinstance(old, bool)
            for other in (value, value + 1) if is_count else (value,):
                if isinstance(old, bool | int | float) and old != other:
                    case = replace(base, name=f"{base.name}, {name} {other}", args=put(type(old)(other)))
                    yield from self._asked(label, parts, [case])

    def _with_zeros(self, label: str, parts: Sequence[Part], name: str) -> Iterator[Part]:
        """Yield the part for wrong inputs in which every other entry of one array is 0, and all else stays.

        What is right where the noise is 0 may be right there because these cases have a temperature of 0 as well.
        """
        for base in _bases([p for p in parts if p.is_wrong]):
            value, put = subjects(self.laboratory.exercise, base.args)[name]
            case = replace(base, name=f"{base.name}, every other {name} 0", args=put(_every_other_0(value)))
            yield from self._asked(label, parts, [case])

    def _asked(self, label: str, parts: Sequence[Part], cases: Iterable[Case]) -> Iterator[Part]:
        for case in cases:
            found = self.laboratory.part(case, label)
            if found and (found.of_numbers or not parts[0].of_numbers):
                yield found


def _every_other_0(value: Any) -> Value:
    """Return an array, or each of several, with 0 in every other entry."""
    if isinstance(value, tuple):
        return tuple(_every_other_0(x) for x in value)
    zeroed = np.array(value)
    zeroed.reshape(-1)[::2] = 0
    return zeroed


def _without_a_repeat(p: Part, name: str) -> Iterator[Case]:
    """Yield, from each row of a batch on, as many rows as have different ids."""
    ids = p.inputs[name]
    rows = inputs_of_length(p.case, len(ids))
    for k in range(len(ids) - 1):
        n = next((n for n in range(1, len(ids) - k) if ids[k + n] in ids[k : k + n]), len(ids) - k)
        if n > 1:
            args = {key: x[k : k + n] if key in rows else x for key, x in p.case.args.items()}
            sizes = {key: n if size == len(ids) else size for key, size in p.case.sizes.items()}
            yield replace(p.case, name=f"{p.case.name}, rows {k} to {k + n - 1}", args=args, sizes=sizes, rows={})


def _may_be_luck(at: Place) -> bool:
    """Return whether it holds for all of an answer or for none, as where an entry is both the first and the last."""
    return at.condition.whole or {"first", "last"} <= set(at.condition.key)


def _bounds(at: Place | None) -> Iterator[tuple[str, float]]:
    """Yield the inputs of which a place names a bound, each with the bound."""
    key = at.condition.key if at else ()
    for k, word in enumerate(key):
        if word in ("above", "below"):
            name = str(key[k + 1]).removeprefix("size of ")
            if " " not in name:
                yield name, float(key[k + 3])


def _values(at: Place | None) -> Iterator[tuple[str, float]]:
    """Yield the options of which a place names a value, each with the value."""
    key = at.condition.key if at else ()
    for k, word in enumerate(key):
        if word in ("value", "not-value"):
            yield str(key[k + 1]), float(key[k + 2])
        if word in ("count-from", "count-to"):
            yield from ((str(key[k + 1]), float(n)) for n in key[k + 2 : k + 4])


def _zeros(at: Place | None) -> Iterator[str]:
    """Yield the inputs of which a place says that their entries are 0, or are not."""
    key = at.condition.key if at else ()
    yield from (
        str(key[k + 1]) for k, word in enumerate(key) if word in ("zero", "not-zero") and " " not in str(key[k + 1])
    )


def _repeats(at: Place | None) -> Iterator[str]:
    """Yield the inputs of ids of which a place says that one occurs more than once, by itself or beside another."""
    key = at.condition.key if at else ()
    yield from (str(key[k + 1]) for k, word in enumerate(key) if word == "repeats")


def _bases(parts: Sequence[Part]) -> list[Case]:
    """Return a few cases of different kinds, small ones first."""
    by_name = {p.case.name: p.case for p in sorted(parts, key=lambda p: p.attempt.display_order, reverse=True)}
    return list(reversed(by_name.values()))[:BASES]


def changed_cases(laboratory: Laboratory, case: Case) -> Iterator[Case]:
    """Yield the case with one row of its batch alone, and with one of its inputs changed."""
    one_row = with_rows(case, np.array([0]), f"{case.name}, its first row alone")
    if one_row and case.sizes["B"] > 1:
        yield one_row
    for name in UNNAMED.keys() & case.args.keys():
        yield replace(case, name=f"{case.name}, {name} or not", args={**case.args, name: not case.args[name]})
    exercise, flags = laboratory.exercise, _flags(laboratory, case)
    if set(case.rows) - set(flags):
        return  # rows that have a name because of their numbers
    for name, change in _changes(laboratory, case.args):
        value, put = subjects(exercise, case.args)[name]
        args = put(change(value))
        kept = {key: np.asarray(m, bool) for key, m in _flags(laboratory, replace(case, args=args)).items()}
        yield replace(case, name=f"{case.name}, another {name}", args=args, rows={k: kept[k] for k in case.rows})
    if all(name in case.args for name in RANGE):
        high = np.abs(case.args["high"])
        yield replace(case, name=f"{case.name}, a range around 0", args={**case.args, "low": -high, "high": high})


def with_other_rows(parts: Sequence[Part]) -> Iterator[Case]:
    """Yield cases of few rows or many, as many as another axis is long: sizes that are equal together come apart.

    What has rows is as long as the batch in every case.
    """
    cases = [p.case for p in parts if p.case.sizes.get("B")]
    if not cases:
        return
    rows = frozenset.intersection(*(inputs_of_length(c, c.sizes["B"]) for c in cases))
    rows |= {name for name in IN_BATCHES if all(isinstance(c.args.get(name), dict) for c in cases)}
    by_shapes = {p.shapes: p.case for p in sorted(parts, key=lambda p: p.is_wrong) if p.case.sizes.get("B")}
    for case in list(by_shapes.values())[-2 * SHAPES :] if rows else ():
        axes = {n for x in case.args.values() if isinstance(x, np.ndarray) for n in x.shape}
        B = case.sizes["B"]
        for size in sorted({B - 1, *axes, *case.sizes.values()} - {0, B}):
            changed = taken(case, rows, np.arange(size) % B, f"{case.name}, {size} rows")
            if changed:
                yield changed


def _of_ordinary_size(laboratory: Laboratory, case: Case) -> Iterator[Case]:
    """Yield the case with one of its inputs brought to a size near 1, where it is tiny or huge."""
    for name, (value, put) in subjects(laboratory.exercise, case.args).items():
        if isinstance(value, np.ndarray) and value.ndim and is_real(value) and not 0.1 < largest(value) < 10.0:
            size = largest(value) or 1.0
            yield replace(case, name=f"{case.name}, an ordinary {name}", args=put(scaled(1.0 / size)(perturbed(value))))


def _flags(laboratory: Laboratory, case: Case) -> dict[str, Any]:
    values = subjects(laboratory.exercise, case.args).items()
    return {name.rpartition(".")[2]: v for name, (v, _) in values if isinstance(v, np.ndarray) and is_flags(v)}


def _changes(laboratory: Laboratory, args: Args) -> Iterator[tuple[str, Callable[[Any], Value]]]:
    """Yield the inputs that may be changed, each with a change; first one of each input, then further ones."""
    values, nets = subjects(laboratory.exercise, args), networks(laboratory.exercise, args)
    for k, flags_change in enumerate(OF_FLAGS):
        for name, (value, _) in values.items():
            if name in nets or name in RANGE or (isinstance(value, int) and not isinstance(value, bool)):
                continue
            if isinstance(value, np.ndarray) and value.ndim and is_flags(value):
                yield name, flags_change
            elif k == 0 and (is_ids(value) or is_real(value) or isinstance(value, bool | np.bool_)):
                yield name, perturbed
