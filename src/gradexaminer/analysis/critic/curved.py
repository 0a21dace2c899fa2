"""Losses whose gradient is no straight line in the error, and rows with weights of their own.

Gamma cannot be fitted then. It is one of a few: the agent's own, and the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import MASKS, Evidence, Label
from gradexaminer.analysis.reading.fits import fit


def _errors(q: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(q[:, None] - y[None, :])


FAR = "Huber with most rows beyond its bend at 1"
CURVES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "broadcast": lambda q, y: np.clip(_errors(q, y), -1, 1).sum(axis=1),
    "clipped inside the square": lambda q, y: (q - y) * (np.abs(q - y) < 1),
    FAR: lambda q, y: np.clip(q - y, -1, 1),
    "absolute": lambda q, y: np.sign(q - y),
    "log cosh": lambda q, y: np.tanh(q - y),
}
# What stands along the columns of a table of all pairs of rows, where a part of the label alone has the shape (B, 1)
# for (B,): value, mask, reward.
ALONG_COLUMNS = ("v", "vm", "r", "rm")
LARGEST_TABLE = 256  # rows
LEAST_REWARD = 1e-6  # a row with a smaller one tells no factor of the rewards
ONE_FACTOR = 1e-3  # relative difference of two factors of the rewards that are the same
MOST_SPREAD = 1e3  # between the largest and the smallest weight of a row
EQUAL = 1e-4  # relative difference of two weights that are the same
FEWEST_EQUAL = 4  # rows of the same weight that make a formula certain
FEWEST_ENDED = 5  # rows that do not bootstrap, which all have one weight, and
LARGEST_SHARE = 0.25  # of those that do, which share it by chance: then weights depend on what is bootstrapped
NO_WEIGHTS = (-1, 0.0)  # what differs between rows is no weight, whatever else may be the label
FEWEST_LIVE_EQUAL = 3  # of these, rows that bootstrap
WEIGHTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "weighted": lambda error: error,
    "weighted Huber": lambda error: np.clip(error, -1, 1),
}


def curved_forms(e: Evidence, candidates: list[Candidate]) -> Iterator[Label]:
    """Known shapes of a loss on right labels; else the label under which rows have weights."""
    yield from list(known_forms(e, candidates)) or _weighted(e, candidates)


def known_forms(e: Evidence, candidates: list[Candidate]) -> Iterator[Label]:
    """Known shapes of a loss on right labels, in all rows."""
    right = [c for c in candidates if not c.fault and not _unasked(e, c, "live")]
    everywhere = np.ones(len(e.g), bool)
    for c, gamma in product(right, e.gammas):
        for name, shape in CURVES.items():
            f = fit(e.g, {"q": shape(e.q, _label(e, c, "live", gamma))}, everywhere)
            if f.exact:
                yield _made(e, c, "live", gamma, name, f.coefficients["q"])
        yield from _broadcast_parts(e, c, gamma)
        yield from _scaled_rewards(e, c, gamma)


def _broadcast_parts(e: Evidence, c: Candidate, gamma: float) -> Iterator[Label]:
    """Huber's loss of all pairs of rows, where the value, its mask or the reward is one of the other row's."""
    if len(e.g) > LARGEST_TABLE or not c.asked.all():
        return
    parts = {"r": e.total(gamma), "m": gamma**e.steps * MASKS["live"](e), "v": c.value}
    for across in ALONG_COLUMNS:
        r, m, v = (x[None, :] if name in across else x[:, None] for name, x in parts.items())
        slopes = np.clip(e.q[:, None] - r - m * v, -1, 1).sum(axis=1)
        f = fit(e.g, {"q": slopes}, np.ones(len(e.g), bool))
        if f.exact:
            yield _made(e, c, "live", gamma, "broadcast", f.coefficients["q"])


def _scaled_rewards(e: Evidence, c: Candidate, gamma: float) -> Iterator[Label]:
    """Huber's loss with its bend at 1 on a label whose rewards have a factor: most rows are beyond the bend then.

    Each row before the bend gives the factor, and all rows have to hold with it.
    """
    slope = float(np.abs(e.g).max())
    before = (np.abs(e.g) < slope * (1 - ONE_FACTOR)) & (np.abs(e.reward) > LEAST_REWARD)
    if e.later or before.sum() < FEWEST_EQUAL:
        return
    rest = gamma * MASKS["live"](e) * c.value
    factors = ((e.q - e.g / slope - rest) / np.where(before, e.reward, 1.0))[before]
    factor = float(np.median(factors))
    if np.ptp(factors) > ONE_FACTOR * abs(factor) or abs(factor - 1) < ONE_FACTOR:
        return
    f = fit(e.g, {"q": np.clip(e.q - factor * e.reward - rest, -1, 1)}, np.ones(len(e.g), bool))
    if f.exact:
        yield replace(_made(e, c, "live", gamma, FAR, f.coefficients["q"]), reward_scale=factor)


def _unasked(e: Evidence, candidate: Candidate, mask: str) -> bool:
    return bool((~candidate.asked & (MASKS[mask](e) > 0)).any())


def _label(e: Evidence, candidate: Candidate, mask: str, gamma: float) -> np.ndarray:
    return np.asarray(e.total(gamma) + gamma**e.steps * MASKS[mask](e) * candidate.value)


def _weighted(e: Evidence, candidates: list[Candidate]) -> Iterator[Label]:
    """Labels under which each row has a positive weight, those with the most rows of equal weight.

    A batch drawn by priority has many of these: transitions that were never drawn share the largest priority. Where it
    has none, a right label whose weights are positive is all that can be said.
    """
    tried, unknown = [], False
    for candidate, mask in product(candidates, MASKS):
        if _unasked(e, candidate, mask):
            continue
        bootstraps = MASKS[mask](e) > 0
        for gamma, (name, shape) in product(e.gammas, WEIGHTED.items()):
            equal, typical = _equal_weights(e.g, shape(e.q - _label(e, candidate, mask, gamma)), bootstraps)
            unknown = unknown or (equal, typical) == NO_WEIGHTS
            if typical:
                tried.append((equal, candidate, mask, gamma, name, typical))
    most = max((equal for equal, *_ in tried), default=0)
    certain = most >= FEWEST_EQUAL
    for equal, candidate, mask, gamma, name, typical in tried:
        usual = not candidate.fault and mask == "live" and gamma == e.gammas[0] and not unknown
        if equal == most if certain else usual:
            yield replace(_made(e, candidate, mask, gamma, name, typical), certain=certain)


def _equal_weights(g: np.ndarray, error: np.ndarray, bootstraps: np.ndarray) -> tuple[int, float]:
    """How many rows share one weight, and that weight, which is 0 where these are no weights of rows.

    All are positive, and they do not depend on whether a row bootstraps. A row that was drawn twice counts once.
    Without rows that bootstrap among them, they say nothing of the value.
    """
    _, first = np.unique(g, return_index=True)
    first = first[np.abs(error[first]) > 1e-9]
    ratio = g[first] / error[first]
    if len(ratio) < 12 or ratio.min() <= 0 or ratio.max() > MOST_SPREAD * ratio.min():
        return 0, 0.0
    order = np.argsort(ratio)
    counts = np.searchsorted(ratio[order], ratio[order] * (1 + EQUAL), side="right") - np.arange(len(ratio))
    start = int(counts.argmax())
    alike = first[order[start : start + counts[start]]]
    if _stand_for_a_term(first, alike, bootstraps):
        return NO_WEIGHTS
    return (len(alike) if bootstraps[alike].sum() >= FEWEST_LIVE_EQUAL else 0), float(ratio[order[start]])


def _stand_for_a_term(rows: np.ndarray, alike: np.ndarray, bootstraps: np.ndarray) -> bool:
    """Whether all rows without a bootstrap have one weight and most others do not: their label has an unknown term."""
    ended, live = rows[~bootstraps[rows]], rows[bootstraps[rows]]
    if len(ended) < FEWEST_ENDED or not np.isin(ended, alike).all():
        return False
    return bool(np.isin(live, alike).sum() <= LARGEST_SHARE * len(live))


def _made(e: Evidence, candidate: Candidate, mask: str, gamma: float, name: str, factor: float) -> Label:
    return Label(
        candidate=candidate,
        mask=mask,
        reward="plain",
        scale=factor * e.over,
        gamma=gamma**e.steps,
        reward_scale=1.0,
        entropy=0.0,
        entropy_of="",
        intercept=0.0,
        loss=name,
        bend=1.0,
        mixed="label" if name == "broadcast" else "",
        later=tuple(gamma**k for k in range(1, e.steps)),
    )
