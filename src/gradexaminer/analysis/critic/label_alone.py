"""Critics whose gradient goes through the label alone: the prediction is detached, and the label is not.

The squared error is the same number, and its gradient pulls the value of s' toward (Q(s, a) - r) / gamma. What proves
it: no trained network gets a gradient at s, and at s' it is the label's error times gamma, the error with which the
prediction should learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.fits import fit, is_constant, saturated
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

MOST_PREDICTIONS = 3  # critics beside each other whose losses share a label
SAME_FACTOR = 1e-2  # relative difference of the factors of Q and of the reward


def trained_label(seen: Observed) -> str | None:
    """Return the network that learns through its label alone, in every update; None where it is not so."""
    names = {_in_update(seen, update) for update in seen.updates}
    return names.pop() if len(names) == 1 else None


def _in_update(seen: Observed, update: Update) -> str | None:
    """Which network learns so; None where none does, or where another loss than an actor's reaches a network at s."""
    names: list[str] = []
    for backward in update.backwards:
        given = _critics(seen, update, backward.number)
        if not given:
            continue
        if all(call.keys.all_next and (call.keys.index >= 0).all() for call, _, _ in given):
            found = [_is_label_error(seen, update, backward.time, *x) for x in given]
            if False in found or True not in found:
                return None
            names += [call.network for call, _, _ in given]
        elif not all(is_constant(g) for _, _, g in given):  # an actor's loss, mean of -Q
            return None
    return names[0] if names else None


def _critics(seen: Observed, update: Update, backward: int) -> list[tuple[Call, int, np.ndarray]]:
    """The calls of critics, with the output and its gradient, that a backward pass went through."""
    return [
        (call, output, g)
        for call in update.calls
        if call.extra or not seen.spaces.continuous
        for (number, output), g in call.gradients.items()
        if number == backward and np.any(g)
    ]


def _is_label_error(
    seen: Observed, update: Update, before: int, call: Call, output: int, given: np.ndarray
) -> bool | None:
    """Whether what a row's value at s' gets is the error of its label, in all rows that have a gradient at one value.

    Of twin critics, the one with the smaller value gets the errors of both; None where it has too few rows to tell.
    """
    g, values = (x.reshape(len(call.keys.index), -1) for x in (given, call.outputs[output]))
    one = (g != 0).sum(axis=1) == 1
    if ((g != 0).sum(axis=1) > 1).any():
        return False
    column = np.abs(g).argmax(axis=1)[:, None]
    pulled, value = (np.take_along_axis(x, column, axis=1)[:, 0] for x in (g, values))
    reward = np.array([seen.transitions[int(i)].reward for i in call.keys.index])
    predicted = _predictions(seen, update, before, call, values.shape[1])
    f = fit(pulled, {"r": reward, "v": value, **predicted}, one & ~saturated(pulled, value))
    if not predicted or not f.exact:
        return None if predicted and not f.coefficients else False
    factors = [f.coefficients[name] for name in predicted]
    toward = f.coefficients["r"]
    room = SAME_FACTOR * toward
    return max(factors) < room and abs(toward + sum(factors)) < room and f.coefficients["v"] > 0


def _predictions(seen: Observed, update: Update, before: int, call: Call, width: int) -> dict[str, np.ndarray]:
    """What networks of the same width said of the same transitions at s, of the action taken; equal values once."""
    found: dict[bytes, np.ndarray] = {}
    for other in update.calls:
        here = (
            other.time < before and (other.keys.end == HERE).all() and np.array_equal(other.keys.index, call.keys.index)
        )
        for x in other.outputs if here else ():
            if x.size == width * len(call.keys.index):
                q = _of_action(seen, call, x.reshape(-1, width))
                found.setdefault(q.tobytes(), q)
    return {f"q{i}": q for i, q in enumerate(list(found.values())[:MOST_PREDICTIONS])}


def _of_action(seen: Observed, call: Call, values: np.ndarray) -> np.ndarray:
    if values.shape[1] == 1:
        return np.asarray(values[:, 0])
    taken = [int(np.asarray(seen.transitions[int(i)].action).reshape(-1)[0]) for i in call.keys.index]
    return np.asarray(values[np.arange(len(values)), taken])
