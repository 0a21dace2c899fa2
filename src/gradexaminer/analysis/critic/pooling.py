"""Several updates explained as one, where a batch has too few rows for a fit, or a single one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import Evidence

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.trace import Backward, Update

FEW = 20  # rows; a batch that is smaller is put together with others
ENOUGH = 32  # rows that are put together

Recorded = tuple["Update", "Backward", "ValueRows"]


def pools(recorded: list[Recorded]) -> list[list[Recorded]]:
    """The updates one by one; those with few rows in groups that have enough of them."""
    if any(len(rows.index) >= FEW for _, _, rows in recorded):
        return [[x] for x in recorded]
    groups: list[list[Recorded]] = [[]]
    for x in recorded:
        if sum(len(rows.index) for _, _, rows in groups[-1]) >= ENOUGH:
            groups.append([])
        groups[-1].append(x)
    whole = [g for g in groups if sum(len(rows.index) for _, _, rows in g) >= ENOUGH]
    return whole or groups


def pooled_evidence(parts: list[Evidence]) -> Evidence:
    """The rows of several updates below each other. Their losses have the same reduction, or no fit holds."""
    if len(parts) == 1:
        return parts[0]

    def all_of(name: str) -> np.ndarray:
        return np.concatenate([getattr(e, name) for e in parts])

    sizes = [len(e.g) for e in parts]
    named = {name: all_of(name) for name in ("g", "q", "reward", "terminated", "truncated")}
    steps = max(e.steps for e in parts)
    nothing = [np.zeros_like(e.g) for e in parts]
    later = tuple(
        np.concatenate([e.later[k] if k < len(e.later) else none for e, none in zip(parts, nothing, strict=True)])
        for k in range(steps - 1)
    )
    beside, ended = (
        tuple(np.concatenate(x) for x in zip(*(getattr(e, name) for e in parts), strict=False))
        for name in ("beside", "ended")
    )
    weights = tuple(np.concatenate(x) for x in zip(*(e.weights for e in parts), strict=False))
    batch = max(set(sizes), key=sizes.count)
    gammas = parts[0].gammas
    return Evidence(**named, gammas=gammas, batch=batch, later=later, beside=beside, ended=ended, weights=weights)


def pooled_candidates(parts: list[list[Candidate]]) -> list[Candidate]:
    """Values of the same name below each other; rows of updates that lack one were not asked about."""
    if len(parts) == 1:
        return parts[0]
    sizes = [len(given[0].value) if given else 0 for given in parts]
    by_name = [{c.name: c for c in given} for given in parts]
    names = dict.fromkeys(name for given in parts for name in (c.name for c in given))
    return [_joined([given.get(name) for given in by_name], sizes) for name in names]


def _joined(parts: list[Candidate | None], sizes: list[int]) -> Candidate:
    pairs = list(zip(parts, sizes, strict=True))
    first = next(c for c in parts if c is not None)
    entropies = {name: [c.entropy.get(name) for c in parts if c is not None] for name in first.entropy}
    whole = all(c is not None for c in parts)
    return replace(
        first,
        value=np.concatenate([np.zeros(n) if c is None else c.value for c, n in pairs]),
        asked=np.concatenate([np.zeros(n, bool) if c is None else c.asked for c, n in pairs]),
        entropy={
            name: np.concatenate([x for x in xs if x is not None])
            for name, xs in entropies.items()
            if whole and all(x is not None for x in xs)
        },
    )
