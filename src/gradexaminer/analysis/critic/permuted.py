"""Labels whose rewards, masks or values are those of other rows of the same batch.

A part of the batch that was shuffled fits no formula row by row. What the gradient leaves for that part does: solved
for the reward, each row gives the reward of another one; solved for the value, the value of another one; and solved for
the mask, 0 or 1. All rows have to agree to about four digits, which no wrong formula does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import Evidence, Label

CLOSE = 2e-4  # of the deviation of what is compared
FEWEST = 6  # rows that have to agree; one does by chance about once in a hundred times
FEWEST_FROM_ELSEWHERE = 0.5  # share of them whose part is not the row's own
USUAL = (1.0, 2.0)  # factors of Q - y: of half the square and of the square, divided by the number of rows
PARTS = {  # what a label may mix up, and how it is said
    "rewards": "each row's reward is that of another row of its batch",
    "values": "each row bootstraps the value of another row of its batch",
    "masks": "the batch's flags stand in another order than its states",
}

Solve = Callable[[Evidence, np.ndarray, float, np.ndarray, np.ndarray], bool]


def permuted_forms(e: Evidence, candidates: list[Candidate], rows: np.ndarray) -> Iterator[Label]:
    """Right labels of which one part was shuffled within the batch; `rows` are those in which the loss is a square."""
    if e.later or rows.sum() < FEWEST:
        return
    live = 1 - e.terminated
    right = [c for c in candidates if not c.fault and c.asked.all()]
    for c, gamma in product(right, dict.fromkeys(e.gammas[:2])):
        for part, solve in SOLUTIONS.items():
            for scale in _scales(e, part, gamma, live * c.value):
                if solve(e, e.q - e.g / scale, gamma, c.value, rows):
                    yield _label(e, c, gamma, scale, part)
                    break


def _scales(e: Evidence, part: str, gamma: float, masked: np.ndarray) -> Iterator[float]:
    """Factors of Q - y to try: a shuffle keeps sums, so that the sum over the batch gives one; and the usual ones."""
    error = float((e.q - e.reward - gamma * masked).sum())
    if part != "masks" and error and e.g.sum() / error > 0:
        yield float(e.g.sum()) / error
    yield from (factor / e.over for factor in USUAL)
    yield float(np.abs(e.g).max())  # Huber's loss whose bend is at 1


def _rewards(e: Evidence, label: np.ndarray, gamma: float, value: np.ndarray, rows: np.ndarray) -> bool:
    return _from_elsewhere(label - gamma * (1 - e.terminated) * value, e.reward, rows)


def _values(e: Evidence, label: np.ndarray, gamma: float, value: np.ndarray, rows: np.ndarray) -> bool:
    """Values alone, or values with their masks."""
    live = 1 - e.terminated
    masked = _from_elsewhere((label - e.reward) / gamma, live * value, rows)
    return masked or (
        bool(np.all(_near(label - e.reward, np.zeros(1), value)[rows & (live == 0)]))
        and _from_elsewhere((label - e.reward) / gamma, value, rows & (live > 0))
    )


def _masks(e: Evidence, label: np.ndarray, gamma: float, value: np.ndarray, rows: np.ndarray) -> bool:
    """Each row's mask is 0 or 1, not the row's own, and as often 1 as it should be; Huber's far rows may be either."""
    mask = (label - e.reward) / np.where(np.abs(value) > CLOSE, gamma * value, np.nan)
    far = np.abs((mask - np.round(mask)) * value)
    known = rows & np.isfinite(mask)
    m = np.round(mask)[known]
    if known.sum() < FEWEST or (far[known] > CLOSE * max(value.std(), 1e-9)).any() or not np.isin(m, (0, 1)).all():
        return False
    missing = (1 - e.terminated).sum() - m.sum()
    dropped = known & (np.round(mask) < 1 - e.terminated)
    if not (m > (1 - e.terminated)[known]).any() and _of_one_sign(value, dropped, known & (e.terminated == 0)):
        return False
    return bool(0 <= missing <= (~known).sum() and (m != (1 - e.terminated)[known]).any() and 0 < m.sum() < len(m))


def _of_one_sign(value: np.ndarray, dropped: np.ndarray, live: np.ndarray) -> bool:
    """Whether exactly the negative values were dropped, or exactly the positive ones: a bound, and no other order."""
    return bool(np.array_equal(dropped, live & (value < 0)) or np.array_equal(dropped, live & (value > 0)))


def _near(x: np.ndarray, known: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Which entries of `x` are among `known`, to a small part of the deviation of `like`."""
    ordered = np.sort(known)
    after = np.clip(np.searchsorted(ordered, x), 1 if len(ordered) > 1 else 0, len(ordered) - 1)
    far = np.minimum(np.abs(ordered[after] - x), np.abs(ordered[after - 1] - x))
    return np.asarray(far <= CLOSE * max(float(like.std()), 1e-9))


def _from_elsewhere(x: np.ndarray, own: np.ndarray, rows: np.ndarray) -> bool:
    """Whether every row has a number that is some row's, and most have not their own."""
    if rows.sum() < FEWEST:
        return False
    moved = np.abs(x - own) > CLOSE * max(float(own.std()), 1e-9)
    return bool(_near(x, own, own)[rows].all() and moved[rows].mean() >= FEWEST_FROM_ELSEWHERE)


SOLUTIONS: dict[str, Solve] = {"rewards": _rewards, "values": _values, "masks": _masks}


def _label(e: Evidence, candidate: Candidate, gamma: float, scale: float, part: str) -> Label:
    return Label(
        candidate=candidate,
        mask="live",
        reward="plain",
        scale=scale * e.over,
        gamma=gamma,
        reward_scale=1.0,
        entropy=0.0,
        entropy_of="",
        intercept=0.0,
        loss="squared",
        bend=float("nan"),
        mixed=part,
    )
