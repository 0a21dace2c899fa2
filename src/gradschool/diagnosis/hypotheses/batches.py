"""Whether an answer is right for one sample alone and wrong for several, and what a batch of equal samples shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Laboratory, Part, with_rows
from gradschool.diagnosis.hypotheses.observations import moved, unchanged
from gradschool.diagnosis.inputs import is_real, subjects

BATCHES, SAMPLES = 3, 8  # so many batches are looked into, and so many samples of each are asked for alone
MORE = 0.75  # of the time at first, where what came before has spent all
EQUAL_TOO = ", and some batches of equal samples are wrong too"


def alone(laboratory: Laboratory, parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Yield that single samples are right where their batches are wrong, and what a batch of equal samples is."""
    batches = [p for p in parts if p.is_wrong and p.case.sizes.get("B", 1) > 1 and _rows(p.case, [0])]
    if batches and laboratory.budget.over:  # of a torch network every question costs much
        laboratory.budget.extend(MORE)
    some = _of_several_sizes(batches)
    single = [found for p in some for k in _samples(p) if (found := _asked(laboratory, p, [k]))]
    telling = [found for found in single if found.right.any()]  # where nothing is asked for, nothing is shown
    if len(some) < 2 or len(telling) < 2 * len(some) or any(found.is_wrong for found in single):
        return
    # Of every row: where only the last row is finished, a batch of equal terminated rows is right by luck.
    rows = [(p, k) for p in some for k in range(min(p.case.sizes["B"], SAMPLES))]
    equal = [found for p, k in rows if (found := _asked(laboratory, p, [k] * p.case.sizes["B"]))]
    mixed = len(equal) == len(rows) and not any(found.is_wrong for found in equal)
    also = EQUAL_TOO if any(found.is_wrong for found in equal) else ""
    because = (
        f"so is a batch of equal samples. In batches of different ones it can be wrong.{_every_pair(laboratory, some)}"
        if mixed
        else f"batches can be wrong{also}: look at what several rows become."
    )
    said = f"{some[0].what} is right for one sample at a time; {because}"
    claim = Claim("alone", some[0].label, ("equal-right" if mixed else "equal-wrong" if also else "equal-unasked",))
    yield Diagnosis(
        "samples-mixed" if mixed else "batch-combined", said, claim, f"{len(single)} samples were asked for alone"
    )


def _of_several_sizes(batches: Sequence[Part]) -> list[Part]:
    """Return a few small batches, with other axes of several lengths: a factor 1/A is 1 where A is 1."""
    by_size: dict[tuple[int, ...], list[Part]] = {}
    for p in sorted(batches, key=lambda p: p.case.n_values):
        by_size.setdefault(tuple(n for s, n in p.case.sizes.items() if s != "B"), []).append(p)
    turns = zip_longest(*by_size.values())
    return [p for turn in turns for p in turn if p is not None][:BATCHES]


def _every_pair(laboratory: Laboratory, some: Sequence[Part]) -> str:
    """Return what shows that every row is paired with every row, as a broadcast does; "" if nothing does.

    Then it is of no importance in which row a number stands, as of a target.
    """
    for name, (value, _) in subjects(laboratory.exercise, some[0].case.args).items():
        if (
            isinstance(value, np.ndarray)
            and value.ndim == 1
            and is_real(value)
            and all(_in_any_row(laboratory, p, name) for p in some)
        ):
            return (
                f" With the numbers of `{name}` one row further down the right answer changes, and yours does not, as "
                "where (B, 1) meets (B,) and every row is paired with every row."
            )
    return ""


def _in_any_row(laboratory: Laboratory, p: Part, name: str) -> bool:
    """Return whether the right answer changes with the rows of an input, and the student's does not."""
    value, put = subjects(laboratory.exercise, p.case.args)[name]
    found = laboratory.part(replace(p.case, args=put(np.roll(np.asarray(value), 1))), p.label)
    if found is None or not found.of_numbers or found.right.shape != p.right.shape:
        return False
    return moved(found.right, p.right) and unchanged(found.got, p.got)


def _samples(p: Part) -> list[int]:
    """Return the rows that are wrong in the batch, or all where the answer's rows are not the batch's."""
    B = p.case.sizes["B"]
    row_wise = p.wrong.ndim > 0 and len(p.wrong) == B
    rows = [k for k in range(B) if p.wrong[k].any()] if row_wise else list(range(B))
    return rows[:SAMPLES]


def _rows(case: Case, order: Sequence[int]) -> Case | None:
    return with_rows(case, np.array(order), f"{case.name}, rows {list(order)}")


def _asked(laboratory: Laboratory, p: Part, order: Sequence[int]) -> Part | None:
    """Return the part of the answer to these rows of its batch; None where they cannot be asked for."""
    case = _rows(p.case, order)
    return None if case is None else laboratory.part(case, p.label)
