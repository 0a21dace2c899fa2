"""A target action that is another function of the target actor's output than the actor's loss shows.

Noise on it is known where the program drew it: what is left of the action is then exact, and so is the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import climbs_output, shown_to
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

CODE = "target-action-reshaped"
NEAR = 1e-5  # of the largest action: rounding
FEWEST = 20  # entries that are compared
FLAT = 0.95  # of a tanh's bound, beyond which rounding hides the number that it was taken of
INNER = 0.9  # deviations of a draw, within which no program clips its noise
NO_FACTOR = 0.01  # difference from 1 of a factor that is one
SMALLEST = 1e-3  # change of an output by a function that shows

FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "minus that output": np.negative,
    "the tanh of that output": np.tanh,
    "its absolute value": np.abs,
    "the sigmoid of that output": lambda x: 1 / (1 + np.exp(-x)),
    "the softmax of that output": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
    "that output with its entries in the opposite order": lambda x: x[:, ::-1],
    "the output of another row": lambda x: x[::-1],
    "the output of the row before": lambda x: np.roll(x, 1, axis=0),
    "the output of the row after": lambda x: np.roll(x, -1, axis=0),
    "the mean of the batch's outputs": lambda x: np.broadcast_to(x.mean(axis=0), x.shape),
    "half of that output": lambda x: x / 2,
}


def say_reshaped(seen: Observed, t: Table, report: Report) -> bool:
    """Say which function of the target actor's output a label's critic is shown, where the actor's loss shows none.

    Return whether one was found.
    """
    shown, update = shown_to(seen, t.call), next(u for u in seen.updates if t.call in u.calls)
    known = {f.code for f in report.findings if f.code.startswith("target-action")}
    if shown is None or known:  # a twin's action is the same
        return bool(known & {CODE, "target-action-units"})
    for call, i, x in _outputs(update, t.call, shown):
        if not climbs_output(seen, update, call.method, i, NEAR) or fits(update, t.call, shown, x):
            continue
        if any(_fits_inside(update, t.call, shown, x, limit) for limit in (1.0, *map(float, seen.spaces.bounds[1]))):
            report.add(
                FAULT, CODE, t.call.network, f"it is the tanh of that output with noise on it, of {call.network}"
            )
            return True
        for told, form in FORMS.items():
            changed = form(x)
            if np.abs(changed - x).max() > SMALLEST and fits(update, t.call, shown, changed):
                report.add(FAULT, CODE, t.call.network, f"it is {told}, of {call.network}")
                return True
    return False


def _outputs(update: Update, critic: Call, shown: np.ndarray) -> Iterator[tuple[Call, int, np.ndarray]]:
    """What networks returned about the next states of these rows, in the shape of an action."""
    for call in update.calls:
        if not call.extra and call.keys.all_next and np.array_equal(call.keys.index, critic.keys.index):
            yield from ((call, i, x) for i, x in enumerate(call.outputs) if x.shape == shown.shape)


def _fits_inside(update: Update, critic: Call, shown: np.ndarray, x: np.ndarray, limit: float) -> bool:
    """Whether an action is a multiple of the tanh of `x` with noise on it, where the tanh is not yet at its bounds."""
    inside = np.abs(shown) < FLAT * limit
    number = np.arctanh(np.clip(shown / limit, -FLAT, FLAT))
    return bool((np.abs(shown) <= limit).all()) and fits(update, critic, number, x, inside)


def multiple_beside_noise(update: Update, critic: Call, shown: np.ndarray, x: np.ndarray) -> float:
    """Which multiple of `x` is shown beside noise that the program drew, where nothing clamps; 0 where none, or 1."""
    if shown.shape != x.shape or float(np.ptp(x)) <= SMALLEST:
        return 0.0
    free = (shown > shown.min(axis=0)) & (shown < shown.max(axis=0))
    for drawn in (n.value.reshape(shown.shape) for n in update.noise if n.value.size == shown.size):
        inner = free & (np.abs(drawn) < INNER * float(drawn.std()))
        if inner.sum() < FEWEST:
            continue
        columns = np.stack([x[inner], drawn[inner]], axis=1)
        (factor, of_noise), *_ = np.linalg.lstsq(columns, shown[inner], rcond=None)
        exact = np.abs(columns @ (factor, of_noise) - shown[inner]).max() < NEAR * max(1.0, float(np.abs(shown).max()))
        if exact and of_noise and factor > 0 and abs(factor - 1) > NO_FACTOR:
            return float(factor)
    return 0.0


def fits(update: Update, critic: Call, shown: np.ndarray, x: np.ndarray, inside: np.ndarray | None = None) -> bool:
    """Whether an action is `x`, or `x` and a factor times what was drawn before, where nothing holds it at a bound."""
    free = (shown > shown.min(axis=0)) & (shown < shown.max(axis=0)) & (True if inside is None else inside)
    near = NEAR * max(1.0, float(np.abs(shown).max()))
    added = shown - x
    if free.sum() >= FEWEST and np.abs(added[free]).max() < near:
        return True
    drawn = [*update.noise, *(n for n in update.log_probs if n.method != "log_prob")]
    for draw in (n.value.reshape(shown.shape) for n in drawn if n.value.size == shown.size and n.time < critic.time):
        inner = free & (np.abs(draw) < INNER * float(draw.std()))
        factor = float((added * draw)[inner].sum() / max(float((draw**2)[inner].sum()), 1e-30))
        if inner.sum() >= FEWEST and factor and np.abs(added - factor * draw)[inner].max() < near:
            return True
    return False
