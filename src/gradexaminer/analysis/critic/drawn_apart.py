"""Batches whose parts were drawn from the buffer one by one: states, actions, rewards and next states of other steps.

Each row then has a reward, an action and a next state of some other transition. Row by row no formula holds; but what
the gradient leaves for the reward, once the value of the next state is taken away that stands in the row's place, is
one of the rewards that were ever stored, to about four digits and in every row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.tables import Table, tables, tables_of_other_rows
from gradexaminer.analysis.update.applied import climbs
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Update

CLOSE = 1e-4  # of the rewards' deviation
FEWEST = 8  # rows in which the loss is a square; one agrees by chance about once in ten times
FEWEST_UPDATES = 2
FEWEST_FROM_ELSEWHERE = 0.5  # share of the rows whose reward is not their own
FACTORS = (2.0, 1.0, -2.0, -1.0)  # of Q - y, times the number of rows
AT_MOST = 1e-5  # share of the largest gradient below which another one counts as 0
USUAL = (0.99, 0.95, 0.9, 0.98)


def say_drawn_apart(seen: Observed, view: CriticView, online: frozenset[int], report: Report) -> bool:
    """Say it where all updates show it, and whether they do."""
    factors = [x for x in (_factor(seen, *row, online) for row in view.rows) if x is not None]
    if len(factors) < FEWEST_UPDATES or not all(factors):
        return False
    told = "each row's reward and next state are those of other transitions, as where they are drawn one by one"
    report.add(FAULT, "rows-misaligned", view.name, told)
    up = climbs(*view.rows[0][:2])
    if (float(np.median(factors)) < 0) != up:
        how = ", and the step climbs" if up else ""
        report.add(FAULT, "ascent", view.name, f"d loss / d Q is {np.median(factors):.3g} (Q - y) / B{how}")
    return True


def _factor(
    seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int]
) -> float | None:
    """The factor of Q - y with which rewards of other transitions explain every row; 0 where none does.

    None where too few rows tell, as where most are far out on Huber's loss.
    """
    size = np.abs(rows.gradients)
    if ((size > AT_MOST * size.max()).sum(axis=1) > 1).any():
        return 0.0
    n, column = len(rows.index), size.argmax(axis=1)
    g, q = rows.gradients[np.arange(n), column], rows.values[np.arange(n), column]
    inside = np.abs(g) < size.max() * (1 - 1e-6)  # Huber's far rows have all the same gradient
    if inside.sum() < FEWEST:
        return None
    stored = np.sort([t.reward for t in seen.transitions.values()])
    own = np.array([seen.transitions[int(i)].reward for i in rows.index])
    said = tables_of_other_rows(seen, update, backward.time, rows.index, online)
    given = tables(seen, update, backward.time, rows.index, online)
    said += [t for t in given if t.end == NEXT and np.isfinite(t.values).all()]
    gammas = dict.fromkeys((*seen.found.settings.get("gamma", ()), *USUAL))
    for factor, gamma, value in product(FACTORS, gammas, list(_values(said))):
        y = q - g * n / factor
        if _are_rewards(y, gamma * value, stored, own, inside):
            return float(factor)
    return 0.0


def _values(said: list[Table]) -> Iterator[np.ndarray]:
    """What a label may hold of the next states, row by row as the network was asked about them."""
    for t in said:
        yield t.values.max(axis=1)
    for a, b in combinations([t for t in said if t.values.shape[1] == 1], 2):
        yield np.minimum(a.values, b.values)[:, 0]
    for value, chooser in permutations(said, 2):
        if value.values.shape == chooser.values.shape and value.values.shape[1] > 1:
            yield value.values[np.arange(len(value.values)), chooser.values.argmax(axis=1)]


def _are_rewards(y: np.ndarray, v: np.ndarray, stored: np.ndarray, own: np.ndarray, inside: np.ndarray) -> bool:
    """Whether each label is a stored reward, with or without the value, and most are not their row's own."""
    room = CLOSE * float(stored.std())
    ended, live = _far(y, stored) < room, _far(y - v, stored) < room
    elsewhere = np.minimum(np.abs(y - own), np.abs(y - v - own)) > room
    return bool(
        live[inside].sum() > 1 and (ended | live)[inside].all() and elsewhere[inside].mean() > FEWEST_FROM_ELSEWHERE
    )


def _far(x: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """How far each number is from the nearest of some that are in order."""
    after = np.clip(np.searchsorted(ordered, x), 1, len(ordered) - 1)
    return np.asarray(np.minimum(np.abs(ordered[after] - x), np.abs(ordered[after - 1] - x)))
