"""The label that explains the gradient at the critic's outputs.

`g = d loss / d Q` is fitted by least squares on Q, the reward and the bootstrapped value. An exact fit gives the loss's
reduction, gamma and reward scale at once, and says which mask and which value were used. The right forms come first;
then one departure from them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradexaminer.analysis import candidates as candidates_of
from gradexaminer.analysis.candidates import Candidate
from gradexaminer.analysis.fits import Fit, fit, saturated

NOTHING = 1e-4  # of Q's factor: a bootstrapped value with a smaller one is not there
FEWEST_LIVE = 6  # rows whose bootstrap counts; below that, nothing is said


@dataclass(frozen=True)
class Evidence:
    """One critic's rows of one update.

    Attributes
    ----------
    g, q : ndarray of shape (B,)
        d loss / d Q, and Q, of the action taken.
    reward : ndarray of shape (B,)
    terminated, truncated : ndarray of shape (B,), 0 or 1
    gammas : tuple of float
        Discounts to try where gamma cannot be fitted.
    batch : int
        Rows of one loss; 0 for all of these.
    """

    g: np.ndarray
    q: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    gammas: tuple[float, ...] = (0.99,)
    batch: int = 0

    @property
    def over(self) -> int:
        """Rows of one loss."""
        return self.batch or len(self.g)


@dataclass(frozen=True)
class Label:
    """An explanation of the gradient that leaves nothing over.

    Attributes
    ----------
    candidate : Candidate or None
        What it bootstraps from; None where it does not.
    mask : str
        Where: `live` (not terminated), `live or cut` (neither terminated nor truncated), `all`, `done`.
    reward : str
        `plain`, or what was done to it.
    scale : float
        The factor of Q - y, times the number of rows: 2 for the mean of squares, 1 for half of it.
    gamma, reward_scale, entropy, intercept : float
    loss : str
        `squared`, or `Huber` where rows saturate.
    bend : float
        Error at which Huber's loss becomes linear; NaN for a squared loss.
    """

    candidate: Candidate | None
    mask: str
    reward: str
    scale: float
    gamma: float
    reward_scale: float
    entropy: float
    entropy_of: str
    intercept: float
    loss: str
    bend: float
    mixed: str = ""

    @property
    def weighted(self) -> bool:
        """Whether each row has a weight of its own."""
        return self.loss == "weighted"

    @property
    def curved(self) -> bool:
        """Whether gamma was assumed, because the loss does not let it be fitted."""
        return self.loss in {*CURVES, "weighted"}

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What must agree from update to update."""
        return (self.candidate.name if self.candidate else "", self.mask, self.reward, self.entropy_of, self.mixed)


MASKS: dict[str, Callable[[Evidence], np.ndarray]] = {
    "live": lambda e: 1 - e.terminated,
    "live or cut": lambda e: (1 - e.terminated) * (1 - e.truncated),
    "all": lambda e: np.ones_like(e.reward),
    "done": lambda e: e.terminated,
}

REWARDS: dict[str, Callable[[Evidence], dict[str, np.ndarray]]] = {
    "plain": lambda e: {"r": e.reward},
    "clipped": lambda e: {"r": np.clip(e.reward, -1, 1)},
    "sign": lambda e: {"r": np.sign(e.reward)},
    "masked": lambda e: {"r": e.reward * (1 - e.terminated)},
    "replaced at the end": lambda e: {"r": e.reward * (1 - e.terminated), "end": e.terminated},
    "shifted": lambda e: {"r": e.reward, "1": np.ones_like(e.reward)},
    "shifted at the end": lambda e: {"r": e.reward, "end": e.terminated},
}


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
    return [label for label in _curved_forms(e, candidates) if label is not None]


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
    columns = {"q": e.q, **REWARDS[reward](e), "v": m * candidate.value}
    for name, log_prob in ({"": None} | candidate.entropy).items():
        if entropies is not None and name not in entropies:
            continue
        more = {} if log_prob is None else {"entropy": m * log_prob}
        f = fit(e.g, columns | more, rows)
        if f.exact and abs(f.coefficients["v"]) > NOTHING * abs(f.coefficients["q"]) > 0:
            return _label(e, candidate, mask, reward, f, flat, entropy_of=name)
    return None


def _without_bootstrap(e: Evidence, rows: np.ndarray, flat: np.ndarray) -> Label | None:
    f = fit(e.g, {"q": e.q, "r": e.reward}, rows)
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
    )


def _curved_forms(e: Evidence, candidates: list[Candidate]) -> Iterator[Label | None]:
    """Losses whose gradient is no straight line in the error; gamma is one of a few, since it cannot be fitted."""
    live = MASKS["live"](e)
    for candidate in [c for c in candidates if not c.fault]:
        if (~candidate.asked & (live > 0)).any():
            continue
        for gamma in e.gammas:
            y = e.reward + gamma * live * candidate.value
            for name, shape in CURVES.items():
                f = fit(e.g, {"q": shape(e.q, y)}, np.ones(len(e.g), bool))
                if f.exact:
                    yield _curved(e, candidate, gamma, name, f)
            if _weights(e.g, e.q - y):
                yield _curved(e, candidate, gamma, "weighted", Fit({"q": 1 / e.over}, 0.0))


def _errors(q: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(q[:, None] - y[None, :])


CURVES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "broadcast": lambda q, y: np.clip(_errors(q, y), -1, 1).sum(axis=1),
    "clipped inside the square": lambda q, y: (q - y) * (np.abs(q - y) < 1),
    "absolute": lambda q, y: np.sign(q - y),
    "log cosh": lambda q, y: np.tanh(q - y),
}
MOST_SPREAD = 1e3  # between the largest and the smallest weight of a row


def _weights(g: np.ndarray, error: np.ndarray) -> bool:
    """Whether the gradient is the error, or its sign, times a positive weight of each row's own."""
    ratio = g / np.where(np.abs(error) < 1e-9, np.nan, error)
    ratio = ratio[np.isfinite(ratio)]
    return len(ratio) >= 12 and bool((ratio > 0).all()) and float(ratio.max() / ratio.min()) < MOST_SPREAD


def _curved(e: Evidence, candidate: Candidate, gamma: float, name: str, f: Fit) -> Label:
    return Label(
        candidate=candidate,
        mask="live",
        reward="plain",
        scale=f.coefficients["q"] * e.over,
        gamma=gamma,
        reward_scale=1.0,
        entropy=0.0,
        entropy_of="",
        intercept=0.0,
        loss=name,
        bend=1.0,
        mixed="label" if name == "broadcast" else "",
    )
