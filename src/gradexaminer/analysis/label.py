"""The label that explains the gradient at the critic's outputs.

`g = d loss / d Q` is fitted by least squares on Q, the reward and the bootstrapped value. An exact fit gives the loss's
reduction, gamma and reward scale at once, and says which mask and which value were used. The right forms come first;
then one departure from them at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradexaminer.analysis import candidates as candidates_of
from gradexaminer.analysis import curved
from gradexaminer.analysis.candidates import Candidate
from gradexaminer.analysis.evidence import MASKS, REWARDS, Evidence, Label
from gradexaminer.analysis.fits import Fit, fit, saturated

NOTHING = 1e-4  # of Q's factor: a bootstrapped value with a smaller one is not there
FEWEST_LIVE = 6  # rows whose bootstrap counts; below that, nothing is said


def explain(e: Evidence, candidates: list[Candidate], before: list[Label] | None = None) -> list[Label]:
    """Return every label that explains the gradients exactly, the least unusual first; empty where none does.

    What explained an earlier update of the same critic (`before`) is tried first, and nothing else if it holds again.
    """
    flat = saturated(e.g, e.q)
    everywhere = np.ones(len(e.g), bool)
    choices = [~flat, everywhere] if flat.any() else [everywhere]
    again = [x for rows in choices[:1] for x in _again(e, candidates, before or [], rows, flat) if x is not None]
    if again:
        return again
    for rows in choices:
        for forms in (_plain_forms, _mixed_forms, _departures):
            found = [label for label in forms(e, candidates, rows, flat) if label is not None]
            if found:
                return found
    return list(curved.curved_forms(e, candidates))


def _again(
    e: Evidence, candidates: list[Candidate], before: list[Label], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    by_name = {c.name: c for c in candidates}
    for x in before:
        if x.candidate is not None and not x.mixed and not x.curved and x.candidate.name in by_name:
            yield _try(e, by_name[x.candidate.name], x.mask, x.reward, rows, flat, (x.entropy_of,))


def _plain_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    for candidate in candidates:
        for mask in ("live", "live or cut"):
            yield _try(e, candidate, mask, "plain", rows, flat)
    yield _without_bootstrap(e, rows, flat)


def _departures(e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray) -> Iterator[Label | None]:
    for reward in REWARDS:
        for mask in MASKS:
            if (reward, mask) in {("plain", "live"), ("plain", "live or cut")}:
                continue
            for candidate in candidates:
                yield _try(e, candidate, mask, reward, rows, flat)
    yield _try(e, candidates_of.same_for_all(len(e.g)), "live", "plain", rows, flat)


def _mixed_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    """Rows whose labels depend on each other: only an average of the batch is left of a part."""
    one = {"1": np.ones_like(e.q), "q": e.q}
    whole = fit(e.g, one, rows)
    if whole.exact:
        yield _label(e, None, "all", "plain", whole, flat, mixed="label")
    for candidate in candidates:
        f = fit(e.g, {**one, "v": MASKS["live"](e) * candidate.value}, rows)
        if f.exact:
            yield _label(e, candidate, "live", "plain", f, flat, mixed="reward")
    f = fit(e.g, {**one, "r": e.reward}, rows)
    if f.exact:
        yield _label(e, None, "live", "plain", f, flat, mixed="bootstrap")


def _try(
    e: Evidence,
    candidate: Candidate,
    mask: str,
    reward: str,
    rows: np.ndarray,
    flat: np.ndarray,
    entropies: tuple[str, ...] | None = None,
) -> Label | None:
    m = MASKS[mask](e)
    if (~candidate.asked & (m > 0)).any() or (m * candidate.asked).sum() < FEWEST_LIVE:
        return None
    columns = {"q": e.q, **REWARDS[reward](e), **e.rewards, "v": m * candidate.value}
    for name, log_prob in ({"": None} | candidate.entropy).items():
        if entropies is not None and name not in entropies:
            continue
        more = {} if log_prob is None else {"entropy": m * log_prob}
        f = fit(e.g, columns | more, rows)
        if f.exact and abs(f.coefficients["v"]) > NOTHING * abs(f.coefficients["q"]) > 0:
            return _label(e, candidate, mask, reward, f, flat, entropy_of=name)
    return None


def _without_bootstrap(e: Evidence, rows: np.ndarray, flat: np.ndarray) -> Label | None:
    f = fit(e.g, {"q": e.q, "r": e.reward, **e.rewards}, rows)
    return _label(e, None, "live", "plain", f, flat) if f.exact else None


def _label(
    e: Evidence,
    candidate: Candidate | None,
    mask: str,
    reward: str,
    f: Fit,
    flat: np.ndarray,
    *,
    entropy_of: str = "",
    mixed: str = "",
) -> Label:
    c = f.coefficients
    scale = c["q"]
    huber = flat.any() and bool(scale)
    bend = float(np.abs(e.g).max() / abs(scale)) if huber else float("nan")
    return Label(
        candidate=candidate,
        mask=mask,
        reward=reward,
        scale=scale * e.over,
        gamma=-c.get("v", 0.0) / scale if scale else 0.0,
        reward_scale=-c.get("r", 0.0) / scale if scale else 0.0,
        entropy=c.get("entropy", 0.0) / scale if scale else 0.0,
        entropy_of=entropy_of,
        intercept=-c.get("1", c.get("end", 0.0)) / scale if scale else 0.0,
        loss="Huber" if huber else "squared",
        bend=bend,
        mixed=mixed,
        later=tuple(-c.get(name, 0.0) / scale if scale else 0.0 for name in e.rewards),
    )
