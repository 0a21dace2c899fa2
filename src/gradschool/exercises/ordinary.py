"""Ordinary inputs beside special ones: the same batch where no episode ends and no state repeats.

A mask that is forgotten shows in terminated rows alone, a sum over repeated states only where a state repeats. So that
such a fault costs the same in every exercise, an input with special rows is an edge case, and its ordinary twin takes
its place among the regular ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.numerics import Array

FLAGS = ("terminated", "truncated")
ROW_WISE = (*FLAGS, "state", "action", "reward", "next_state", "g")  # arrays with an entry or a row for each sample


def with_ordinary_twins(cases: Sequence[Case]) -> list[Case]:
    """Return the cases with a twin before each regular one that has special rows, which becomes an edge case.

    Parameters
    ----------
    cases
        Inputs with the flags ``terminated`` or ``truncated``, or with a ``state`` (B,) for each row; by name, or in
        a ``batch``.

    Returns
    -------
    list of Case
        In the twins every flag is off, every state occurs once and a reward of 0 is 1; all other arrays stay, for the
        rows that are kept.
    """
    found = []
    for c in cases:
        twin = None if c.edge else _twin(c)
        found += [c] if twin is None else [twin, replace(c, edge=True)]
    return found


def _twin(case: Case) -> Case | None:
    batch = case.args.get("batch", case.args)
    off = {key: np.zeros_like(batch[key]) for key in FLAGS if key in batch}
    kept = _first_of_each(batch)
    if not any(np.any(batch[key]) for key in off) and kept is None:
        return None
    ordinary = _rows({**batch, **off, **_rewarded(batch)}, kept)
    args = {**case.args, "batch": ordinary} if "batch" in case.args else ordinary
    sizes = {**case.sizes, "B": len(kept)} if kept is not None else case.sizes
    return Case(f"{case.name}, all rows ordinary", args, sizes=sizes)


def _rewarded(batch: Mapping[str, Any]) -> dict[str, Array]:
    """The rewards with 1 for 0: a reward that is tested for truth shows where it is 0 alone."""
    return {"reward": np.where(batch["reward"] == 0, 1.0, batch["reward"])} if "reward" in batch else {}


def _first_of_each(batch: Mapping[str, Any]) -> Array | None:
    """The rows in which a state occurs for the first time; None where no state repeats."""
    state = np.asarray(batch.get("state", 0))
    if state.ndim != 1 or len(np.unique(state)) == len(state):
        return None
    first: Array = np.unique(state, return_index=True)[1]
    return np.sort(first)


def _rows(batch: Mapping[str, Any], kept: Array | None) -> dict[str, Any]:
    return dict(batch) if kept is None else {k: v[kept] if k in ROW_WISE else v for k, v in batch.items()}
