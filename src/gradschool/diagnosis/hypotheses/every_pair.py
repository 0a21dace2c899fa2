"""A loss over all pairs of rows, as a broadcast makes it: every row's output beside every row's label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import IN_BATCHES, Laboratory, Part, with_rows_changed
from gradschool.diagnosis.hypotheses.formulas import Formula

OF_LABEL = frozenset(
    ("reward", "next_obs", "next_state", "next_action", "terminated", "truncated", "done", "y", "q_next")
)  # inputs that have a row for each sample, and enter its label alone
MOST_ROWS = 8  # of a batch: a right answer is worked out for each
SAYS = (
    "what would be right if each row's output were compared with the labels of all rows, as where (B, 1) meets (B,): "
    "print both shapes"
)


def every_pair(laboratory: Laboratory, parts: Sequence[Part]) -> Iterator[Formula]:
    """Yield the mean of the right answers in which each row has the label of another row, all rows in turn.

    A gradient of a mean over all pairs is that, whatever the loss. What a whole update was read to be needs no such
    comparison.
    """
    if laboratory.exercise.read is None and any(_has_both(p) for p in parts if p.is_wrong):
        of = partial(_over_pairs, laboratory)
        yield Formula("every-pair", SAYS, ("every-pair",), of, factor=False, partly=False)


def _has_both(p: Part) -> bool:
    """Whether the batch has several rows, with numbers that enter their label and others that do not."""
    names = {n for key, x in p.case.args.items() for n in _with_rows(key, x, p.sizes.get("B", 1))}
    return p.sizes.get("B", 1) > 1 and bool(names & OF_LABEL) and bool(names - OF_LABEL)


def _with_rows(key: str, x: Any, B: int) -> list[str]:
    if key in IN_BATCHES and isinstance(x, dict):
        return list(x)
    return [key] if isinstance(x, np.ndarray) and x.ndim and len(x) == B else []


def _over_pairs(laboratory: Laboratory, p: Part) -> Array | None:
    B = p.sizes.get("B", 1)
    if B > MOST_ROWS:
        return None
    found = [
        laboratory.right_instead(p.attempt, ("every-pair", str(k)), _with_labels_moved(p.case.args, B, k)).get(p.label)
        for k in range(B)
    ]
    made = [x for x in found if x is not None]
    return np.asarray(np.mean(made, axis=0)) if len(made) == B else None


def _with_labels_moved(args: Args, B: int, by: int) -> Args:
    """Return the inputs in which each row has what enters the label of the row ``by`` rows above."""
    return with_rows_changed(args, B, OF_LABEL, lambda x, axis: np.roll(x, by, axis))
