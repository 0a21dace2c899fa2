"""The formula behind recovered gradients: which label, which mask, which loss, and the factor in front of the error.

Any mean, sum, half or double of a squared error is the same step but for its length, and a Huber loss is allowed, so
gradients are first brought to the form Q - y. What no formula here explains is not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from gradschool.core.exercise import AnswerUnusable
from gradschool.core.numerics import Array

EXACT = 1e-6  # relative residual of a formula that explains a gradient
PRESENT = 1e-4  # share of the gradient that Q's own part must have, for it to be an error at all
SPARE = 2  # rows more than unknowns
BENDS = (0.1, 100.0)  # of the Huber losses that are recognized
ONE_FOR_ALL = "each row has the same gradient, as where errors are averaged before they are squared"


@dataclass(frozen=True)
class Rows:
    """What labels are made of, for the B rows of a batch; P of its pairs of state and action are distinct.

    ``pairs`` (P, B) is 1 where a row belongs to a pair: a pair that occurs twice learns from the sum of its errors.
    ``values`` are the values that a label may bootstrap from, (B,) each; the first is the one asked for, and the first
    ``right`` of them are right. ``divisor`` is the number of outputs that a mean may also be divided by.
    """

    pairs: Array
    q: Array
    reward: Array
    terminated: Array
    truncated: Array
    gamma: float
    values: Mapping[str, Array]
    right: int = 1
    divisor: int = 1

    @property
    def live(self) -> Array:
        """1 where the next state counts."""
        return 1.0 - self.terminated

    def errors(self, value: str) -> Array:
        """Q - y of each row with this value in the label, (B,)."""
        found: Array = self.q - self.reward - self.gamma * self.live * self.values[value]
        return found

    @property
    def asked(self) -> Array:
        """The sum of Q - y for each pair, (P,), with the label that is asked for."""
        found: Array = self.pairs @ self.errors(next(iter(self.values)))
        return found

    @property
    def factors(self) -> tuple[float, ...]:
        """The factors in front of Q - y that a mean or a sum, a half or none leave."""
        rows, outputs = self.pairs.shape[1], self.divisor
        return tuple(c / n for c in (1.0, 2.0, 0.5) for n in (rows, 1, rows * outputs))


@dataclass(frozen=True)
class Formula:
    """An explanation of gradients: the errors (P,) in units of Q, and in words what they are.

    ``factor`` stands in front of Q - y where a right loss explains them, and is 0 elsewhere.
    """

    errors: Array
    words: str
    right: bool
    factor: float = 0.0


def errors_of_second(first: Formula, second: Formula) -> Array:
    """Return the errors of the second of two calls with one optimizer, in the units of the first.

    A mean and a sum, a half and none are all right, and a loss has one of them in every call. Where its factor changes,
    the step size has.
    """
    known = first.right and second.right and first.factor and second.factor
    return second.errors * (second.factor / first.factor) if known else second.errors


def explain(g: Array, rows: Rows) -> Formula | None:
    """Return the formula that explains the gradients g (P,) at the outputs of the actions taken.

    Returns
    -------
    Formula or None
        None where no known formula does. With too few rows to tell, the errors of a mean of half squares.
    """
    doubtful: Formula | None = None
    for name in list(rows.values)[: rows.right]:
        loss = _loss(g, rows, rows.errors(name))
        if loss is None:
            continue
        found = Formula(rows.asked, f"{loss.words}, {name}, gamma {rows.gamma:g}", right=True, factor=loss.factor)
        if loss.at_bend != 1:
            return found
        doubtful = doubtful or found
    if len(g) < 4 + SPARE:
        return doubtful or Formula(g * rows.pairs.shape[1], "too few rows to tell the formula", right=False)
    return _linear(g, rows) or doubtful or _bent(g, rows)


def unexplained(g: Array, rows: Rows) -> Formula:
    """Return gradients g (P,) that no formula explains as errors: those of a mean of half squares.

    Raises
    ------
    AnswerUnusable
        If every row has the same gradient: it learns nothing from its batch, and earns nothing for its form.
    """
    if is_one_for_all(g, rows.pairs.sum(axis=1)):
        raise AnswerUnusable(ONE_FOR_ALL)
    return Formula(g * rows.pairs.shape[1], "no known formula", right=False)


def is_one_for_all(g: Array, counts: Array) -> bool:
    """Return whether gradients (P,) or (P, A) are the same for each of the ``counts`` (P,) rows that they sum up."""
    each = g / counts.reshape(-1, *(1,) * (g.ndim - 1))
    return len(g) >= 4 and bool(np.ptp(each, axis=0).max() <= EXACT * np.abs(each).max())


class _Loss(NamedTuple):
    """A loss in words, the factor in front of its slope, and how many pairs lie beyond a Huber loss's bend.

    A bend that one pair alone lies beyond is taken from its gradient, so it explains whatever is wrong with that pair:
    a wrong label that explains all pairs is the better explanation.
    """

    words: str
    factor: float
    at_bend: int = 0


def _loss(g: Array, rows: Rows, errors: Array) -> _Loss | None:
    """Return the loss under which these errors (B,) have the gradients g; None if there is none."""
    for c in rows.factors:
        if _same(g / c, rows.pairs @ errors, rows):
            return _Loss(f"squared error (factor {_factor(c, rows)})", c)
    for c in rows.factors:
        for bend in np.unique(np.abs(g) / c):
            if BENDS[0] <= bend <= BENDS[1] and _same(g / c, rows.pairs @ np.clip(errors, -bend, bend), rows):
                beyond = int((rows.pairs @ (np.abs(errors) > bend) > 0).sum())
                return _Loss(f"Huber loss (bend at {bend:.3g}, factor {_factor(c, rows)})", c, beyond)
    return None


def _factor(c: float, rows: Rows) -> str:
    n = rows.pairs.shape[1]
    return next((f"{k:g}/B" for k in (0.5, 1.0, 2.0) if np.isclose(c, k / n, rtol=EXACT)), f"{c:.4g}")


def _same(x: Array, y: Array, rows: Rows) -> bool:
    """Whether two errors agree, beside the size of the numbers that they are differences of."""
    size = max(float(np.abs(part).max()) for part in (y, rows.q, rows.reward))
    return bool(np.abs(x - y).max() <= EXACT * size)


MASKS = (
    "unless terminated",
    "unless terminated or truncated",
    "in every row",
    "in terminated rows",
    "unless truncated",
    "times 1 - terminated - truncated",
    "unless the first row of the batch is terminated",
    "unless any row of the batch is terminated",
)


def _masks(rows: Rows) -> dict[str, Array]:
    """Where a label may bootstrap, (B,) each."""
    end, cut = rows.terminated, rows.truncated
    one = np.ones_like(end)
    masks = (
        1 - end,
        (1 - end) * (1 - cut),
        one,
        end,
        1 - cut,
        1 - end - cut,
        one - end[:1],
        one - end.max(initial=0.0),
    )
    return dict(zip(MASKS, masks, strict=True))


def _rewards(rows: Rows) -> dict[str, Array]:
    return {
        "r": rows.reward,
        "r unless terminated": rows.reward * rows.live,
        "r clipped to [-1, 1]": np.clip(rows.reward, -1, 1),
        "the sign of r": np.sign(rows.reward),
    }


class Label(NamedTuple):
    """What a label may be made of: its reward and its value, masked, in words and as numbers (B,)."""

    reward: str
    value: str
    rewards: Array
    masked: Array

    @property
    def words(self) -> str:
        """The label without its factors."""
        return self.value if self.reward == "r" else f"{self.value}, {self.reward}"


def labels_of(rows: Rows) -> list[Label]:
    """Every label that is known, the plainest first."""
    return [
        Label(what, f"{name} {where}", reward, mask * value)
        for (what, reward), (where, mask), (name, value) in product(
            _rewards(rows).items(), _masks(rows).items(), rows.values.items()
        )
    ]


def fitting_labels(g: Array, rows: Rows, labels: list[Label]) -> Iterator[tuple[int, Array]]:
    """Yield which labels the gradients are a straight line in, with its columns: Q, reward, value, and perhaps 1."""
    reward, value = np.array([x.rewards for x in labels]), np.array([x.masked for x in labels])
    q, one = (np.broadcast_to(x, reward.shape) for x in (rows.q, np.ones_like(rows.q)))
    done: set[int] = set()
    for more in ([], [one]):
        tables = rows.pairs @ np.stack([q, reward, value, *more], axis=-1)  # (K, P, columns)
        basis = np.linalg.qr(tables)[0]
        left = np.linalg.norm(g - (basis @ (g @ basis)[..., None])[..., 0], axis=1)
        fits = {int(k) for k in np.flatnonzero(left <= EXACT * np.linalg.norm(g))} - done
        yield from ((k, tables[k]) for k in sorted(fits))
        done |= fits


def _linear(g: Array, rows: Rows) -> Formula | None:
    """Gradients that are a straight line in Q, in the reward and in a value, whatever their factors."""
    labels = labels_of(rows)
    found = (_formula(g, rows, table, labels[k].words) for k, table in fitting_labels(g, rows, labels))
    return next((formula for formula in found if formula is not None), None)


def _formula(g: Array, rows: Rows, table: Array, name: str) -> Formula | None:
    """The formula of a fit that leaves nothing over; None where Q itself has no part in it."""
    size = np.where(np.any(table, axis=0), np.linalg.norm(table, axis=0), 1.0)
    found = np.linalg.lstsq(table / size, g, rcond=1e-9)[0]
    if abs(found[0]) <= PRESENT * np.linalg.norm(g):  # of no gradient at all, too
        return None
    c = found / size
    known = any(np.isclose(abs(c[0]), f, rtol=EXACT) for f in rows.factors)
    errors = g / abs(c[0]) if known else g * rows.pairs.shape[1]
    r, v, *more = (round(-x / c[0], 6) + 0.0 for x in c[1:])
    constant = "".join(f" + {_constant(x, rows)}" for x in more if x)
    return Formula(errors, f"{name}: y = {r:.3g} r + {v:.3g} v{constant}", right=False)


def _constant(x: float, rows: Rows) -> str:
    """What is added to every row's label: of a broadcast, the mean of all rows' rewards."""
    return "the mean reward of the batch" if abs(x - rows.reward.mean()) < 1e-5 * (1 + abs(x)) else f"{x:.3g}"


def _bent(g: Array, rows: Rows) -> Formula | None:
    """A Huber loss, or an error clipped inside the square, both at 1, on any label."""
    labels = labels_of(rows)
    reward, value = np.array([x.rewards for x in labels]), np.array([x.masked for x in labels])
    for gamma in (rows.gamma, 1.0, 0.0):
        errors = rows.q - reward - gamma * value
        inside = np.where(np.abs(errors) < 1.0, errors, 0.0)
        for loss, seen in (("Huber loss", np.clip(errors, -1, 1)), ("error clipped inside the square", inside)):
            sums = seen @ rows.pairs.T
            for c in rows.factors:
                off = np.abs(g / c - sums).max(axis=1)
                for k in np.flatnonzero(off <= EXACT * np.maximum(np.abs(sums).max(axis=1), EXACT))[:1]:
                    errors_of_pairs = sums[k] if loss != "Huber loss" else errors[k] @ rows.pairs.T
                    return Formula(errors_of_pairs, f"{loss}, {labels[k].words}", right=False)
    return None
