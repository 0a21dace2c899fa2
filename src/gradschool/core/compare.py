"""The one comparison of an answer with the right one, part by part: made once for each attempt, read by all the rest.

Assessment, diagnosis, the card's example and the judge look at the same :class:`Comparison` objects: what came back
beside what was right, what is wrong with its form, and which of its entries are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gradschool.core.calling import Raised, Reply, kind_of, raised_text
from gradschool.core.exercise import Case, Exercise
from gradschool.core.form import check_form, check_structure, subject
from gradschool.core.numerics import TOLERANCES, Array, Tolerance, wrong_entries
from gradschool.core.plain_data import PlainData, iter_leaves
from gradschool.core.report import Diagnosis, Example

UNEVEN = 1e4  # the ratio of two numbers of one answer beyond which a table of them is hard to read


@dataclass(frozen=True)
class Comparison:
    """One part of an answer: what came back (``got``) beside what was right (``expected``).

    ``label`` names the part; ``sizes`` and ``rows`` say what the case's sizes and rows mean, as in
    :class:`~gradschool.core.exercise.Case`. What follows from them is worked out when it is first asked for, and kept.
    """

    got: PlainData
    expected: PlainData
    label: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, Array] = field(default_factory=dict)
    tolerance: Tolerance = TOLERANCES["numeric"]

    @property
    def what(self) -> str:
        """The part of the answer, as the subject of a sentence."""
        return subject(self.label)

    @cached_property
    def form(self) -> Diagnosis | None:
        """What is wrong with the kind, shape or dtype; None if they are right."""
        return check_form(self.got, self.expected, self.label, self.sizes)

    @property
    def of_arrays(self) -> bool:
        """Whether two arrays of one shape stand side by side, so that there are entries to compare."""
        got, expected = self.got, self.expected
        return isinstance(got, np.ndarray) and isinstance(expected, np.ndarray) and got.shape == expected.shape

    @property
    def of_numbers(self) -> bool:
        """Whether the right answer is an array of numbers, with sizes and signs: no text and no flags."""
        return isinstance(self.expected, np.ndarray) and self.expected.dtype.kind in "fiu"

    @cached_property
    def mask(self) -> Array:
        """Mask of the wrong entries, of the right answer's shape. A text is one entry, in any case and spacing."""
        if self.of_arrays:
            return wrong_entries(self.got64, self.expected64, self.tolerance)
        if isinstance(self.expected, np.ndarray):
            return np.ones(self.expected.shape, bool)
        if isinstance(self.got, str) and isinstance(self.expected, str):
            return np.array(normalize_text(self.got) != normalize_text(self.expected))
        return np.array(bool(self.got != self.expected))

    @cached_property
    def is_wrong(self) -> bool:
        """Whether any entry is wrong, in an answer of the right form."""
        return bool(self.mask.any())

    @cached_property
    def got64(self) -> Array:
        """The array that came back, in float64."""
        return np.asarray(self.got, np.float64)

    @cached_property
    def expected64(self) -> Array:
        """The right array, in float64."""
        return np.asarray(self.expected, np.float64)


@dataclass(frozen=True)
class Attempt:
    """One case with the right answer and the student's reply: what assessment and diagnosis work on.

    ``returns`` names the parts of an answer that is a tuple; ``tolerance`` decides where two numbers agree.
    """

    case: Case
    expected: PlainData
    reply: Reply
    returns: tuple[str, ...] = ()
    tolerance: Tolerance = TOLERANCES["numeric"]

    @property
    def raised(self) -> Raised | None:
        """The exception, if the function raised one instead of returning."""
        return self.reply.first if isinstance(self.reply.first, Raised) else None

    @property
    def got(self) -> PlainData:
        """What the first call returned; None also if it raised."""
        return None if isinstance(self.reply.first, Raised) else self.reply.first

    @cached_property
    def got_leaves(self) -> tuple[tuple[str, PlainData], ...]:
        """Every part of the answer with its label; empty if the function raised."""
        return () if self.raised else tuple(iter_leaves(self.got, self.returns))

    @cached_property
    def expected_leaves(self) -> tuple[tuple[str, PlainData], ...]:
        """Every part of the right answer with its label."""
        return tuple(iter_leaves(self.expected, self.returns))

    @cached_property
    def structure(self) -> Diagnosis | None:
        """What is wrong with the parts of the answer; None if they are those asked for, or the function raised."""
        if self.raised:
            return None
        parts = dict(self.got_leaves), dict(self.expected_leaves)
        return check_structure(self.got, self.expected, parts, self.returns)

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The answer beside the right one, part by part: :func:`compare`, once."""
        return compare(self)

    @property
    def well_formed(self) -> bool:
        """Whether the function returned an answer with the right parts, shapes and dtypes."""
        return not (self.raised or self.structure or any(c.form for c in self.comparisons))

    @cached_property
    def inputs_unchanged(self) -> bool:
        """Whether the function left its inputs as they were."""
        return same(self.reply.inputs, self.case.plain_args, TOLERANCES["none"])

    @cached_property
    def repeats(self) -> bool:
        """Whether the second call gave what the first gave."""
        second = self.reply.second
        return not isinstance(second, Raised) and same(self.reply.first, second, self.tolerance)

    @cached_property
    def display_order(self) -> tuple[bool, bool, int]:
        """What attempts are sorted by to be shown: regular cases first, then like numbers, then the smaller."""
        return self.case.edge, any(_is_uneven(right) for _, right in self.expected_leaves), self.case.n_values


def _is_uneven(right: PlainData) -> bool:
    """Return whether the numbers of a right answer are of sizes that are hard to compare by eye."""
    if not isinstance(right, np.ndarray) or right.dtype.kind != "f":
        return False
    sizes = np.abs(right[np.isfinite(right) & (right != 0)])
    return bool(sizes.size) and float(sizes.max()) > UNEVEN * float(sizes.min())


def compare(attempt: Attempt) -> tuple[Comparison, ...]:
    """Put every part of an answer beside what it should be.

    Read :attr:`Attempt.comparisons`, which calls this once and keeps the result.

    Parameters
    ----------
    attempt
        One case, with the right answer and the student's reply.

    Returns
    -------
    tuple of Comparison
        One for each part of the right answer, in its order; empty if the function raised, or if its answer has not
        the parts that are asked for.
    """
    if attempt.raised or attempt.structure:
        return ()
    got, case = dict(attempt.got_leaves), attempt.case
    return tuple(
        Comparison(got[label], expected, label, case.sizes, case.rows, attempt.tolerance)
        for label, expected in dict(attempt.expected_leaves).items()
    )


def example_of(exercise: Exercise, attempts: Sequence[Attempt], part: str = "") -> Example | None:
    """Return the plainest case on which the answer is wrong, by ``display_order``, ready to be shown.

    ``part`` is the label of the part of the answer to be shown; the first that is wrong if it is left out.
    """
    for t in sorted(attempts, key=lambda t: t.display_order):
        name, inputs = t.case.name, t.case.plain_args
        if t.raised:
            return Example(name, inputs, error=raised_text(t.raised))
        if t.structure and any(isinstance(right, str) for _, right in t.expected_leaves):
            continue  # to show the right word would be to give it away
        if t.structure:
            return Example(name, inputs, "", t.expected, t.got)
        for c in t.comparisons:
            if isinstance(c.expected, str) or (part and c.label != part):
                continue
            if c.form or c.is_wrong:
                blocks = exercise.blocks(t.case.args) if exercise.blocks else {}
                mask = c.mask if c.of_arrays else None
                return Example(name, inputs, c.label, c.expected, c.got, mask, blocks=blocks)
    return None


def normalize_text(text: str) -> str:
    """Return a text without what does not matter in an answer: upper case, and spaces around and between its words.

    >>> normalize_text(" Sign  turned")
    'sign turned'
    """
    return " ".join(text.casefold().split())


def same(one: PlainData | Raised, other: PlainData | Raised, table: Tolerance) -> bool:
    """Return whether two answers agree in structure, shapes, dtypes and numbers.

    >>> same((np.ones(1), "a"), (np.ones(1), "a"), TOLERANCES["exact"])
    True
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same(a, b, table) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(item, other[key], table) for key, item in one.items())
    if isinstance(one, Raised) and isinstance(other, Raised):
        return kind_of(one) == kind_of(other)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _same_array(one, other, table)
    return bool(one == other)


def _same_array(a: Array, b: Array, table: Tolerance) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.tobytes() == b.tobytes() or not wrong_entries(a, b, table).any()
