"""What is right for some of a batch's rows: of those with the same ids only the last, the first, or those before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Laboratory, Part
from gradschool.diagnosis.hypotheses.formulas import Formula
from gradschool.diagnosis.inputs import is_ids

Rows = Callable[[Sequence[object]], list[int]]  # of the ids of all rows: the numbers of the rows that count


def _last(ids: Sequence[object]) -> list[int]:
    return [k for k, one in enumerate(ids) if one not in ids[k + 1 :]]


def _first(ids: Sequence[object]) -> list[int]:
    return [k for k, one in enumerate(ids) if one not in ids[:k]]


def _until_repeat(ids: Sequence[object]) -> list[int]:
    return list(range(next((k for k, one in enumerate(ids) if one in ids[:k]), len(ids))))


KEPT: tuple[tuple[str, str, Rows], ...] = (
    ("last", "of the rows with the same {ids} only the last one counted", _last),
    ("first", "of the rows with the same {ids} only the first one counted", _first),
    ("until-repeat", "the batch ended before the first row with the same {ids} as an earlier row", _until_repeat),
)


def equal_rows(laboratory: Laboratory, parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield the right answers for such rows alone, for a table that has no row for each of the batch's.

    Rows that do not count may still be counted by the mean: then what is left is as small as in the whole batch.
    """
    of_batch = _with_a_row_each(parts)
    ids = [n for n in of_batch if is_ids(parts[0].case.args[n]) and parts[0].case.args[n].ndim == 1]
    together = [*((n,) for n in ids), *combinations(ids, 2)]
    for names in together if parts[0].right.ndim == 2 else ():
        for key, says, rows in KEPT:
            for mean in (False, True):
                words = says.format(ids=" and ".join(f"`{n}`" for n in names))
                words += " (the mean is still over all rows)" if mean else ""
                details = ("rows", key, "mean" if mean else "sum", *names)
                of = partial(_right_for, laboratory, key, names, of_batch, rows, mean)
                yield Formula(
                    f"{key}-of-equal", f"what would be right if {words}", details, of, factor=False, partly=False
                )


def _with_a_row_each(parts: Sequence[Part]) -> list[str]:
    """Return the names of the arrays whose first axis is the batch's in every case; few would be so by chance."""
    first = parts[0].case.args
    return [n for n, x in first.items() if isinstance(x, np.ndarray) and all(_has_rows(p, n) for p in parts)]


def _has_rows(p: Part, name: str) -> bool:
    return np.ndim(p.case.args[name]) > 0 and len(p.case.args[name]) == p.sizes.get("B", 1)


def _right_for(
    laboratory: Laboratory, key: str, names: tuple[str, ...], of_batch: Sequence[str], rows: Rows, mean: bool, p: Part
) -> Array | None:
    args, B = p.case.args, p.sizes.get("B", 1)
    kept = rows(list(zip(*(args[n].tolist() for n in names), strict=True)))
    found = laboratory.right_instead(p.attempt, ("rows", key, *names), _of_rows(args, of_batch, kept)).get(p.label)
    return found if found is None or not mean else found * (len(kept) / B)


def _of_rows(args: Args, of_batch: Sequence[str], kept: Sequence[int]) -> Args:
    return {n: x[np.array(kept, int)] if n in of_batch else x for n, x in args.items()}
