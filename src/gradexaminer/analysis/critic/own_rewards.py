"""Rewards that a script makes of what it sees, in place of its environment's: one unknown number for each row.

A row that is learned from several times, each time with other weights, has one reward. Within such rows, whose means
are subtracted, Q is a factor of the gradient plus gamma times the bootstrapped value, and no reward is left.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import MASKS, Evidence, Label
from gradexaminer.analysis.critic.pooling import pooled_candidates, pooled_evidence
from gradexaminer.analysis.reading.fits import saturated

FEWEST_AGAIN = 40  # numbers beyond the first of each row
EXACT = 1e-3  # relative residual
LEAST_PART = 1e-2  # of Q, that the gradient accounts for
TRIED = ("live", "live or cut", "all")

Learned = tuple[Evidence, list[Candidate], np.ndarray]


def labels_with_own_rewards(learned: list[Learned]) -> list[list[Label]]:
    """The label that explains all updates, whatever each row's reward is, with each mask that does; else empty.

    Each update is given as its evidence, what its labels may bootstrap from, and its rows' numbers.
    """
    e = pooled_evidence([given for given, _, _ in learned])
    index = np.concatenate([rows for _, _, rows in learned])
    kept = ~saturated(e.g, e.q)
    if e.steps > 1 or kept.sum() - len(np.unique(index[kept])) < FEWEST_AGAIN:
        return []
    candidates = pooled_candidates([given for _, given, _ in learned])
    first = next(_exact(e, candidates, index, kept), None)
    if first is None or first.candidate is None:
        return []
    alike = _exact(e, [first.candidate], index, kept)
    return [[x] * len(learned) for x in alike if x.entropy_of == first.entropy_of]


def _exact(e: Evidence, candidates: list[Candidate], index: np.ndarray, kept: np.ndarray) -> Iterator[Label]:
    g, q = _within(e.g, index, kept), _within(e.q, index, kept)
    for mask in TRIED:
        m = MASKS[mask](e)
        for c in (c for c in candidates if not (~c.asked & (m > 0)).any()):
            for name, log_pi in ({"": None} | c.entropy).items():
                more = [] if log_pi is None else [_within(m * log_pi, index, kept)]
                table = np.stack([g, _within(m * c.value, index, kept), *more], axis=1)
                found, *_ = np.linalg.lstsq(table, q, rcond=None)
                size = np.linalg.norm(q)
                apart = (
                    np.linalg.norm(found[0] * g) > LEAST_PART * size
                )  # else the value is Q itself, whatever is learned
                if np.linalg.norm(q - table @ found) < EXACT * size and apart and found[1]:
                    yield _label(e, c, mask, name, found)


def _within(x: np.ndarray, index: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Numbers of each row less their mean over the times that it was learned from."""
    _, row = np.unique(index[kept], return_inverse=True)
    means = np.bincount(row, x[kept]) / np.bincount(row)
    return np.asarray(x[kept] - means[row])


def _label(e: Evidence, c: Candidate, mask: str, entropy_of: str, found: np.ndarray) -> Label:
    """The factor of the gradient is one over that of Q - y, as g = scale / B (Q - y)."""
    return Label(
        candidate=c,
        mask=mask,
        reward="plain",
        scale=float(e.over / found[0]),
        gamma=float(found[1]),
        reward_scale=1.0,
        entropy=float(-found[2]) if entropy_of else 0.0,
        entropy_of=entropy_of,
        intercept=0.0,
        loss="squared",
        bend=float("nan"),
        live=float(1 - e.terminated.mean()),
    )
