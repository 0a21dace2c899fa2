"""Options that can be told apart, or none: what makes a question ambiguous is dropped here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from grader.bank.entry import Entry
from grader.questions.question import are_apart, as_text
from gradschool.core.calling import Raised, Reply, call_twice
from gradschool.core.compare import same
from gradschool.core.exercise import Rng
from gradschool.core.numerics import TOLERANCES, Array
from gradschool.core.plain_data import PlainData, iter_leaves, to_plain

MOST_ENTRIES = 12
MOST_OPTIONS = 4
CHANGED = 0.05  # a row that differs by less, and by something, has changed for nobody's eye


def usable_parts(reply: Reply, inputs: Mapping[str, object], returns: tuple[str, ...]) -> dict[str, Array]:
    """Return the parts of a reply on which a question may be asked, by label; none where it is ambiguous.

    It is where the function raised, gave another answer the second time, changed its inputs, or returned NaN, an
    infinite number, a text, or more than a person can look through.
    """
    first = reply.first
    if isinstance(first, Raised) or not same(first, reply.second, TOLERANCES["none"]):
        return {}
    if not same(reply.inputs, to_plain(dict(inputs)), TOLERANCES["none"]):
        return {}
    leaves = dict(iter_leaves(first, returns))
    arrays = {label: leaf for label, leaf in leaves.items() if isinstance(leaf, np.ndarray) and _is_readable(leaf)}
    return arrays if len(arrays) == len(leaves) else {}


def _is_readable(x: Array) -> bool:
    return 1 <= x.ndim <= 2 and 0 < x.size <= MOST_ENTRIES and bool(np.isfinite(x.astype(float)).all())


def part_of_mutant(entry: Entry, name: str, inputs: Mapping[str, object], part: str) -> PlainData:
    """Return one part of what a mutant of the bank (or the reference, for "") returns; None where there is none."""
    answer = next(m for m in entry.mutants if m.name == name).fresh() if name else entry.reference
    reply = call_twice(entry.exercise, answer, inputs)
    return usable_parts(reply, inputs, entry.exercise.returns).get(part)


def mutants_apart(entry: Entry, inputs: Mapping[str, object], part: str, rng: Rng) -> Iterator[tuple[str, Array]]:
    """Yield, in a random order, the mutants that show on this input: name, and that part of what they return."""
    right = part_of_mutant(entry, "", inputs, part)
    for k in rng.permutation(len(entry.mutants)):
        name = entry.mutants[k].name
        found = part_of_mutant(entry, name, inputs, part)
        if isinstance(found, np.ndarray) and are_apart(found, right):
            yield name, found


def distinct(own: Array, others: Iterable[Array], most: int = MOST_OPTIONS - 1) -> list[Array]:
    """Return arrays that can be told apart from one's own and from each other, by numbers and as printed."""
    found: list[Array] = []
    for other in others:
        if len(found) < most and all(are_apart(other, x) and as_text(other) != as_text(x) for x in (own, *found)):
            found.append(other)
    return found


def lettered(own: str, others: Sequence[str], rng: Rng, letters: str = "abcd") -> tuple[dict[str, str], str]:
    """Return the options in a random order by letter, and the letter of one's own."""
    texts = [own, *others]
    order = rng.permutation(len(texts))
    options = {letters[place]: texts[k] for place, k in enumerate(order)}
    return options, letters[list(order).index(0)]


def rows_that_change(before: PlainData, after: PlainData) -> tuple[int, ...] | None:
    """Return which rows differ between two answers; None where that is not plain to see.

    >>> rows_that_change(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    (1,)
    """
    if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
        return None
    if before.shape != after.shape or before.ndim == 0 or len(before) < 2:
        return None
    gap = np.abs(before.astype(float) - after.astype(float)).reshape(len(before), -1).max(axis=1)
    if ((gap > 0) & (gap < CHANGED)).any():
        return None
    return tuple(int(k) for k in np.flatnonzero(gap >= CHANGED))


def row_set(rows: tuple[int, ...], n: int) -> str:
    """Return a set of rows in words.

    >>> row_set((0, 2), 4), row_set((1,), 4), row_set((), 4), row_set((0, 1), 2)
    ('rows 0 and 2', 'row 1', 'no row', 'every row')
    """
    if not rows:
        return "no row"
    if len(rows) == n:
        return "every row"
    *most, last = (str(k) for k in rows)
    return f"rows {', '.join(most)} and {last}" if most else f"row {last}"
