"""Agents whose updates were recorded, right ones and faulty ones, in inputs that several exercises of tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import TOLERANCES, Array, wrong_entries
from gradschool.exercises.lab.adapters import PARTS

EACH = 3  # recorded agents for each planted fault: one right, one faulty, and one drawn
Make = Callable[[Rng, int], dict[str, Any]]  # an agent's inputs and weights after each update, for a fault or 0


def record_case(rng: Rng, name: str, make: Make, shared: Mapping[str, Any], edge: bool = False) -> Case:
    """Return a case with recorded agents for each planted fault, right and faulty in random order.

    Every agent has weights and batches of its own: nothing is gained by comparing one with another.
    """
    groups = np.repeat(np.arange(len(PARTS)), EACH)
    faulty = np.concatenate([rng.permutation([0, 1, *rng.integers(2, size=EACH - 2)]) for _ in PARTS])
    records = [make(rng, int(k + 1) if bad else 0) for k, bad in zip(groups, faulty, strict=True)]
    return Case(name, {"group": groups, **shared, **stacked(records)}, edge)


def stacked(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return records side by side: each array gets a first axis, one entry for each record."""
    found: dict[str, Any] = {}
    for name, first in records[0].items():
        column = [record[name] for record in records]
        found[name] = stacked(column) if isinstance(first, dict) else np.stack(column)
    return found


def verdicts(a: Args, replay: Callable[[Args, int], Mapping[str, Array]]) -> dict[str, Array]:
    """Return for each planted fault which of its recorded agents are right: those that learned as ``replay`` does."""
    right = np.array([_same(a, r, replay(a, r)) for r in range(len(a["group"]))])
    return {part: right[a["group"] == k] for k, part in enumerate(PARTS)}


def _same(a: Args, r: int, learned: Mapping[str, Array]) -> bool:
    tolerance = TOLERANCES["numeric"]
    return not any(wrong_entries(a[f"{name}_after"][r], x, tolerance).any() for name, x in learned.items())


def all_updates(updates: Any) -> dict[str, Array]:
    """Return each network's weights after every update, stacked."""
    return {k: np.asarray(v) for k, v in stacked(list(updates)).items()}


def as_after(updates: Mapping[str, Array]) -> dict[str, Array]:
    """Return the same under the names that they have in a case."""
    return {f"{name}_after": x for name, x in updates.items()}


def of_record(batches: Mapping[str, Array], r: int) -> dict[str, Array]:
    """Return the batches of one recorded agent."""
    return {name: x[r] for name, x in batches.items()}
