"""Actions that critics were shown beside those that are stored, and what optimizers hold and move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.memory import once

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update


@once
def online_parameters(seen: Observed) -> frozenset[int]:
    """Parameters that some optimizer's step moves."""
    return frozenset(p for u in seen.updates for s in u.steps for p, change in s.moved.items() if change > 0)


@once
def held_parameters(seen: Observed) -> frozenset[int]:
    """Parameters of every optimizer that took a step, whether or not it moved them."""
    return frozenset(p for u in seen.updates for s in u.steps for p in s.parameters)


def stored_actions(seen: Observed, index: np.ndarray) -> np.ndarray:
    """Actions of these transitions, shape (B, A); NaN where a row was not recognized."""
    known = {i: np.asarray(seen.transitions[i].action, float).reshape(-1) for i in index.tolist() if i >= 0}
    unknown = np.full(seen.spaces.action_size if seen.spaces.continuous else 1, np.nan)
    return np.array([known.get(i, unknown) for i in index.tolist()]).reshape(len(index), -1)


def are_stored(actions: np.ndarray, stored: np.ndarray) -> bool:
    """Whether actions are those that are stored, in all rows that were recognized; not where none was."""
    if actions.shape != stored.shape:
        return False
    rows = np.isfinite(stored).all(axis=1)
    return bool(rows.any() and np.allclose(actions[rows], stored[rows], atol=1e-5))


def is_affine(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether each column of `x` is that of `y`, shifted and scaled."""
    rows = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    x, y = x[rows], y[rows]
    if len(x) < 4:
        return False
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    if not np.any(a):
        return False  # one action in all rows
    slope = (a * b).sum(axis=0) / np.maximum((b * b).sum(axis=0), 1e-30)
    return bool(np.abs(a - slope * b).max() < 1e-4 * max(float(np.abs(a).max()), 1e-30))


def shown_to(seen: Observed, call: Call) -> np.ndarray | None:
    """The actions that a critic was shown beside its observations, shape (R, A)."""
    return next((x for x in call.extra if x.shape[1] == seen.spaces.action_size), None)


def climbs_output(seen: Observed, update: Update, method: str, output: int, near: float) -> bool:
    """Whether the critics of an actor's loss are all shown this output of a method as it is, asked about the states s.

    `near` is the largest difference of two equal actions.
    """
    chosen = [
        x
        for c in update.calls
        if c.keys.all_here and any(map(np.any, c.extra_gradients.values())) and (x := shown_to(seen, c)) is not None
    ]
    given = [
        c.outputs[output]
        for c in update.calls
        if c.method == method and not c.extra and c.keys.all_here and output < len(c.outputs)
    ]
    return bool(chosen) and all(
        any(x.shape == shown.shape and np.allclose(x, shown, atol=near) for x in given) for shown in chosen
    )


def chosen_ahead(seen: Observed, critic: Call) -> list[tuple[float, Call, int]]:
    """What networks returned that may be the action shown: how far it is, the call, and which of `returned`."""
    shown, index = shown_to(seen, critic), critic.keys.index
    update = next(u for u in seen.updates if critic in u.calls)
    return [
        (_distance(x, shown, is_held=i >= len(call.outputs)), call, i)
        for call in update.calls
        if shown is not None and not call.extra and call.time < critic.time and np.array_equal(call.keys.index, index)
        for i, x in enumerate(call.returned)
        if x.shape == shown.shape
    ]


def _distance(x: np.ndarray, shown: np.ndarray, *, is_held: bool) -> float:
    """How far an action is from what was returned; an object's own method may put a tanh around what it holds."""
    forms = (x, np.tanh(x)) if is_held else (x,)
    return min(float(np.sqrt(np.mean((form - shown) ** 2))) for form in forms)
