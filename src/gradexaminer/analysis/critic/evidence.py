"""One critic's rows as numbers, and what explains them: a label, its mask, its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate

UNMASKED = "entropy in terminated rows"  # what a label may mix that rows of their own do not hold


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
    later : tuple of ndarray of shape (B,)
        Of labels over several steps: the second reward, the third, and so on; 0 where the episode had ended.
    beside : tuple of ndarray of shape (B,)
        Rewards of the transitions before and after these.
    ended : tuple of ndarray of shape (B,), 0 or 1
        Whether the transitions before and after these were terminated.
    weights : tuple of ndarray of shape (B,)
        What the loss was multiplied by that has one positive number for each of these rows.
    """

    g: np.ndarray
    q: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    gammas: tuple[float, ...] = (0.99,)
    batch: int = 0
    later: tuple[np.ndarray, ...] = ()
    beside: tuple[np.ndarray, ...] = ()
    ended: tuple[np.ndarray, ...] = ()
    weights: tuple[np.ndarray, ...] = ()

    @property
    def rewards(self) -> dict[str, np.ndarray]:
        """The later rewards as columns of a fit."""
        return {f"r{k}": x for k, x in enumerate(self.later, 1)}

    @property
    def steps(self) -> int:
        """Over how many steps the label goes."""
        return 1 + len(self.later)

    def total(self, gamma: float) -> np.ndarray:
        """The discounted rewards of each row."""
        parts = [gamma**k * x for k, x in enumerate((self.reward, *self.later))]
        total: np.ndarray = np.sum(parts, axis=0, dtype=float)
        return total

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
    certain : bool
        False where rows have weights and too few of them share one: then it is only the usual label.
    later : tuple of float
        Factors of the second reward, the third, and so on.
    live : float
        The share of rows that are not terminated.
    unmasked : int
        Of a label that is mixed over the batch: 1 where its mean holds the values of terminated rows, -1 where it does
        not, 0 where that cannot be told.
    clamped : float
        The bound that some rows' labels are held at; NaN where there is none.
    gamma_error : float
        The standard error of `gamma`.
    silent : bool
        Whether it bootstraps from nothing while the values that it might bootstrap from are all 0: it would then be the
        same with them.
    level : bool
        Whether one number for all rows explains the gradient nearly as well: the values hardly differ from row to row.
    divided : bool
        Whether the gradient was divided by weights of rows that the loss was seen to be multiplied by.
    temperatures : tuple of float
        What the temperature may have been, as far as a learned number tells: in this update, and in the one before.
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
    later: tuple[float, ...] = ()
    certain: bool = True
    live: float = 1.0
    unmasked: int = 0
    clamped: float = float("nan")
    gamma_error: float = 0.0
    silent: bool = False
    level: bool = False
    divided: bool = False
    temperatures: tuple[float, ...] = ()

    @property
    def steps(self) -> int:
        """Over how many steps it goes."""
        return 1 + len(self.later)

    @property
    def weighted(self) -> bool:
        """Whether each row has a weight of its own."""
        return self.divided or self.loss.startswith("weighted")

    @property
    def curved(self) -> bool:
        """Whether gamma was assumed, because the loss does not let it be fitted."""
        return self.loss not in {"squared", "Huber"}

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What must agree from update to update."""
        return (self.candidate.name if self.candidate else "", self.mask, self.reward, self.entropy_of, self.mixed)


def are_one_temperature(found: list[Label], alphas: np.ndarray, same: float) -> bool:
    """Whether factors of log pi are one number in all updates, or one multiple of the temperature that is learned.

    Before the first update nothing is known of the temperature.
    """
    known = [x.temperatures for x in found]
    ways = list(map(np.array, zip(*known, strict=True))) if all(known) else []
    for way in (np.ones(len(found)), *ways):
        told = np.isfinite(way) & (way != 0)
        ratios = alphas[told] / way[told]
        if told.sum() >= len(found) - 1 and np.ptp(ratios) <= same * np.abs(ratios).max():
            return True
    return False


MASKS: dict[str, Callable[[Evidence], np.ndarray]] = {
    "live": lambda e: 1 - e.terminated,
    "live or cut": lambda e: (1 - e.terminated) * (1 - e.truncated),
    "all": lambda e: np.ones_like(e.reward),
    "done": lambda e: e.terminated,
    "live before": lambda e: 1 - e.ended[0] if e.ended else np.zeros_like(e.reward),
    "live after": lambda e: 1 - e.ended[1] if e.ended else np.zeros_like(e.reward),
    "complement": lambda e: 1 + e.terminated,
}
COMPLEMENT = "complement"  # `~done` of whole numbers, -1 and -2: with this mask, the value's factor is negative
OF_OTHER_ROWS = {"live before": "before", "live after": "after"}  # masks that belong to the transition beside

REWARDS: dict[str, Callable[[Evidence], dict[str, np.ndarray]]] = {
    "plain": lambda e: {"r": e.reward},
    "clipped": lambda e: {"r": np.clip(e.reward, -1, 1)},
    "sign": lambda e: {"r": np.sign(e.reward)},
    "masked": lambda e: {"r": e.reward * (1 - e.terminated)},
    "replaced at the end": lambda e: {"r": e.reward * (1 - e.terminated), "end": e.terminated},
    "whole": lambda e: {"r": np.trunc(e.reward)},
    "of the transition before": lambda e: {"r": e.beside[0]} if e.beside else {"r": np.full(len(e.g), np.nan)},
    "of the transition after": lambda e: {"r": e.beside[1]} if e.beside else {"r": np.full(len(e.g), np.nan)},
    "shifted": lambda e: {"r": e.reward, "1": np.ones_like(e.reward)},
    "shifted at the end": lambda e: {"r": e.reward, "end": e.terminated},
}
